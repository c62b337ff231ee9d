"""Name what may go wrong at APNs and FCM, as plans: what happens, and what whoever sends pushes should make of it.

Every plan leaves a way out: when it is over, or while it lasts, each phone can be brought to what it must show. So a
token that is called dead has been replaced on its phone, and its app reports the new one.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from app.simulator.errors import SimulatorError
from app.simulator.faults import Fault
from app.simulator.fcm_reasons import FCM_REASONS, STATUS_OF_OAUTH
from app.simulator.reasons import STATUS_OF


class FaultPlan(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Describe what goes wrong, under a name.

    Args:
        what: what happens, in a sentence.
        expect: what the sender should do, in a sentence.
        faults: that which waits for requests and handshakes.
        starts_vanish: whether a start may be lost without an answer, so that phones only match if the sender may
            start again after silence.
    """

    name: str
    what: str
    expect: str
    faults: tuple[Fault, ...]
    starts_vanish: bool = False


_NEW_TOKEN = "Retire the token, and go on with the new one that the app reports."  # noqa: S105 - a sentence
_CREDENTIAL = "Pause the credential, tell the operator, probe later; lose nothing."
_OUR_BUG = "Fail the card visibly, tell the operator; try again with the next news, or in an hour."
_TOPIC = "Pause the app's pushes, tell the operator, probe later; lose nothing."
_BACK_OFF = "Try again after a random wait, with the newest state."
_AS_ASKED = "Wait as long as it asks, and try again with the newest state."
_REPEAT = "Count it as unknown: repeat an update with the newest state, start no card twice."

_EXPECTED: Mapping[str, str] = MappingProxyType(
    {
        "BadDeviceToken": _NEW_TOKEN,
        "DeviceTokenNotForTopic": _NEW_TOKEN,
        "Unregistered": _NEW_TOKEN,
        "ExpiredToken": _NEW_TOKEN,
        "BadTopic": _TOPIC,
        "MissingTopic": _TOPIC,
        "TopicDisallowed": _TOPIC,
        "IdleTimeout": "Try again at once on a new connection.",
        "ExpiredProviderToken": "Sign anew if the token is old enough, and try again once; then pause the credential.",
        "UnrelatedKeyIdInToken": "Try again once on a new connection; then pause the credential.",
        "TooManyProviderTokenUpdates": "Keep the token, and try again on a new connection; tell the operator.",
        "TooManyRequests": "Wait before this token is pushed to again; others go on.",
        "InternalServerError": _BACK_OFF,
        "ServiceUnavailable": _BACK_OFF,
        "Shutdown": "Try again at once on a new connection.",
    }
)
_EXPECTED_OF_FCM: Mapping[str, str] = MappingProxyType(
    {
        "INVALID_ARGUMENT": _OUR_BUG,
        "UNAUTHENTICATED": "Fetch another access token, and try again once; then pause the credential.",
        "THIRD_PARTY_AUTH_ERROR": _CREDENTIAL,
        "PERMISSION_DENIED": _CREDENTIAL,
        "SENDER_ID_MISMATCH": _NEW_TOKEN,
        "UNREGISTERED": _NEW_TOKEN,
        "NOT_FOUND": _CREDENTIAL,
        "QUOTA_EXCEEDED": _AS_ASKED,
        "RESOURCE_EXHAUSTED": _AS_ASKED,
        "INTERNAL": _BACK_OFF,
        "UNAVAILABLE": _AS_ASKED,
    }
)
_DIED = frozenset(
    {
        "BadDeviceToken",
        "DeviceTokenNotForTopic",
        "Unregistered",
        "ExpiredToken",
        "SENDER_ID_MISMATCH",
        "UNREGISTERED",
    }
)


def find_plan(name: str) -> FaultPlan:
    """Give the plan of this name.

    Raises:
        SimulatorError: there is none.
    """
    plan = PLANS.get(name)
    if plan is None:
        raise SimulatorError(f"no plan is called {name!r}; known: {', '.join(PLANS)}")
    return plan


def _reasons() -> Iterable[FaultPlan]:
    for reason, status in STATUS_OF.items():
        expect = _EXPECTED.get(reason, _CREDENTIAL if status == 403 else _OUR_BUG)
        fault = Fault(f"reason:{reason}", times=6, every=4, replaces_token=reason in _DIED)
        yield FaultPlan(f"reason:{reason}", f"One push in four is refused with {status} {reason}.", expect, (fault,))


