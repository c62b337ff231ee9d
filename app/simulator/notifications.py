"""Keep an iPhone's ordinary notifications, as its Notification Centre does: the newest with a collapse id replaces."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.simulator.alerts import Reader


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """Say what a notification says.

    Args:
        at: Unix seconds, by the phone's clock.
        collapse_id: by which a later one takes its place.
        custom: what stands beside `aps`, for the app that is opened by it.
    """

    at: float
    apns_id: str
    title: str
    body: str
    sound: str | None
    collapse_id: str | None
    custom: dict[str, Any]


def read_notification(
    payload: Mapping[str, Any], reader: Reader, *, apns_id: str, collapse_id: str | None, now: float
) -> Notification | None:
    """Give what the phone shows of a push, or `None` if there is nothing to show."""
    told = reader.read_notification(payload["aps"])
    if told is None:
        return None
    custom = {name: value for name, value in payload.items() if name != "aps"}
    return Notification(now, apns_id, told.title, told.body, told.sound, collapse_id, custom)
