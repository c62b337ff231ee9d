"""Judge a request as Apple documents, before any phone sees it.

The rules: `POST /3/device/<token>`; a bearer token signed with ES256; `apns-push-type: liveactivity` with a topic
that ends in `.push-type.liveactivity` once, or `alert` or `background` with the bundle id alone; optional `apns-id`
(UUID), `apns-priority` (5 or 10, for an alert 1 too, for background 5 alone), `apns-expiration` (Unix seconds) and
`apns-collapse-id` (at most 64 bytes); a JSON body with `aps`, at most 4,096 bytes. What the payload means is the
phone's matter: APNs answers 200 to a start that no phone will show.

Apple does not document the order in which it looks; ours is path, provider token, headers, topic, body,
device token. For a body that is not JSON Apple names no reason; we answer `PayloadEmpty`.

Source:
    Apple, "Sending notification requests to APNs" and "Handling notification responses from APNs".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from app.simulator.device_tokens import DeviceToken, DeviceTokens, Environment
from app.simulator.provider_keys import ProviderKey, ProviderKeys

MAX_BODY_BYTES = 4096
TOPIC_SUFFIX = ".push-type.liveactivity"
DEVICE_PATH = "/3/device/"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(r"([0-9a-fA-F]{2})+")
_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]+")
_SINGLE = frozenset(
    {
        "authorization",
        "apns-id",
        "apns-push-type",
        "apns-topic",
        "apns-priority",
        "apns-expiration",
        "apns-collapse-id",
    }
)
_decode_json = msgspec.json.Decoder().decode


class Request(msgspec.Struct, frozen=True):
    """Hold a request as it came; a body that is too large for any request may be cut off."""

    headers: Sequence[tuple[str, str]]
    body: bytes = b""


class Refusal(msgspec.Struct, frozen=True):
    """Say why APNs refuses; `timestamp_ms` comes with 410 alone."""

    reason: str
    timestamp_ms: int | None = None


class Push(msgspec.Struct, frozen=True):
    """Hold a push that APNs accepted and passes on to a phone."""

    apns_id: str
    token: DeviceToken
    payload: dict[str, Any]
    priority: int
    expiration: int | None
    collapse_id: str | None = None
    push_type: str = "liveactivity"


class Verdict(msgspec.Struct, frozen=True):
    """Say what APNs makes of a request.

    `key` is there when the provider token was good, even if the push is refused.
    """

    apns_id: str
    outcome: Push | Refusal
    key: ProviderKey | None = None


def judge(
    request: Request,
    *,
    environment: Environment | None,
    keys: ProviderKeys,
    tokens: DeviceTokens,
    bound_to: ProviderKey | None,
    new_id: Callable[[], str],
    now: float,
) -> Verdict:
    """Decide whether APNs takes the push.

    Args:
        request: what came.
        environment: the one this address serves; `None` serves both.
        keys: the registered provider keys.
        tokens: the device tokens there are.
        bound_to: the key of the first good request on the connection.
        new_id: makes an apns-id where the request brings none.
        now: Unix seconds.
    """
    headers = dict(request.headers)
    given_id = headers.get("apns-id")
    apns_id = given_id if given_id is not None and _UUID.fullmatch(given_id) else new_id()
    refusal = _refuse_route(headers)
    if refusal is not None:
        return Verdict(apns_id, refusal)
    key = authenticate(headers.get("authorization"), keys, environment, bound_to, now)
    if isinstance(key, Refusal):
        return Verdict(apns_id, key)
    refusal = _refuse_headers(request.headers, headers) or _refuse_topic(headers)
    if refusal is not None:
        return Verdict(apns_id, refusal, key)
    payload = read_body(request.body, most=MAX_BODY_BYTES)
    if isinstance(payload, Refusal):
        return Verdict(apns_id, payload, key)
    token = _find_token(headers, tokens, environment)
    if isinstance(token, Refusal):
        return Verdict(apns_id, token, key)
    priority, collapse_id = int(headers.get("apns-priority", 10)), headers.get("apns-collapse-id")
    push = Push(apns_id, token, payload, priority, _expiration(headers), collapse_id, headers["apns-push-type"])
    return Verdict(apns_id, push, key)


def token_in(path: str) -> str | None:
    """Give the device token a path names, in lower case."""
    return path.removeprefix(DEVICE_PATH).lower() if path.startswith(DEVICE_PATH) else None


def _refuse_route(headers: Mapping[str, str]) -> Refusal | None:
    path = headers.get(":path", "")
    if not path.startswith(DEVICE_PATH.rstrip("/")):
        return Refusal("BadPath")
    if headers.get(":method") != "POST":
        return Refusal("MethodNotAllowed")
    if path in (DEVICE_PATH, DEVICE_PATH.rstrip("/")):
        return Refusal("MissingDeviceToken")
    return None if path.startswith(DEVICE_PATH) and "/" not in path[len(DEVICE_PATH) :] else Refusal("BadPath")


def authenticate(
    authorization: str | None,
    keys: ProviderKeys,
    environment: Environment | None,
    bound_to: ProviderKey | None,
    now: float,
) -> ProviderKey | Refusal:
    """Give the key that signed the provider token, or the reason for refusing it; see `judge`."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return Refusal("MissingProviderToken")
    key = keys.verify(token, now=now)
    if isinstance(key, str):
        return Refusal(key)
    if key.environment is not None and environment is not None and key.environment != environment:
        return Refusal("BadEnvironmentKeyInToken")
    # A connection belongs to the team and key of its first push.
    if bound_to is not None and bound_to != key:
        return Refusal("UnrelatedKeyIdInToken")
    return key


