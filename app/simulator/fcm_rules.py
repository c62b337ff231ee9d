"""Judge a request to send a message as Firebase documents, before any phone sees it.

The rules: `POST /v1/projects/<project>/messages:send` with an access token of an account that may send there; a JSON
body of `message` with `token`, `data` and `android`, and perhaps `validate_only`. Keys and values of the data are
texts; `from`, `gcm`, `message_type` and what begins with `google` or `gcm.` are FCM's own; together they hold at most
4,096 bytes. `android.priority` is HIGH or NORMAL, and NORMAL unless given; `android.ttl` is a duration such as
`3600s`, of four weeks at most and unless given. What else FCM can send, it sends nobody here: notifications that it
makes itself, topics, conditions, collapse keys, and what goes to other platforms are refused as unknown fields.

Google does not document the order in which it looks; ours is path, access token, body, registration token.

Source:
    Firebase, "projects.messages", "ErrorCode", "Set the lifespan of a message".
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from app.simulator.fcm_reasons import FcmRefusal
from app.simulator.registration_tokens import RegistrationToken, RegistrationTokens
from app.simulator.rules import Request
from app.simulator.service_accounts import ServiceAccounts

MAX_DATA_BYTES = 4096
# JSON may write a byte of data as six.
MAX_REQUEST_BYTES = 2**16
LONGEST_TTL_SECONDS = 2_419_200

Priority = Literal["HIGH", "NORMAL"]

_SEND = re.compile(r"/v1/projects/([a-z0-9.:-]+)/messages:send")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{10,64}:APA91[A-Za-z0-9_-]{100,}")
_TTL = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)s")
_FIELDS: Mapping[str, frozenset[str]] = {
    "": frozenset({"message", "validate_only"}),
    "message": frozenset({"token", "data", "android"}),
    "message.android": frozenset({"priority", "ttl"}),
}
_decode_json = msgspec.json.Decoder().decode


class Message(msgspec.Struct, frozen=True):
    """Hold a message that FCM accepted; times are Unix seconds, and one that lives for 0 seconds is not kept."""

    name: str
    token: RegistrationToken
    data: dict[str, str]
    priority: Priority
    ttl_seconds: float
    sent_at: float

    @property
    def expires_at(self) -> float:
        """Give when FCM stops trying."""
        return self.sent_at + self.ttl_seconds


class Asked(msgspec.Struct, frozen=True):
    """Hold what a good request asks for; with `only_to_check` nothing is sent."""

    project_id: str
    token: RegistrationToken
    data: dict[str, str]
    priority: Priority
    ttl_seconds: float
    only_to_check: bool


class NotFound(msgspec.Struct, frozen=True):
    """Say that nothing is served there."""


def judge_send(
    request: Request, *, accounts: ServiceAccounts, tokens: RegistrationTokens, now: float
) -> Asked | FcmRefusal | NotFound:
    """Decide whether FCM takes a message.

    Args:
        request: what came.
        accounts: those that may have an access token.
        tokens: the registration tokens there are.
        now: Unix seconds.
    """
    headers = dict(request.headers)
    path = _SEND.fullmatch(headers.get(":path", ""))
    if path is None or headers.get(":method") != "POST":
        return NotFound()
    scheme, _, access_token = headers.get("authorization", "").partition(" ")
    sender = accounts.find(access_token, now=now) if scheme.lower() == "bearer" else None
    if sender is None:
        return FcmRefusal("UNAUTHENTICATED")
    if not sender.may_send or sender.project_id != path[1]:
        return FcmRefusal("PERMISSION_DENIED")
    try:
        body = _decode_json(request.body)
    except msgspec.DecodeError as error:
        return FcmRefusal("INVALID_ARGUMENT", f"Invalid JSON payload received. {error}", is_named=False)
    return _field_fault(body) or _read(body, path[1], tokens)


def token_in(body: bytes) -> str | None:
    """Give the registration token that a request names, if it can be read."""
    try:
        value = msgspec.json.decode(body, type=_Named).message.token
    except msgspec.DecodeError:
        return None
    return value


class _NamedToken(msgspec.Struct):
    token: str


class _Named(msgspec.Struct):
    message: _NamedToken


def _field_fault(body: object) -> FcmRefusal | None:
    """Refuse what is no object where there should be one, and fields that nobody knows."""
    for place, known in _FIELDS.items():
        value: Any = body
        for name in filter(None, place.split(".")):
            value = value.get(name, {})
        if not isinstance(value, dict):
            return _invalid(place or "message", f"Invalid value at '{place}'", is_named=False)
        for name in value.keys() - known:
            where = f" at '{place}'" if place else ""
            words = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
            return _invalid(place or name, words, is_named=False)
    return None


def _read(body: Mapping[str, Any], project_id: str, tokens: RegistrationTokens) -> Asked | FcmRefusal:
    message: dict[str, Any] = body.get("message", {})
    android: dict[str, Any] = message.get("android", {})
    data, priority = message.get("data", {}), android.get("priority", "NORMAL")
    ttl = _seconds(android.get("ttl", f"{LONGEST_TTL_SECONDS}s"))
    refusal = _data_fault(data)
    if refusal is not None:
        return refusal
    if priority not in ("HIGH", "NORMAL"):
        words = (
            f"Invalid value at 'message.android.priority' (type.googleapis.com/...AndroidMessagePriority), {priority}"
        )
        return _invalid("message.android.priority", words, is_named=False)
    if ttl is None:
        words = f"Invalid TTL: a duration such as 3600s, from 0s to {LONGEST_TTL_SECONDS}s"
        return _invalid("message.android.ttl", words)
    if not isinstance(body.get("validate_only", False), bool):
        return _invalid("validate_only", "Invalid value at 'validate_only' (TYPE_BOOL)", is_named=False)
    token = _find(message.get("token"), project_id, tokens)
    if isinstance(token, FcmRefusal):
        return token
    return Asked(project_id, token, data, priority, ttl, body.get("validate_only", False))


def _find(value: object, project_id: str, tokens: RegistrationTokens) -> RegistrationToken | FcmRefusal:
    if value is None:
        return _invalid("message", "Recipient of the message is not set.")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        return FcmRefusal("INVALID_ARGUMENT", "The registration token is not a valid FCM registration token")
    token = tokens.find(value)
    if token is None or token.is_dead:
        return FcmRefusal("UNREGISTERED")
    return token if token.project_id == project_id else FcmRefusal("SENDER_ID_MISMATCH")


def _data_fault(data: object) -> FcmRefusal | None:
    if not isinstance(data, dict):
        return _invalid("message.data", "Invalid value at 'message.data'", is_named=False)
    for place, (key, value) in enumerate(data.items()):
        if not isinstance(value, str):
            field, shown = f"message.data[{place}].value", msgspec.json.encode(value).decode()
            return _invalid(field, f"Invalid value at '{field}' (TYPE_STRING), {shown}", is_named=False)
        if key in ("from", "gcm", "message_type") or key.startswith(("google", "gcm.")):
            return _invalid("message.data", f"Invalid data payload key: {key}")
    size_bytes = sum(len(key.encode()) + len(value.encode()) for key, value in data.items())
    return _invalid("message", "Android message is too big") if size_bytes > MAX_DATA_BYTES else None


def _seconds(ttl: object) -> float | None:
    match = _TTL.fullmatch(ttl) if isinstance(ttl, str) else None
    return None if match is None or float(match[1]) > LONGEST_TTL_SECONDS else float(match[1])


def _invalid(field: str, words: str, *, is_named: bool = True) -> FcmRefusal:
    return FcmRefusal("INVALID_ARGUMENT", words, field, is_named=is_named)
