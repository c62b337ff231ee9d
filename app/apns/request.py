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
    """Name what a push does to its card."""

    START = "start"
    UPDATE = "update"
    END = "end"


class ApnsRequest(msgspec.Struct, frozen=True):
    """A push, independent of the host it is sent to and of the token that authorises it.

    Attributes:
        token: the device's start or update token, hexadecimal, of any length.
        app: the bundle id.
        expiration: Unix seconds; 0 means one attempt, not stored.
        priority: 10 for what must be seen now, 5 for the rest.
        attributes_size_bytes: the size of the attributes the card was started with, for an update or end.
        once: it must not be repeated on suspicion (a start), so whether it left has to be known as exactly as can be.
    """

    environment: Environment
    app: str
    topic: str
    token: str
    apns_id: str
    priority: int
    expiration: int
    payload: bytes
    push_type: str = "liveactivity"
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
    attributes_size_bytes: int = 0,
    once: bool = False,
) -> ApnsRequest:
    """Put a request together; what it means is checked by `preflight`."""
    return ApnsRequest(
        environment=environment,
        app=app,
        topic=app + TOPIC_SUFFIX,
        token=token,
        apns_id=str(apns_id),
        priority=priority,
        expiration=expiration,
        payload=payload,
        attributes_size_bytes=attributes_size_bytes,
        once=once,
    )