def _reasons_of_fcm() -> Iterable[FaultPlan]:
    for reason, known in FCM_REASONS.items():
        asks = known.status in (429, 503)
        fault = Fault(
            f"reason:{reason}",
            times=4,
            every=3,
            replaces_token=reason in _DIED,
            retry_after_seconds=2 if asks else None,
        )
        wait = ", with a Retry-After of two seconds" if asks else ""
        what = f"One message in three to FCM is refused with {known.status} {reason}{wait}."
        yield FaultPlan(f"reason:{reason}", what, _EXPECTED_OF_FCM[reason], (fault,))


def _no_access() -> Iterable[FaultPlan]:
    for error, expect in (("invalid_grant", _CREDENTIAL), ("internal_failure", _BACK_OFF)):
        what = f"Two requests for an access token of FCM are refused with {STATUS_OF_OAUTH[error]} {error}."
        yield FaultPlan(f"reason:{error}", what, expect, (Fault(f"reason:{error}", times=2),))


def _others() -> Iterable[FaultPlan]:
    yield FaultPlan(
        "gone:before_registration",
        "Each token meets one 410 that says it died an hour before the phone got it.",
        "Believe the registration, and try once more.",
        (Fault("reason:Unregistered", times=12, once_a_token=True, died_after_seconds=-3600.0),),
    )
    yield FaultPlan(
        "gone:after_registration",
        "One push in four meets a 410 that says the token died after the phone got it; the phone has another one.",
        _NEW_TOKEN,
        (Fault("reason:Unregistered", times=8, every=4, replaces_token=True),),
    )
    yield FaultPlan(
        "storm:bad_tokens",
        "Every second push is refused with BadDeviceToken, 25 times; the phones have other tokens.",
        "See one wrong setting in many bad tokens: pause the app's pushes and retire no more.",
        (Fault("reason:BadDeviceToken", times=25, every=2, replaces_token=True),),
    )
    yield FaultPlan(
        "unknown_reason",
        "Words that Apple does not list, with 400, 403, 429 and 520.",
        "Judge by the status, keep the word, tell the operator.",
        tuple(Fault("reason:SomethingNew", times=2, every=3, status=status) for status in (400, 403, 429, 520)),
    )
    yield FaultPlan(
        "retry_after",
        "One push in three is refused with 503 and a Retry-After of ten seconds.",
        "Wait as long as it asks, within bounds.",
        (Fault("reason:ServiceUnavailable", times=6, every=3, retry_after_seconds=10),),
    )
    for which, words in (("empty", "no body"), ("html", "a page of HTML"), ("large", "a body of one megabyte")):
        yield FaultPlan(
            f"body:{which}",
            f"One push in three is answered 502 with {words}, as a proxy does.",
            _BACK_OFF,
            (Fault(f"body:{which}", times=8, every=3),),
        )
    yield FaultPlan("no_apns_id", "Every answer lacks its apns-id.", "Do without.", (Fault("no_apns_id", times=None),))


def _answers() -> Iterable[FaultPlan]:
    yield FaultPlan(
        "slow",
        "Every push is processed at once and answered 0.3 s later.",
        "Wait, and hold nobody else up.",
        (Fault("slow", times=None, seconds=0.3),),
    )
    yield FaultPlan(
        "too_slow",
        "One push in five is processed at once and answered after 30 s.",
        _REPEAT,
        (Fault("slow", times=6, every=5, seconds=30.0),),
    )
    yield FaultPlan(
        "never_answers",
        "One push in five is neither processed nor answered, no token twice.",
        _REPEAT,
        (Fault("never_answers", times=6, every=5, once_a_token=True),),
        starts_vanish=True,
    )
    yield FaultPlan(
        "black_hole",
        "A connection takes everything from one moment on, and neither processes nor answers it.",
        "Give the connection up after a timeout; neighbours go on over a new one.",
        (Fault("black_hole"),),
        starts_vanish=True,
    )


