"""Find what APNs would refuse, and what the phone would drop in silence.

Apple's rules:
    - `apns-topic` is the bundle id with `.push-type.liveactivity` behind it, once; the bundle id alone for an ordinary
      notification, and for what wakes the app in the background, whose priority is 5.
    - A body has at most 4,096 bytes, one for a channel 5,120; on the phone, attributes and content state together at
      most 4 KB.
    - A start without alert, with a qualified type name, or with a time in milliseconds is answered 200 and
      dropped by the phone: nobody would hear of it, so it is refused here.
    - `title` and `body` of an alert are texts, or objects of a `loc-key` and texts as `loc-args`; `sound` stands beside
      them. Without a title there is no alert, and no sound.
    - A Live Activity leaves the Lock Screen four hours after its end at the latest.

Source:
    Apple, "Sending notification requests to APNs"; "Displaying live data with Live Activities".
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import Any, Literal, assert_never

import msgspec

from app.apns.fcm_request import FcmRequest, fcm_problem
from app.apns.request import TOPIC_SUFFIX, ApnsRequest, PushType

MOST_BODY_BYTES = 4_096
MOST_MESSAGE_BYTES = 5_120
MOST_STATE_BYTES = 4_096
LONGEST_DISMISSAL_SECONDS = 4 * 3_600

# 2020 to 2100: a time in milliseconds, or one counted from 2001, is outside.
_EARLIEST_SECONDS = 1_577_836_800
_LATEST_SECONDS = 4_102_444_800

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_SWIFT_NAME = re.compile(r"[^\W\d]\w*")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Fault(StrEnum):
    """Name what makes a request unfit to be sent."""

    DEVICE = "device"
    TOPIC = "topic"
    APNS_ID = "apns_id"
    PRIORITY = "priority"
    EXPIRATION = "expiration"
    BODY_SIZE = "body_size"
    STATE_SIZE = "state_size"
    BODY = "body"
    TIMESTAMP = "timestamp"
    ALERT = "alert"
    ATTRIBUTES_TYPE = "attributes_type"
    ATTRIBUTES = "attributes"
    DISMISSAL = "dismissal"


class Problem(msgspec.Struct, frozen=True):
    """Why a request must not be sent, in a word and in a sentence."""

    fault: Fault
    why: str


class _Aps(msgspec.Struct, rename="kebab"):
    timestamp: int
    event: Literal["start", "update", "end"]
    content_state: msgspec.Raw = msgspec.Raw(b"")
    attributes_type: str = ""
    attributes: msgspec.Raw = msgspec.Raw(b"")
    alert: dict[str, Any] = {}
    stale_date: int | None = None
    dismissal_date: int | None = None


class _Body(msgspec.Struct):
    aps: _Aps


class _Notification(msgspec.Struct):
    alert: dict[str, Any]


class _NotificationBody(msgspec.Struct):
    aps: _Notification


class _Background(msgspec.Struct):
    aps: dict[str, Any]


_decode_background = msgspec.json.Decoder(_Background).decode
_decode = msgspec.json.Decoder(_Body).decode
_decode_notification = msgspec.json.Decoder(_NotificationBody).decode


def preflight(request: ApnsRequest) -> Problem | None:
    """Find the first thing that is wrong with a request.

    The attributes of a card count towards the size of its later updates too: `attributes_size_bytes`.
    """
    return next(chain(_envelope_problems(request), _problems_of(request)), None)


def problem_of(request: ApnsRequest | FcmRequest) -> str | None:
    """Say what would be refused of a request, or dropped in silence; None for nothing."""
    if isinstance(request, FcmRequest):
        return fcm_problem(request)
    problem = preflight(request)
    return None if problem is None else problem.why


def message_problem(payload: bytes) -> Problem | None:
    """Find the first thing that is wrong with the body of what is to be published on a channel."""
    if len(payload) > MOST_MESSAGE_BYTES:
        return Problem(Fault.BODY_SIZE, f"the body has {len(payload):,} of {MOST_MESSAGE_BYTES:,} bytes")
    return next(_body_problems(payload, 0), None)


def _problems_of(request: ApnsRequest) -> Iterator[Problem]:
    match request.push_type:
        case PushType.LIVE_ACTIVITY:
            return _body_problems(request.payload, request.attributes_size_bytes)
        case PushType.ALERT:
            return _notification_problems(request)
        case PushType.BACKGROUND:
            return _background_problems(request)
        case _:
            assert_never(request.push_type)


def _envelope_problems(request: ApnsRequest) -> Iterator[Problem]:
    if not _HEX.fullmatch(request.token):
        yield Problem(Fault.DEVICE, "the device token is not an even number of hexadecimal digits")
    suffix = TOPIC_SUFFIX if request.push_type is PushType.LIVE_ACTIVITY else ""
    if request.topic != request.app + suffix or TOPIC_SUFFIX in request.app or not request.app:
        yield Problem(Fault.TOPIC, f"the topic must be the bundle id{suffix and f' and {suffix}, once'}")
    if not _UUID.fullmatch(request.apns_id):
        yield Problem(Fault.APNS_ID, "the apns-id is not a canonical lower-case UUID")
    if request.priority not in (5, 10):
        yield Problem(Fault.PRIORITY, f"the priority is {request.priority}; a Live Activity takes 5 or 10")
    if request.push_type is PushType.BACKGROUND and request.priority != 5:
        yield Problem(Fault.PRIORITY, "what wakes the app in the background takes priority 5")
    if request.expiration and not _plausible(request.expiration):
        yield Problem(Fault.EXPIRATION, "the expiration is neither 0 nor a time in Unix seconds")
    if len(request.payload) > MOST_BODY_BYTES:
        yield Problem(Fault.BODY_SIZE, f"the body has {len(request.payload):,} of {MOST_BODY_BYTES:,} bytes")


def _body_problems(payload: bytes, attributes_size_bytes: int) -> Iterator[Problem]:
    try:
        aps = _decode(payload).aps
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        yield Problem(Fault.BODY, f"the body is not a Live Activity push: {error}")
        return
    if not _is_object(aps.content_state) and not (aps.event == "end" and not bytes(aps.content_state)):
        yield Problem(Fault.BODY, "the content state is not an object")
    for name, at in (("timestamp", aps.timestamp), ("stale-date", aps.stale_date)):
        if at is not None and not _plausible(at):
            yield Problem(Fault.TIMESTAMP, f"{name} {at} is not a time in Unix seconds; is it in milliseconds?")
    if aps.event == "start":
        yield from _start_problems(aps)
    if aps.alert:
        yield from _alert_problems(aps.alert)
    if aps.dismissal_date is not None and (
        aps.event != "end" or aps.dismissal_date - aps.timestamp > LONGEST_DISMISSAL_SECONDS
    ):
        yield Problem(Fault.DISMISSAL, "a dismissal date belongs to an end, at most four hours after it")
    size = len(bytes(aps.content_state)) + max(len(bytes(aps.attributes)), attributes_size_bytes)
    if size > MOST_STATE_BYTES:
        yield Problem(Fault.STATE_SIZE, f"attributes and content state have {size:,} of {MOST_STATE_BYTES:,} bytes")


def _notification_problems(request: ApnsRequest) -> Iterator[Problem]:
    try:
        alert = _decode_notification(request.payload).aps.alert
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        yield Problem(Fault.BODY, f"the body is not a notification: {error}")
        return
    if not (alert.get("title") or alert.get("title-loc-key")):
        yield Problem(Fault.ALERT, "a notification needs an alert with a title")


def _background_problems(request: ApnsRequest) -> Iterator[Problem]:
    try:
        aps = _decode_background(request.payload).aps
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        yield Problem(Fault.BODY, f"the body does not wake an app: {error}")
        return
    if aps != {"content-available": 1}:
        yield Problem(Fault.BODY, "what wakes the app has content-available, the number 1, and nothing besides in aps")


def _start_problems(aps: _Aps) -> Iterator[Problem]:
    if not aps.alert.get("title"):
        yield Problem(Fault.ALERT, "a start needs an alert with a title; the phone drops it otherwise")
    if not _SWIFT_NAME.fullmatch(aps.attributes_type):
        yield Problem(
            Fault.ATTRIBUTES_TYPE, f"{aps.attributes_type!r} is not a bare Swift type name without its module"
        )
    if not _is_object(aps.attributes):
        yield Problem(Fault.ATTRIBUTES, "a start needs its attributes as an object")


def _alert_problems(alert: dict[str, Any]) -> Iterator[Problem]:
    if not alert.get("title"):
        yield Problem(Fault.ALERT, "an alert needs a title; the phone says nothing otherwise")
    for name, value in alert.items():
        if name not in ("title", "body", "sound"):
            yield Problem(Fault.ALERT, f"{name} is no part of a Live Activity's alert")
        elif not isinstance(value, str) and (name == "sound" or not _is_localised(value)):
            yield Problem(Fault.ALERT, f"the alert's {name} is neither a text nor a loc-key with loc-args")


def _is_localised(value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() <= {"loc-key", "loc-args"}:
        return False
    args = value.get("loc-args", [])
    return bool(value.get("loc-key")) and isinstance(args, list) and all(isinstance(each, str) for each in args)


def _is_object(json: msgspec.Raw) -> bool:
    return bytes(json).startswith(b"{")


def _plausible(at: int) -> bool:
    return _EARLIEST_SECONDS <= at < _LATEST_SECONDS
