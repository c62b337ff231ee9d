"""A push to APNs as it goes out, and what may be asked over a connection of any kind."""

from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

import msgspec

TOPIC_SUFFIX = ".push-type.liveactivity"


DEVICE_PATH: Final = "/3/device/"
KEPT_BODY_BYTES: Final = 4_096
"""More of an answer's body than this is no error body of Apple's: a proxy's page, cut here."""

Header = tuple[str, str, bool]
"""A name, a value, and whether many requests share it, so that the table of header fields may keep it."""


class Asked(Protocol):
    """What may be asked over a connection: a push to a phone, or something about a channel."""

    @property
    def environment(self) -> "Environment":
        """Name the APNs that it goes to."""

    @property
    def topic(self) -> str:
        """Name what the connection must know of: one of before it was added to the team does not."""

    @property
    def method(self) -> str:
        """Give HTTP's method."""

    @property
    def path(self) -> str:
        """Give the path below the host."""

    @property
    def headers(self) -> tuple[Header, ...]:
        """Give the header fields, in order, without the authorization."""

    @property
    def payload(self) -> bytes:
        """Give the body."""

    @property
    def once(self) -> bool:
        """Tell whether it must not be repeated on suspicion, so whether it left has to be known."""

    @property
    def kept_body_bytes(self) -> int:
        """Tell how much of the answer's body is of use."""


class Environment(StrEnum):
    """Name the service that a token belongs to: one of Apple's two, or Google's for phones with Android."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"
    FCM = "fcm"


APPLES: Final = (Environment.PRODUCTION, Environment.SANDBOX)


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

    @property
    def method(self) -> str:
        """Give HTTP's method."""
        return "POST"

    @property
    def path(self) -> str:
        """Give the path below the host."""
        return DEVICE_PATH + self.token

    @property
    def headers(self) -> tuple[Header, ...]:
        """Give the header fields, in order, without the authorization; see `Asked`."""
        collapse = () if self.collapse_id is None else (("apns-collapse-id", self.collapse_id, False),)
        return (
            ("apns-push-type", self.push_type, True),
            ("apns-topic", self.topic, True),
            ("apns-priority", str(self.priority), True),
            ("apns-expiration", str(self.expiration), False),
            ("apns-id", self.apns_id, False),
            *collapse,
        )

    @property
    def kept_body_bytes(self) -> int:
        """Tell how much of the answer's body is of use."""
        return KEPT_BODY_BYTES

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
