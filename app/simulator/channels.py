"""Keep the channels of broadcast pushes, as APNs does: who made them, how many there are, what each has stored.

The rules: at most 10,000 channels an app and environment; a channel's id and policy never change; a channel of policy 1
stores the newest message, for eight hours or until it expires, for phones that are offline or subscribe later; one of
policy 0 stores none; a deleted channel does not come back.

Source:
    Apple, "Sending channel management requests to APNs".
"""

import base64
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from app.simulator.device_tokens import Environment

MOST_CHANNELS = 10_000
STORED_SECONDS = 8 * 3600
NO_MESSAGE, NEWEST_MESSAGE = 0, 1

Policy = Literal[0, 1]


class Message(msgspec.Struct, frozen=True):
    """Hold what was published on a channel; times are Unix seconds, and an expiration of 0 is none."""

    channel_id: str
    app: str
    request_id: str
    payload: dict[str, Any]
    priority: int
    expiration: int
    published_at: float

    def is_kept(self, now: float) -> bool:
        """Tell whether APNs would still deliver it to a phone that it has not reached."""
        return now < min(self.expiration, self.published_at + STORED_SECONDS)


class Channel(msgspec.Struct):
    """Hold a channel; `environment` is `None` where one address serves both."""

    channel_id: str
    app: str
    environment: Environment | None
    policy: Policy
    published: int = 0
    stored: Message | None = None


class Channels:
    """Find channels by app and id.

    Args:
        new_id: draws a UUID.
        most: how many an app may have in an environment.
    """

    def __init__(self, new_id: Callable[[], str], *, most: int = MOST_CHANNELS) -> None:
        self._new_id, self.most = new_id, most
        self._channels: dict[tuple[str, str], Channel] = {}
        self.made = 0

    def create(self, app: str, environment: Environment | None, policy: Policy) -> Channel | None:
        """Make a channel, or give `None` where the app has as many as it may."""
        if len(self.ids(app, environment)) >= self.most:
            return None
        # Apple promises no size; 16 bytes have been seen.
        channel_id = base64.b64encode(bytes.fromhex(self._new_id().replace("-", ""))).decode()
        channel = self._channels[app, channel_id] = Channel(channel_id, app, environment, policy)
        self.made += 1
        return channel

    def find(self, app: str, channel_id: str, environment: Environment | None) -> Channel | None:
        """Give the app's channel, if it is there in this environment."""
        channel = self._channels.get((app, channel_id))
        here = channel is not None and (
            environment is None or channel.environment is None or environment == channel.environment
        )
        return channel if here else None

    def ids(self, app: str, environment: Environment | None) -> list[str]:
        """List the ids of an app's channels in an environment."""
        return [
            each.channel_id for each in self._channels.values() if each.app == app and each.environment == environment
        ]

    def delete(self, channel: Channel) -> None:
        """Forget a channel for good."""
        self._channels.pop((channel.app, channel.channel_id), None)

    def lose_all(self) -> None:
        """Forget every channel, as happens when broadcast is switched off for an app."""
        self._channels.clear()

    def publish(self, channel: Channel, message: Message) -> None:
        """Count a message, and store it if that is the channel's policy."""
        channel.published += 1
        if channel.policy == NEWEST_MESSAGE:
            channel.stored = message

    def __iter__(self) -> Iterator[Channel]:
        return iter(tuple(self._channels.values()))
