"""What is asked of APNs about channels: made and deleted at one address, published on at another.

Source:
    Apple, "Sending channel management requests to APNs"; "Sending broadcast push notification requests to APNs".
"""

from uuid import UUID

import msgspec

from app.apns.request import KEPT_BODY_BYTES, Environment, Header
from projections.channel import Storage

LONGEST_LIST_BYTES = 2**20
"""An app's 10,000 ids of 24 characters take a quarter of it."""

_encode = msgspec.json.Encoder().encode
_POLICIES: dict[Storage, int] = {"none": 0, "latest": 1}


class ChannelRequest(msgspec.Struct, frozen=True):
    """A request about a channel; see `Asked`.

    Attributes:
        app: the bundle id.
        request_id: echoed by APNs.
    """

    environment: Environment
    app: str
    method: str
    path: str
    request_id: str
    own: tuple[Header, ...] = ()
    payload: bytes = b""
    once: bool = False
    kept_body_bytes: int = KEPT_BODY_BYTES

    @property
    def topic(self) -> str:
        """Give the app: requests about channels have no topic."""
        return self.app

    @property
    def headers(self) -> tuple[Header, ...]:
        """Give the header fields, in order, without the authorization."""
        return (*self.own, ("apns-request-id", self.request_id, False))

    def __repr__(self) -> str:
        return f"ChannelRequest({self.method} {self.path}, environment={self.environment})"


def create(environment: Environment, app: str, *, storage: Storage, request_id: UUID) -> ChannelRequest:
    """Ask for a channel; it is made once for each request that APNs gets."""
    body = _encode({"message-storage-policy": _POLICIES[storage], "push-type": "LiveActivity"})
    return ChannelRequest(environment, app, "POST", _channels(app), str(request_id), payload=body, once=True)


def delete(environment: Environment, app: str, *, channel_id: str, request_id: UUID) -> ChannelRequest:
    """Delete a channel for good."""
    return ChannelRequest(environment, app, "DELETE", _channels(app), str(request_id), own=(_named(channel_id),))


def read(environment: Environment, app: str, *, channel_id: str, request_id: UUID) -> ChannelRequest:
    """Ask for the settings of a channel, which tells whether it is there."""
    return ChannelRequest(environment, app, "GET", _channels(app), str(request_id), own=(_named(channel_id),))


def list_all(environment: Environment, app: str, *, request_id: UUID) -> ChannelRequest:
    """Ask for the ids of all channels of an app, whoever made them."""
    return ChannelRequest(
        environment, app, "GET", f"/1/apps/{app}/all-channels", str(request_id), kept_body_bytes=LONGEST_LIST_BYTES
    )


def publish(
    environment: Environment,
    app: str,
    *,
    channel_id: str,
    request_id: UUID,
    priority: int,
    expiration: int,
    payload: bytes,
) -> ChannelRequest:
    """Send an update or an end to every card that follows a channel.

    The expiration is in Unix seconds, and 0 for a channel that stores nothing.
    """
    return ChannelRequest(
        environment,
        app,
        "POST",
        f"/4/broadcasts/apps/{app}",
        str(request_id),
        own=(
            ("apns-push-type", "liveactivity", True),
            ("apns-priority", str(priority), True),
            ("apns-expiration", str(expiration), False),
            _named(channel_id),
        ),
        payload=payload,
    )


def _channels(app: str) -> str:
    return f"/1/apps/{app}/channels"


def _named(channel_id: str) -> Header:
    return ("apns-channel-id", channel_id, False)
