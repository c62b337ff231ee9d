"""Reading whatever came back."""

import json

import pytest

from app.apns.answer import Answer, goaway_reason, read_answer
from app.apns.reasons import REASONS, explain


def test_a_refusal_is_read_whole() -> None:
    """Reason, time in milliseconds, ids and Retry-After are kept."""
    headers = [(b"apns-id", b"A-1"), (b"apns-unique-id", b"u"), (b"retry-after", b"30")]
    assert read_answer(410, headers, b'{"reason":"Unregistered","timestamp":1793534400000}') == Answer(
        410, "Unregistered", "A-1", 1_793_534_400_000, 30.0, "u"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"x" * 1_000_000,
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"reason":7,"timestamp":"no"}',
        b'{"reason":""}',
        b"[" * 5_000,
    ],
)
def test_a_body_that_is_not_apples_is_no_reason(body: bytes) -> None:
    """Nothing that a proxy says can break the reader, nor a missing apns-id."""
    assert read_answer(502, [], body) == Answer(502)


def test_an_unknown_reason_is_kept_as_text() -> None:
    """A word Apple adds tomorrow is stored, and explained by its status."""
    assert read_answer(400, [], b'{"reason":"Novel"}').reason == "Novel"
    assert "Novel" in explain(400, "Novel").means


@pytest.mark.parametrize("value", [b"soon", b"-1", b"Wed, 21 Oct 2026 07:28:00 GMT", b"9" * 400])
def test_a_retry_after_that_is_no_number_is_ignored(value: bytes) -> None:
    """The back-off serves instead."""
    assert read_answer(503, [(b"retry-after", value)], b"").retry_after is None


def test_both_spellings_of_the_environment_reason_are_known() -> None:
    """Apple's table and the wire differ by two letters."""
    assert REASONS["BadEnvironmentKeyInToken"].means == REASONS["BadEnvironmentKeyIdInToken"].means


def test_a_goaways_reason_is_read_from_its_data() -> None:
    """Apple writes an error body into the frame."""
    assert goaway_reason(b'{"reason":"Shutdown"}') == "Shutdown"
    assert goaway_reason(None) is None


@pytest.mark.parametrize(
    ("date", "time"),
    [(b"Sat, 01 Nov 2025 12:00:00 GMT", 1_761_998_400.0), (b"noon", None), (b"\xff" * 500, None)],
    ids=["a date", "words", "bytes"],
)
def test_a_refusal_tells_the_time_of_whoever_refused(date: bytes, time: float | None) -> None:
    """So that a clock that is off can be named; an acceptance needs no such look."""
    assert read_answer(403, [(b"date", date)], b"").server_time == time
    assert read_answer(200, [(b"date", date)], b"").server_time is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"status": "NOT_FOUND", "details": [{"@type": "FcmError", "errorCode": "UNREGISTERED"}]}, "UNREGISTERED"),
        ({"status": "UNAUTHENTICATED", "details": []}, "UNAUTHENTICATED"),
        (
            {
                "status": "INVALID_ARGUMENT",
                "message": "The registration token is not a valid FCM registration token",
                "details": [{"errorCode": "INVALID_ARGUMENT"}],
            },
            "INVALID_ARGUMENT registration token",
        ),
        ({"status": "INVALID_ARGUMENT", "message": "no", "details": [7, {"errorCode": 5}]}, None),
        ({"status": "INVALID_ARGUMENT", "message": 7}, "INVALID_ARGUMENT"),
        ({"status": 5, "details": {}}, None),
        ("no", None),
    ],
)
def test_an_error_of_googles_is_read_by_its_code(error: object, reason: str | None) -> None:
    """Firebase's where there is one, else the status; and a token that is none is told apart."""
    assert read_answer(400, (), json.dumps({"error": error}).encode()).reason == reason
