"""Say what can go wrong at APNs, at FCM and on phones, and hold what is to go wrong with what comes next.

A fault is a rule by name; `KINDS` says what each name does. Two names hold a reason of Apple's or Google's, or a word
that neither lists: `reason:<Reason>` refuses so, without processing, where that reason is given; `goaway:<Reason>`
processes nothing that is open, says so with last stream id 0 and the reason, and closes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import msgspec

from app.simulator.device_tokens import DeviceToken, TokenKind
from app.simulator.errors import SimulatorError
from app.simulator.fcm_reasons import FCM_REASONS, STATUS_OF_OAUTH
from app.simulator.reasons import STATUS_OF_CHANNELS

ChannelCall = Literal["channel", "management"]
"""A publish on a channel, or a request to manage channels."""
Call = ChannelCall | Literal["fcm", "oauth"]
"""A request that is no push to a token of APNs'; a message to send by FCM, or a request for an access token."""

REASON, GOAWAY = "reason", "goaway"


class Kind(msgspec.Struct, frozen=True):
    """Say what a kind of fault does.

    Args:
        what: in words.
        processed: whether the push is judged and goes to its phone all the same.
        at_handshake: whether it befalls a new connection instead of a request.
        at_fetch: whether it befalls an app that fetches a picture.
    """

    what: str
    processed: bool = False
    at_handshake: bool = False
    at_fetch: bool = False


_REASON = Kind("APNs, FCM or its token endpoint refuses with this reason, without processing")
_GOAWAY_REASON = Kind("GOAWAY with last stream id 0 and this reason; nothing that is open is processed")
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "slow": Kind("processed at once, answered `seconds` later", processed=True),
        "never_answers": Kind("neither processed nor answered; the stream stays open"),
        "black_hole": Kind("nothing on the connection is processed or answered from here on"),
        "reset": Kind("the stream is reset with REFUSED_STREAM, without processing"),
        "reset:refused": Kind("the same"),
        "reset:internal": Kind("the stream is reset with INTERNAL_ERROR, without processing"),
        "reset:cancel": Kind("the stream is reset with CANCEL, without processing"),
        "cut_after_processing": Kind("processed, and the connection is cut before the answer", processed=True),
        "cut_after_headers": Kind("processed, and the connection is cut behind the answer's headers", processed=True),
        "goaway": Kind("GOAWAY, and what is open is processed and answered all the same", processed=True),
        "goaway_when_idle": Kind("processed and answered; GOAWAY once no stream is open", processed=True),
        "stream_limit": Kind(
            "processed and answered; one stream at a time from here on, until a later push is accepted", processed=True
        ),
        "no_apns_id": Kind("processed, and the answer holds no apns-id", processed=True),
        "body:empty": Kind("`status` (502 unless given) with an empty body, without processing"),
        "body:html": Kind("the same with a page of HTML, as from a proxy"),
        "body:large": Kind("the same with a body of one megabyte"),
        "connect:refused": Kind("the connection is closed before TLS begins", at_handshake=True),
        "tls:unknown_ca": Kind("the certificate is of an authority that nobody trusts", at_handshake=True),
        "tls:wrong_name": Kind("the certificate is for another name", at_handshake=True),
        "tls:stall": Kind("the handshake is never answered", at_handshake=True),
        "fetch:unreachable": Kind("whoever keeps the picture does not answer the app", at_fetch=True),
        "fetch:short": Kind("the picture ends in the middle", at_fetch=True),
        "fetch:corrupt": Kind("the picture is another one of the same size", at_fetch=True),
        "fetch:no_space": Kind("the phone has no room for the picture", at_fetch=True),
    }
)


_LISTED = frozenset({*STATUS_OF_CHANNELS, *FCM_REASONS, *STATUS_OF_OAUTH})


