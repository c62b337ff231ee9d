"""Each answer's meaning, row by row, written by hand from the design and not from the code's tables."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.judge import judge
from app.apns.reasons import REASONS
from app.apns.request import PushKind
from app.apns.rules import RULES, Pause
from app.apns.verdict import FAST, Outcome, TokenAction, Verdict

REGISTERED = datetime(2026, 11, 1, 12, tzinfo=UTC)
REGISTERED_MS = 1_793_534_400_000
HOUR = 3_600.0


def verdict(outcome: Answer | NotSent | Ambiguous, **facts: Any) -> Verdict:
    """Judge with a jitter of one half, for a first try of an update."""
    given: dict[str, Any] = {"kind": PushKind.UPDATE, "attempt": 1, "token_registered_at": REGISTERED}
    return judge(outcome, jitter=0.5, **(given | facts))


def changed(given: Verdict) -> dict[str, Any]:
    """Give what differs from *accepted, no more to do*, without the words."""
    plain = Verdict(outcome=Outcome.ACCEPTED, why="")
    fields = [name for name in Verdict.__struct_fields__ if name not in ("why", "tell_operator")]
    found = {name: getattr(given, name) for name in fields if getattr(given, name) != getattr(plain, name)}
    return found | ({"tell": True} if given.tell_operator else {})


OUR_FAULT = {"outcome": Outcome.REJECTED, "tell": True}
TOPIC = {"outcome": Outcome.REJECTED, "pause": Pause.TOPIC, "tell": True}
CREDENTIAL = {
    "outcome": Outcome.RETRY,
    "retry_after_seconds": HOUR,
    "pause": Pause.CREDENTIAL,
    "tell": True,
}
ANDROID = {"other_environment_tried": True}
GONE = {"outcome": Outcome.REJECTED, "token": TokenAction.RETIRE, "counts_as_error": False}

ROWS: list[tuple[int, str, dict[str, Any], dict[str, Any]]] = [
    (400, "BadCollapseId", {}, OUR_FAULT),
    (
        400,
        "BadDeviceToken",
        {},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 0.0, "other_environment": True},
    ),
    (
        400,
        "BadDeviceToken",
        {"other_environment_tried": True},
        {"outcome": Outcome.REJECTED, "token": TokenAction.RETIRE},
    ),
    (
        400,
        "BadDeviceToken",
        {"other_environment_tried": True, "bad_tokens_lately": 10},
        {"outcome": Outcome.REJECTED, "token": TokenAction.RETIRE},
    ),
    (
        400,
        "BadDeviceToken",
        {"other_environment_tried": True, "bad_tokens_lately": 11},
        {"outcome": Outcome.RETRY, "retry_after_seconds": HOUR, "pause": Pause.TOPIC, "tell": True},
    ),
    (400, "BadExpirationDate", {}, OUR_FAULT),
    (400, "BadMessageId", {}, OUR_FAULT),
    (400, "BadPriority", {}, OUR_FAULT),
    (400, "BadTopic", {}, TOPIC),
    (
        400,
        "DeviceTokenNotForTopic",
        {},
        {"outcome": Outcome.REJECTED, "token": TokenAction.SUSPECT},
    ),
    (
        400,
        "DeviceTokenNotForTopic",
        {"refused_before": True},
        {"outcome": Outcome.REJECTED, "token": TokenAction.RETIRE},
    ),
    (
        400,
        "DeviceTokenNotForTopic",
        {"refused_before": True, "bad_tokens_lately": 30},
        {"outcome": Outcome.RETRY, "retry_after_seconds": HOUR, "pause": Pause.TOPIC, "tell": True},
    ),
    (400, "DuplicateHeaders", {}, OUR_FAULT),
    (
        400,
        "IdleTimeout",
        {},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 0.0, "new_generation": True},
    ),
    (400, "IdleTimeout", {"same_before": 1}, OUR_FAULT),
    (400, "InvalidPushType", {}, OUR_FAULT),
    (400, "MissingDeviceToken", {}, OUR_FAULT),
    (400, "MissingTopic", {}, TOPIC),
    (400, "PayloadEmpty", {}, OUR_FAULT),
    (400, "TopicDisallowed", {}, TOPIC),
    (403, "BadCertificate", {}, CREDENTIAL),
    (403, "BadCertificateEnvironment", {}, CREDENTIAL),
    (
        403,
        "ExpiredProviderToken",
        {},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 0.0, "refresh_provider_token": True},
    ),
    (403, "ExpiredProviderToken", {"same_before": 1}, CREDENTIAL | {"refresh_provider_token": True}),
    (403, "Forbidden", {}, CREDENTIAL),
    (403, "InvalidProviderToken", {}, CREDENTIAL),
    (403, "MissingProviderToken", {}, CREDENTIAL),
    (
        403,
        "UnrelatedKeyIdInToken",
        {},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 0.0, "new_generation": True},
    ),
    (403, "UnrelatedKeyIdInToken", {"same_before": 1}, CREDENTIAL),
    (403, "BadEnvironmentKeyIdInToken", {}, CREDENTIAL),
    (403, "BadEnvironmentKeyInToken", {}, CREDENTIAL),
    (404, "BadPath", {}, OUR_FAULT),
    (405, "MethodNotAllowed", {}, OUR_FAULT),
    (410, "ExpiredToken", {}, GONE),
    (410, "Unregistered", {}, GONE),
    (413, "PayloadTooLarge", {}, OUR_FAULT),
    (
        429,
        "TooManyProviderTokenUpdates",
        {},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 0.5, "new_generation": True, "tell": True},
    ),
    (
        429,
        "TooManyProviderTokenUpdates",
        {"same_before": 1},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 1_200.0, "tell": True},
    ),
    (429, "TooManyRequests", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 10.0, "own_lane": True}),
    (429, "TooManyRequests", {"attempt": 4}, {"outcome": Outcome.RETRY, "retry_after_seconds": 80.0, "own_lane": True}),
    (
        429,
        "TooManyRequests",
        {"attempt": 40},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 600.0, "own_lane": True},
    ),
    (500, "InternalServerError", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 0.5}),
    (
        500,
        "InternalServerError",
        {"attempt": 9, "server_errors": 5},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 30.0, "new_generation": True},
    ),
    (
        503,
        "ServiceUnavailable",
        {"attempt": 3},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 2.0, "slow_down": True},
    ),
    (
        503,
        "Shutdown",
        {},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 0.0, "new_generation": True},
    ),
    (400, "INVALID_ARGUMENT", {}, OUR_FAULT),
    (400, "INVALID_ARGUMENT registration token", ANDROID, {"outcome": Outcome.REJECTED, "token": TokenAction.RETIRE}),
    (
        400,
        "INVALID_ARGUMENT registration token",
        ANDROID | {"bad_tokens_lately": 11},
        {"outcome": Outcome.RETRY, "retry_after_seconds": HOUR, "pause": Pause.TOPIC, "tell": True},
    ),
    (401, "THIRD_PARTY_AUTH_ERROR", {}, OUR_FAULT),
    (
        401,
        "UNAUTHENTICATED",
        {},
        {"outcome": Outcome.RETRY, "retry_after_seconds": 0.0, "refresh_provider_token": True},
    ),
    (401, "UNAUTHENTICATED", {"same_before": 1}, CREDENTIAL | {"refresh_provider_token": True}),
    (403, "PERMISSION_DENIED", {}, CREDENTIAL),
    (403, "SENDER_ID_MISMATCH", ANDROID, {"outcome": Outcome.REJECTED, "token": TokenAction.SUSPECT}),
    (
        403,
        "SENDER_ID_MISMATCH",
        ANDROID | {"refused_before": True},
        {"outcome": Outcome.REJECTED, "token": TokenAction.RETIRE},
    ),
    (404, "NOT_FOUND", {}, CREDENTIAL),
    (404, "UNREGISTERED", ANDROID, GONE),
    (429, "QUOTA_EXCEEDED", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 60.0, "slow_down": True}),
    (429, "RESOURCE_EXHAUSTED", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 60.0, "slow_down": True}),
    (500, "INTERNAL", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 0.5}),
    (503, "UNAVAILABLE", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 0.5, "slow_down": True}),
    (400, "Novel", {}, OUR_FAULT),
    (403, "BadEnvironmentToken", {}, CREDENTIAL),
    (410, "Novel", {}, GONE),
    (418, "Novel", {}, OUR_FAULT),
    (429, "Novel", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 10.0, "own_lane": True, "tell": True}),
    (502, "Novel", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 0.5, "tell": True}),
    (599, "", {}, {"outcome": Outcome.RETRY, "retry_after_seconds": 0.5, "tell": True}),
]


@pytest.mark.parametrize(("status", "reason", "facts", "expected"), ROWS)
def test_each_answer_means_what_the_design_says(
    status: int, reason: str, facts: dict[str, Any], expected: dict[str, Any]
) -> None:
    """A status and a reason lead to exactly these actions."""
    answer = Answer(status, reason or None, timestamp_ms=REGISTERED_MS if status == 410 else None)
    assert changed(verdict(answer, **facts)) == expected


def test_every_reason_has_a_row() -> None:
    """No reason is judged without a hand-written expectation, and no rule names a word that nobody does."""
    assert set(REASONS) <= {reason for _, reason, _, _ in ROWS}
    special = {"BadDeviceToken", "DeviceTokenNotForTopic", "ExpiredToken", "Unregistered"}
    special |= {"SENDER_ID_MISMATCH", "UNREGISTERED", "INVALID_ARGUMENT registration token"}
    assert set(RULES) | special == set(REASONS)
    assert {(REASONS[word].status, word) for _, word, _, _ in ROWS if word in REASONS} == {
        (status, word) for status, word, _, _ in ROWS if word in REASONS
    }


def test_accepted_asks_for_nothing() -> None:
    """A 200 keeps everything and is no error."""
    assert changed(verdict(Answer(200))) == {"counts_as_error": False}


def test_a_410_older_than_the_registration_is_tried_once_more() -> None:
    """The app registered the value again after APNs lost it: wait half a minute and look."""
    answer = Answer(410, "Unregistered", timestamp_ms=REGISTERED_MS - 1)
    assert changed(verdict(answer)) == {
        "outcome": Outcome.RETRY,
        "retry_after_seconds": 30.0,
        "token": TokenAction.RECHECK,
        "counts_as_error": False,
    }


def test_a_second_410_retires_whatever_its_time() -> None:
    """APNs has refused this same registration before."""
    answer = Answer(410, "Unregistered", timestamp_ms=REGISTERED_MS - 1)
    assert changed(verdict(answer, refused_before=True)) == GONE


@pytest.mark.parametrize(("timestamp_ms", "registered_at"), [(None, REGISTERED), (1, None)])
def test_a_410_without_a_time_to_compare_retires(timestamp_ms: int | None, registered_at: datetime | None) -> None:
    """Nothing speaks for the token."""
    answer = Answer(410, "Unregistered", timestamp_ms=timestamp_ms)
    assert changed(verdict(answer, token_registered_at=registered_at)) == GONE


@pytest.mark.parametrize(("asked", "expected"), [(5.0, 5.0), (0.1, 0.5), (1e9, 900.0)])
def test_retry_after_is_honoured_within_reason(asked: float, expected: float) -> None:
    """The longer of what was asked for and the back-off holds, up to a quarter of an hour."""
    answer = Answer(503, "ServiceUnavailable", retry_after=asked)
    assert verdict(answer).retry_after_seconds == expected


UNCONNECTED = [NotSent("a test", cause=cause) for cause in (NotSentCause.DNS, NotSentCause.CONNECT, NotSentCause.TLS)]


@pytest.mark.parametrize("outcome", UNCONNECTED, ids=lambda each: each.cause)
def test_a_failed_connection_backs_off(outcome: NotSent) -> None:
    """The push did not leave and is tried again."""
    assert changed(verdict(outcome, attempt=2)) == {"outcome": Outcome.RETRY, "retry_after_seconds": 1.0}


@pytest.mark.parametrize("outcome", UNCONNECTED, ids=lambda each: each.cause)
def test_a_failed_connection_is_not_held_against_a_card_that_waits_for_the_next(outcome: NotSent) -> None:
    """It is claimed when there is a connection: however often it was tried, it waits as after a first try."""
    assert changed(verdict(outcome, attempt=9, held_back=True)) == {
        "outcome": Outcome.RETRY,
        "retry_after_seconds": 0.5,
        "counted": False,
    }


def test_a_push_that_a_connection_did_not_take_backs_off_as_ever() -> None:
    """No claim waits for anything then."""
    refused = NotSent("refused", cause=NotSentCause.REFUSED_STREAM)
    assert changed(verdict(refused, attempt=2, held_back=True)) == {
        "outcome": Outcome.RETRY,
        "retry_after_seconds": 1.0,
    }


@pytest.mark.parametrize("silence", [Ambiguous("no answer"), NotSent("no answer", cause=NotSentCause.DEADLINE)])
def test_silence_is_not_waited_out_for_long(silence: NotSent | Ambiguous) -> None:
    """It has taken its time already; a card must not wait for a minute when APNs is back."""
    assert verdict(silence, attempt=9).retry_after_seconds == 1.5
    assert verdict(NotSent("refused", cause=NotSentCause.CONNECT), attempt=9).retry_after_seconds == 30.0


def test_a_goaway_about_the_credential_is_the_breaker() -> None:
    """APNs closing the connection over the token pauses the credential, as the 403 would."""
    outcome = NotSent("goaway", cause=NotSentCause.GOAWAY, goaway_reason="InvalidProviderToken")
    expected = CREDENTIAL | {"new_generation": True}
    assert changed(verdict(outcome)) == expected
    assert changed(verdict(Ambiguous("goaway", goaway_reason="InvalidProviderToken"))) == expected


@pytest.mark.parametrize("kind", [PushKind.UPDATE, PushKind.END])
def test_an_ambiguous_update_or_end_is_sent_again(kind: PushKind) -> None:
    """Repeating the newest state does no harm."""
    given = verdict(Ambiguous("cut"), kind=kind)
    assert changed(given) == {"outcome": Outcome.RETRY, "retry_after_seconds": 0.5}


def test_an_ambiguous_start_is_unknown_however_often() -> None:
    """A start that may have been shown is for the plan to decide, by the app's report or its silence."""
    for before in (0, 1):
        assert changed(verdict(Ambiguous("cut"), kind=PushKind.START, same_before=before)) == {
            "outcome": Outcome.UNKNOWN
        }


def test_every_verdict_says_why() -> None:
    """Support finds a sentence behind each answer."""
    for status, reason, facts, _ in ROWS:
        assert verdict(Answer(status, reason or None), **facts).why


def test_the_fast_profile_waits_no_longer_than_a_second() -> None:
    """A demonstration shows every path while somebody watches."""
    for status, reason, facts, _ in ROWS:
        assert (verdict(Answer(status, reason or None), settings=FAST, **facts).retry_after_seconds or 0) <= 1