def _refuse_headers(pairs: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> Refusal | None:
    if len(pairs) != len(headers):
        names = [name for name, _ in pairs]
        if any(names.count(name) > 1 for name in _SINGLE):
            return Refusal("DuplicateHeaders")
    for name, is_good, reason in _HEADER_RULES:
        value = headers.get(name)
        if value is not None and not is_good(value):
            return Refusal(reason)
    if "apns-push-type" not in headers:
        return Refusal("InvalidPushType")
    taken = _PRIORITIES[headers["apns-push-type"]]
    return None if headers.get("apns-priority", "10") in taken else Refusal("BadPriority")


_PRIORITIES: Mapping[str, tuple[str, ...]] = {
    "liveactivity": ("5", "10"),
    "alert": ("1", "5", "10"),
    "background": ("5",),
}
_HEADER_RULES: tuple[tuple[str, Callable[[str], object], str], ...] = (
    ("apns-push-type", lambda value: value in _PRIORITIES, "InvalidPushType"),
    ("apns-id", _UUID.fullmatch, "BadMessageId"),
    ("apns-expiration", lambda value: value.isascii() and value.isdigit(), "BadExpirationDate"),
    ("apns-priority", lambda value: value in ("1", "5", "10"), "BadPriority"),
    ("apns-collapse-id", lambda value: 0 < len(value.encode()) <= 64, "BadCollapseId"),
)


def _refuse_topic(headers: Mapping[str, str]) -> Refusal | None:
    topic = headers.get("apns-topic")
    if not topic:
        return Refusal("MissingTopic")
    if not _BUNDLE_ID.fullmatch(topic):
        return Refusal("BadTopic")
    if headers["apns-push-type"] != "liveactivity":
        return Refusal("TopicDisallowed") if topic.endswith(TOPIC_SUFFIX) else None
    return None if topic.count(TOPIC_SUFFIX) == 1 and topic.endswith(TOPIC_SUFFIX) else Refusal("TopicDisallowed")


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID as Apple writes it."""
    return _UUID.fullmatch(text) is not None


def read_body(body: bytes, *, most: int) -> dict[str, Any] | Refusal:
    """Give the JSON of a push, or the reason for refusing it; `most` is how many bytes it may hold."""
    if len(body) > most:
        return Refusal("PayloadTooLarge")
    if not body:
        return Refusal("PayloadEmpty")
    try:
        payload = _decode_json(body)
    except msgspec.DecodeError:
        return Refusal("PayloadEmpty")
    if not isinstance(payload, dict) or not isinstance(payload.get("aps"), dict) or not payload["aps"]:
        return Refusal("PayloadEmpty")
    return payload


def _find_token(
    headers: Mapping[str, str], tokens: DeviceTokens, environment: Environment | None
) -> DeviceToken | Refusal:
    value = headers[":path"][len(DEVICE_PATH) :].lower()
    token = tokens.find(value) if _HEX.fullmatch(value) else None
    if token is None or (environment is not None and token.environment != environment):
        return Refusal("BadDeviceToken")
    if token.topic != headers["apns-topic"]:
        return Refusal("DeviceTokenNotForTopic")
    if token.dead_since_ms is not None:
        return Refusal(token.dead_reason, token.dead_since_ms)
    return token


def _expiration(headers: Mapping[str, str]) -> int | None:
    value = headers.get("apns-expiration")
    return None if value is None else int(value)