class Fault(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Say what goes wrong with the next requests.

    Args:
        name: one of `KINDS`, `reason:<Reason>` or `goaway:<Reason>`.
        times: how often it happens; `None` until it is cleared.
        every: it befalls one in so many of the requests it waits for, the first of them to begin with.
        token: waits for requests to this token alone.
        to: waits for requests to tokens of this kind alone, for those about channels, or for those to FCM; one that
            refuses by a reason and names nothing waits where that reason is given, or for requests to tokens.
        once_a_token: befalls no token twice.
        seconds: how late a `slow` answer is.
        status: overrides the status that belongs to a reason; a reason that nobody lists needs one.
        timestamp_ms: goes with 410.
        died_after_seconds: the same, counted from when the phone got the token; negative for before.
        retry_after_seconds: goes with the refusal as `Retry-After`.
        replaces_token: the phone's system has replaced the token, and its app, opened by the user, reports the new one.
    """

    name: str
    times: int | None = 1
    every: int = 1
    token: str | None = None
    to: TokenKind | Call | None = None
    once_a_token: bool = False
    seconds: float = 1.0
    status: int | None = None
    timestamp_ms: int | None = None
    died_after_seconds: float | None = None
    retry_after_seconds: int | None = None
    replaces_token: bool = False

    @property
    def family(self) -> str:
        """Give the name up to its colon."""
        return self.name.partition(":")[0]

    @property
    def detail(self) -> str | None:
        """Give what stands behind the name's colon."""
        return self.name.partition(":")[2] or None

    @property
    def reason(self) -> str | None:
        """Give the reason a `reason:` or `goaway:` fault names."""
        return self.detail if self.family in (REASON, GOAWAY) else None

    @property
    def kind(self) -> Kind:
        """Say what it does."""
        if self.reason is not None:
            return _REASON if self.family == REASON else _GOAWAY_REASON
        return KINDS[self.name]

    def is_for(self, call: Call | None) -> bool:
        """Say whether it may befall a request of this kind; `None` is a push to a token of APNs'."""
        if self.kind.at_handshake or self.kind.at_fetch:
            return False
        if self.family != REASON or self.to is not None:
            return True
        place = "fcm" if self.reason in FCM_REASONS else "oauth" if self.reason in STATUS_OF_OAUTH else None
        return call == place

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            SimulatorError: nothing goes wrong by that name, or not so.
        """
        has_status = self.family != REASON or self.status is not None or self.reason in _LISTED
        if self.name not in KINDS and (self.reason is None or not has_status):
            known = ", ".join((*KINDS, f"{REASON}:<Reason>", f"{GOAWAY}:<Reason>"))
            raise SimulatorError(f"no fault is called {self.name!r}; known: {known}")
        if (self.times is not None and self.times < 1) or self.every < 1:
            raise SimulatorError("a fault happens at least once, to one request in one or more")
        if self.status is not None and self.status < 400:
            raise SimulatorError("a fault refuses: its status is 400 or more")


class Faults:
    """Hand out waiting faults, first come first served.

    Attributes:
        happened: how often each fault happened, by its name.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self.happened: Counter[str] = Counter()

    @property
    def waiting(self) -> Sequence[Fault]:
        """Give the faults not yet used up, with the times left."""
        return tuple(msgspec.structs.replace(each.fault, times=each.left) for each in self._waiting)

    def add(self, fault: Fault) -> None:
        """Let the fault wait.

        Raises:
            SimulatorError: it makes no sense.
        """
        fault.check()
        token = None if fault.token is None else fault.token.lower()
        self._waiting.append(_Waiting(msgspec.structs.replace(fault, token=token)))

    def clear(self) -> None:
        """Forget all waiting faults."""
        self._waiting.clear()

    def take(self, value: str | None, token: DeviceToken | None = None) -> Fault | None:
        """Give the first fault that befalls a request, and count it.

        Args:
            value: the device token in its path.
            token: what is known of it.
        """
        kind = None if token is None else token.kind
        for each in self._waiting:
            if each.fault.is_for(None) and each.befalls(value, kind):
                return self._count(each, value)
        return None

    def take_for(self, call: Call, value: str | None = None) -> Fault | None:
        """Give the first fault that befalls a request of another kind, and count it.

        Args:
            call: what it is.
            value: the registration token in it.
        """
        token = None if value is None else value.lower()
        for each in self._waiting:
            if each.fault.is_for(call) and each.befalls(token, call):
                return self._count(each, token)
        return None

    def take_fetch(self) -> Fault | None:
        """Give the first fault that befalls an app that fetches a picture, and count it."""
        for each in self._waiting:
            if each.fault.kind.at_fetch and each.befalls(None, None):
                return self._count(each, None)
        return None

    def take_handshake(self) -> Fault | None:
        """Give the first fault that befalls a new connection, and count it."""
        for each in self._waiting:
            if each.fault.kind.at_handshake and each.befalls(None, None):
                return self._count(each, None)
        return None

    def _count(self, each: "_Waiting", value: str | None) -> Fault:
        self.happened[each.fault.name] += 1
        each.count(value)
        if each.left == 0:
            self._waiting.remove(each)
        return each.fault


class _Waiting:
    """Hold a fault and what it has met."""

    __slots__ = ("_befallen", "_met", "fault", "left")

    def __init__(self, fault: Fault) -> None:
        self.fault, self.left = fault, fault.times
        self._met = 0
        self._befallen: set[str | None] = set()

    def befalls(self, value: str | None, kind: TokenKind | Call | None) -> bool:
        """Say whether this request is one of those it waits for, and its turn."""
        fault = self.fault
        if (
            fault.token not in (None, value)
            or fault.to not in (None, kind)
            or (fault.once_a_token and value in self._befallen)
        ):
            return False
        self._met += 1
        return (self._met - 1) % fault.every == 0

    def count(self, value: str | None) -> None:
        """Note that it happened."""
        if self.left is not None:
            self.left -= 1
        if self.fault.once_a_token:
            self._befallen.add(value)
