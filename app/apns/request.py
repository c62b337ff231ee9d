"""A push as it goes out."""

from enum import StrEnum
from uuid import UUID

import msgspec

TOPIC_SUFFIX = ".push-type.liveactivity"


class Environment(StrEnum):
    """Name the APNs that a token belongs to."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


class PushKind(StrEnum):
    """Name what a push does to its card, or that it is a notification in its place, or wakes the app."""

    START = "start"
    UPDATE = "update"
    END = "end"
    ALERT = "alert"
    BACKGROUND = "background"


class PushType(StrEnum):
    """Name what APNs calls the kinds of pushes that are sent from here."""

    LIVE_ACTIVITY = "liveactivity"
    ALERT = "alert"
    BACKGROUND = "background"


class ApnsRequest(msgspec.Struct, frozen=True):
    """A push, independent of the host it is sent to and of the token that authorises it.

    Attributes:
        token: the device's start, update or alert token, hexadecimal, of any length.
        app: the bundle id.
        expiration: Unix seconds; 0 means one attempt, not stored.
        priority: 10 for what must be seen now, 5 for the rest.
        attributes_size_bytes: the size of the attributes the card was started with, for an update or end.
        collapse_id: an earlier notification with the same one is replaced; none for a Live Activity.
        once: it must not be repeated on suspicion (a start, a notification), so whether it left has to be known as
            exactly as can be.
    """

    environment: Environment
    app: str
    topic: str
    token: str
    apns_id: str
    priority: int
    expiration: int
    payload: bytes
    push_type: PushType = PushType.LIVE_ACTIVITY
    collapse_id: str | None = None
    attributes_size_bytes: int = 0
    once: bool = False

    def __repr__(self) -> str:
        return f"ApnsRequest(apns_id={self.apns_id!r}, topic={self.topic!r}, environment={self.environment})"


def build(
    *,
    environment: Environment,
    app: str,
    token: str,
    apns_id: UUID,
    priority: int,
    expiration: int,
    payload: bytes,
    push_type: PushType = PushType.LIVE_ACTIVITY,
    collapse_id: str | None = None,
    attributes_size_bytes: int = 0,
    once: bool = False,
) -> ApnsRequest:
    """Put a request together; what it means is checked by `preflight`."""
    return ApnsRequest(
        environment=environment,
        app=app,
        topic=app + TOPIC_SUFFIX if push_type is PushType.LIVE_ACTIVITY else app,
        token=token,
        apns_id=str(apns_id),
        priority=priority,
        expiration=expiration,
        payload=payload,
        push_type=push_type,
        collapse_id=collapse_id,
        attributes_size_bytes=attributes_size_bytes,
        once=once,
    )
