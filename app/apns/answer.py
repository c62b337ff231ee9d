"""Read what APNs or Firebase answered, whatever it was."""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime

import msgspec

from app.apns.request import KEPT_BODY_BYTES

_LONGEST_WORD = 128
BAD_REGISTRATION_TOKEN = "INVALID_ARGUMENT registration token"  # noqa: S105 - the name of an error


class Answer(msgspec.Struct, frozen=True):
    """An answer that came: a status, and what could be read of the rest.

    Attributes:
        reason: Apple's word as it stood on the wire, also one we do not know, or Google's; `None` when there was none.
        apns_id: the id as APNs echoed it.
        timestamp_ms: since when the token was known to be gone, in milliseconds since 1970 (only with 410).
        retry_after: seconds, when a `Retry-After` header came; Apple documents none.
        unique_id: `apns-unique-id`, sent by the sandbox, for Apple's delivery log.
        server_time: Unix seconds by the `date` header.
        channel_id: `apns-channel-id`, of a channel that was made.
        body: what a good answer holds beside its headers: nothing for a push.
    """

    status: int
    reason: str | None = None
    apns_id: str | None = None
    timestamp_ms: int | None = None
    retry_after: float | None = None
    unique_id: str | None = None
    server_time: float | None = None
    channel_id: str | None = None
    body: bytes = b""


class _ErrorBody(msgspec.Struct):
    reason: object = None
    timestamp: object = None
    error: object = None


_decode = msgspec.json.Decoder(_ErrorBody).decode


def read_answer(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Answer:
    """Read an answer without ever failing on it.

    Args:
        status: the HTTP status.
        headers: names in lower case.
        body: empty, Apple's JSON, Google's, or whatever stood between us and Apple.
    """
    apns_id: str | None = None
    unique_id: str | None = None
    retry_after: float | None = None
    channel_id: str | None = None
    for name, value in headers:
        if name == b"apns-id":
            apns_id = _word(value)
        elif name == b"apns-unique-id":
            unique_id = _word(value)
        elif name == b"apns-channel-id":
            # Apple promises no size
            channel_id = value.decode("ascii", "replace")
        elif name == b"retry-after":
            retry_after = _seconds(value)
    if 200 <= status < 300:
        return Answer(status, None, apns_id, None, retry_after, unique_id, None, channel_id, body)
    # only where something is wrong is it asked whose clock is right
    server_time = next((_time(value) for name, value in headers if name == b"date"), None)
    if not body:
        return Answer(status, None, apns_id, None, retry_after, unique_id, server_time)
    try:
        error = _decode(body[:KEPT_BODY_BYTES])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Answer(status, None, apns_id, None, retry_after, unique_id, server_time)
    word = error.reason if error.error is None else _google_word(error.error)
    reason = word[:_LONGEST_WORD] if isinstance(word, str) and word else None
    timestamp = error.timestamp if type(error.timestamp) is int else None
    return Answer(status, reason, apns_id, timestamp, retry_after, unique_id, server_time)


def goaway_reason(debug_data: bytes | None) -> str | None:
    """Read the reason in a GOAWAY frame's debug data, which Apple writes as an error body."""
    return read_answer(0, (), debug_data or b"").reason


def _google_word(error: object) -> object:
    """Give the code that Firebase adds to an error, or the status of Google's own.

    That a token is none is told in words alone.
    """
    if not isinstance(error, dict):
        return None
    given = error.get("details")
    details = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    word = next((each["errorCode"] for each in details if "errorCode" in each), error.get("status"))
    message = error.get("message")
    if word == "INVALID_ARGUMENT" and isinstance(message, str) and "registration token" in message:
        return BAD_REGISTRATION_TOKEN
    return word


def _word(value: bytes) -> str:
    return value[:_LONGEST_WORD].decode("ascii", "replace")


def _time(value: bytes) -> float | None:
    try:
        return parsedate_to_datetime(value[:_LONGEST_WORD].decode("ascii", "replace")).timestamp()
    except ValueError:
        return None


def _seconds(value: bytes) -> float | None:
    # The header's other form is an HTTP date, which would need a clock; b(n) serves as well.
    return float(value) if value.isdigit() and len(value) < 10 else None
