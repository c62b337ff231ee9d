"""Judge requests about channels as Apple documents.

The rules of a publish: `POST /4/broadcasts/apps/<bundle id>` at the address of pushes; `apns-push-type: liveactivity`;
`apns-channel-id`; `apns-priority` and `apns-expiration`, both required, the latter 0 on a channel that stores nothing;
no topic; a JSON body with `aps`, at most 5,120 bytes, whose event is `update` or `end`.

The rules of management, at an address and port of its own: `POST` to `/1/apps/<bundle id>/channels` with
`{"message-storage-policy": 0 or 1, "push-type": "LiveActivity"}` is answered 201 with the id in `apns-channel-id`;
`GET` and `DELETE` of the same path, with the id in that header, 200 and 204; `GET` of
`/1/apps/<bundle id>/all-channels` 200 and all ids.

Apple does not document the order in which it looks; ours is path, method, provider token, headers, channel, body.

Source:
    Apple, "Sending broadcast push notification requests to APNs"; "Sending channel management requests to APNs";
    "Handling error responses from Apple Push Notification service".
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from app.simulator.channels import NO_MESSAGE, Channel, Channels, Policy
from app.simulator.device_tokens import Environment
from app.simulator.provider_keys import ProviderKey, ProviderKeys
from app.simulator.rules import Refusal, Request, authenticate, is_uuid, read_body

MAX_BROADCAST_BYTES = 5120
BROADCAST_PATH = "/4/broadcasts/apps/"

_MANAGED = re.compile(r"/1/apps/([A-Za-z0-9.-]+)/(channels|all-channels)")
_APP = re.compile(r"[A-Za-z0-9.-]+")
_TOPIC_MARK = ".push-type."


class Wanted(msgspec.Struct, frozen=True):
    """Say what a good management request asks for: `made` is the policy of a new channel."""

    app: str
    act: str
    made: Policy | None = None
    channel: Channel | None = None


class Published(msgspec.Struct, frozen=True):
    """Hold what a good publish brings."""

    channel: Channel
    payload: dict[str, Any]
    priority: int
    expiration: int


class Judged(msgspec.Struct, frozen=True):
    """Say what APNs makes of a request; `key` is there when the provider token was good."""

    outcome: Published | Wanted | Refusal
    key: ProviderKey | None = None


class _NewChannel(msgspec.Struct, frozen=True, rename="kebab"):
    message_storage_policy: Policy
    push_type: str


_decode_new = msgspec.json.Decoder(_NewChannel).decode


class Grounds(msgspec.Struct, frozen=True):
    """Hold what a request is judged by: see `rules.judge`; `enabled` says whether apps may use channels at all."""

    environment: Environment | None
    keys: ProviderKeys
    channels: Channels
    bound_to: ProviderKey | None
    now: float
    enabled: bool = True


def is_broadcast(path: str) -> bool:
    """Tell whether a path is one of publishing."""
    return path.startswith(BROADCAST_PATH)


def judge_publish(request: Request, grounds: Grounds) -> Judged:
    """Decide whether APNs takes a message for a channel."""
    headers = dict(request.headers)
    app = headers.get(":path", "").removeprefix(BROADCAST_PATH)
    if not _APP.fullmatch(app):
        return Judged(Refusal("BadPath"))
    if headers.get(":method") != "POST":
        return Judged(Refusal("MethodNotAllowed"))
    key = _authenticate(headers, grounds)
    if isinstance(key, Refusal):
        return Judged(key)
    return Judged(_published(headers, request.body, app, grounds), key)


def judge_management(request: Request, grounds: Grounds) -> Judged:
    """Decide what APNs does with a request to manage channels."""
    headers = dict(request.headers)
    path = _MANAGED.fullmatch(headers.get(":path", ""))
    if path is None:
        return Judged(Refusal("BadPath"))
    app, place = path.groups()
    method = headers.get(":method", "")
    if method not in (("GET",) if place == "all-channels" else ("GET", "POST", "DELETE")):
        return Judged(Refusal("MethodNotAllowed"))
    key = _authenticate(headers, grounds)
    if isinstance(key, Refusal):
        return Judged(key)
    return Judged(_wanted(headers, request.body, app, place, grounds), key)


def _published(headers: Mapping[str, str], body: bytes, app: str, grounds: Grounds) -> Published | Refusal:
    refusal = None if grounds.enabled else Refusal("FeatureNotEnabled")
    refusal = refusal or _refuse_publish_headers(headers, app)
    if refusal is not None:
        return refusal
    channel = _find_channel(headers, app, grounds)
    if isinstance(channel, Refusal):
        return channel
    expiration = int(headers["apns-expiration"])
    if channel.policy == NO_MESSAGE and expiration:
        return Refusal("BadExpirationDate")
    payload = read_body(body, most=MAX_BROADCAST_BYTES)
    if isinstance(payload, Refusal):
        return payload
    if payload["aps"].get("event") not in ("update", "end"):
        return Refusal("BadRequestPayload")
    return Published(channel, payload, int(headers["apns-priority"]), expiration)


def _wanted(headers: Mapping[str, str], body: bytes, app: str, place: str, grounds: Grounds) -> Wanted | Refusal:
    if not grounds.enabled:
        return Refusal("FeatureNotEnabled")
    if _TOPIC_MARK in app:
        return Refusal("TopicDisallowed")
    if not _has_good_request_id(headers):
        return Refusal("BadMessageId")
    if place == "all-channels":
        return Wanted(app, "list")
    if headers[":method"] == "POST":
        return _read_new(body, app)
    channel = _find_channel(headers, app, grounds)
    if isinstance(channel, Refusal):
        return channel
    return Wanted(app, "read" if headers[":method"] == "GET" else "delete", channel=channel)


def _authenticate(headers: Mapping[str, str], grounds: Grounds) -> ProviderKey | Refusal:
    return authenticate(headers.get("authorization"), grounds.keys, grounds.environment, grounds.bound_to, grounds.now)


def _refuse_publish_headers(headers: Mapping[str, str], app: str) -> Refusal | None:
    if _TOPIC_MARK in app or "apns-topic" in headers:
        return Refusal("TopicDisallowed")
    if "apns-push-type" not in headers:
        return Refusal("MissingPushType")
    if headers["apns-push-type"].lower() != "liveactivity":
        return Refusal("InvalidPushType")
    if not _has_good_request_id(headers):
        return Refusal("BadMessageId")
    if headers.get("apns-priority") not in ("1", "5", "10"):
        return Refusal("BadPriority")
    expiration = headers.get("apns-expiration", "")
    return None if expiration.isascii() and expiration.isdigit() else Refusal("BadExpirationDate")


def _has_good_request_id(headers: Mapping[str, str]) -> bool:
    return "apns-request-id" not in headers or is_uuid(headers["apns-request-id"])


def _find_channel(headers: Mapping[str, str], app: str, grounds: Grounds) -> Channel | Refusal:
    channel_id = headers.get("apns-channel-id")
    if not channel_id:
        return Refusal("MissingChannelId")
    try:
        base64.b64decode(channel_id, validate=True)
    except binascii.Error:
        return Refusal("BadChannelId")
    return grounds.channels.find(app, channel_id, grounds.environment) or Refusal("ChannelNotRegistered")


def _read_new(body: bytes, app: str) -> Wanted | Refusal:
    if not body:
        return Refusal("PayloadEmpty")
    try:
        new = _decode_new(body)
    except msgspec.ValidationError:
        return Refusal("BadRequestParams")
    except msgspec.DecodeError:
        return Refusal("BadRequestPayload")
    if new.push_type != "LiveActivity":
        return Refusal("InvalidPushType")
    return Wanted(app, "create", made=new.message_storage_policy)