def _streams() -> Iterable[FaultPlan]:
    yield FaultPlan(
        "reset:refused",
        "One stream in three is reset with REFUSED_STREAM.",
        "Know that nothing was processed, and send again.",
        (Fault("reset:refused", times=10, every=3),),
    )
    for code in ("internal", "cancel"):
        yield FaultPlan(
            f"reset:{code}",
            f"One stream in five is reset with {code.upper()}, without processing, no token's twice.",
            _REPEAT,
            (Fault(f"reset:{code}", times=6, every=5, once_a_token=True),),
            starts_vanish=True,
        )
    yield FaultPlan(
        "stream_limit",
        "The limit of streams falls from 1000 to 1 while requests are in flight, and rises after a success.",
        "Keep to the limit, lose nothing, hang nowhere.",
        (Fault("stream_limit", times=None, every=4),),
    )


def _connections() -> Iterable[FaultPlan]:
    yield FaultPlan(
        "goaway",
        "A graceful GOAWAY every tenth push; what is open is processed and answered.",
        "Go on over a new connection; repeat no start.",
        (Fault("goaway", times=4, every=10),),
    )
    yield FaultPlan(
        "goaway:reason",
        "GOAWAY with last stream id 0 and the reason InvalidProviderToken, twice.",
        "Know that nothing was processed; pause the credential, and do not hammer.",
        (Fault("goaway:InvalidProviderToken", times=2, every=8),),
    )
    yield FaultPlan(
        "goaway_when_idle",
        "Every fifth push is answered, and the connection says GOAWAY once it is idle.",
        "Connect anew with the next push; lose nothing.",
        (Fault("goaway_when_idle", times=6, every=5),),
    )
    yield FaultPlan(
        "cut_after_processing",
        "Four times an update is processed, and the connection is cut before its answer; what else is open is lost.",
        _REPEAT,
        (Fault("cut_after_processing", times=4, every=4, to="update"),),
        starts_vanish=True,
    )
    yield FaultPlan(
        "cut_after_headers",
        "Four times the connection is cut between an answer's headers and its end; what else is open is lost.",
        "Take the status for what it says.",
        (Fault("cut_after_headers", times=4, every=4, to="update"),),
        starts_vanish=True,
    )
    for name, what in (
        ("connect:refused", "The next three connections are closed before TLS begins."),
        ("tls:unknown_ca", "The next two handshakes show a certificate of an unknown authority."),
        ("tls:wrong_name", "The next two handshakes show a certificate for another name."),
        ("tls:stall", "The next two handshakes are never answered."),
    ):
        expect = "Know that nothing was sent, and try again with one push at a time; then send the rest at once."
        yield FaultPlan(name, what, expect, (Fault(name, times=3 if name == "connect:refused" else 2),))
    yield FaultPlan(
        "bad_day",
        "Refusals, resets, cuts, farewells, slow answers and a failed handshake, all mixed.",
        "Keep every promise at once.",
        (
            Fault("tls:wrong_name"),
            Fault("reason:ServiceUnavailable", times=3, every=7),
            Fault("reason:TooManyRequests", times=3, every=6),
            Fault("reset", times=3, every=6),
            Fault("goaway", times=2, every=9),
            Fault("cut_after_processing", times=2, every=6, to="update"),
            Fault("stream_limit", times=3, every=7),
            Fault("reason:Unregistered", times=2, every=8, replaces_token=True),
            Fault("slow", times=None, every=5, to="update", seconds=0.2),
        ),
        starts_vanish=True,
    )


def _fetches() -> Iterable[FaultPlan]:
    again = "Leave the placeholder on the card until the app says that it has the picture; say why it is not there."
    for name, what in (
        ("unreachable", "One picture in two cannot be fetched, eight times."),
        ("short", "One picture in two ends in the middle, eight times."),
        ("corrupt", "One picture in two is another one of the same size, eight times."),
        ("no_space", "One phone in two has no room for a picture, four times."),
    ):
        times = 4 if name == "no_space" else 8
        yield FaultPlan(f"fetch:{name}", what, again, (Fault(f"fetch:{name}", times=times, every=2),))


_FAMILIES = (_reasons, _reasons_of_fcm, _no_access, _others, _answers, _streams, _connections, _fetches)
PLANS: Mapping[str, FaultPlan] = MappingProxyType({plan.name: plan for family in _FAMILIES for plan in family()})
