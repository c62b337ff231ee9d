"""Bring to a phone what is published on the channels that its cards follow."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from app.simulator.chance import Chance, Profile
from app.simulator.channels import NEWEST_MESSAGE, Channels, Message
from app.simulator.deliveries import Deliveries
from app.simulator.phone import Phone


class Host(Protocol):
    """Whose phone it is: how far it is from instant and orderly, and whether it has a network, may change."""

    phone: Phone
    profile: Profile

    @property
    def online(self) -> bool:
        """Say whether the phone has a network."""


class Following:
    """Deliver messages of channels to one phone: late, lost, or, after it was offline, the newest that is stored.

    Args:
        host: whose phone they go to.
        channels: the channels there are.
        chance: draws the delays.
        clock: the true time.
        phone_clock: the phone's own.
        reacted: is told after the phone has taken a message.
    """

    def __init__(
        self,
        host: Host,
        channels: Channels,
        *,
        chance: Chance,
        clock: Callable[[], float],
        phone_clock: Callable[[], float],
        reacted: Callable[[], None],
    ) -> None:
        self._host, self._phone, self._channels, self._chance = host, host.phone, channels, chance
        self._clock, self._phone_clock, self._reacted = clock, phone_clock, reacted
        self._deliveries = Deliveries(chance)
        # by channel: the newest message that APNs passed on to the phone
        self._passed_on: dict[str, str] = {}

    def knows(self, channel_id: object) -> bool:
        """Tell whether the phone can subscribe to a channel: a card with one that is not there does not start."""
        return isinstance(channel_id, str) and (
            self._channels.find(self._phone.bundle_id, channel_id, self._phone.environment) is not None
        )

    def deliver(self, message: Message) -> None:
        """Bring a message to the phone, if one of its cards follows the channel."""
        if message.app != self._phone.bundle_id or message.channel_id not in self._phone.followed:
            return
        if not self._host.online:
            channel = self._channels.find(message.app, message.channel_id, self._phone.environment)
            if channel is None or channel.policy != NEWEST_MESSAGE:
                self._phone.miss_broadcast(message, "the phone was offline, and the channel stores nothing", self._now)
            return
        self._passed_on[message.channel_id] = message.request_id
        if self._chance.happens(self._host.profile.push_loss_probability):
            self._phone.miss_broadcast(message, "lost between APNs and the phone", self._now)
            return
        self._deliveries.bring(partial(self._take, message), self._host.profile.delivery_seconds)

    def catch_up(self) -> None:
        """Bring what the channels have stored and the phone did not get: it was offline, or has just subscribed."""
        for channel_id in sorted(self._phone.followed):
            channel = self._channels.find(self._phone.bundle_id, channel_id, self._phone.environment)
            stored = None if channel is None else channel.stored
            if stored is None or self._passed_on.get(channel_id) == stored.request_id:
                continue
            if stored.is_kept(self._clock()):
                self.deliver(stored)
            else:
                self._passed_on[channel_id] = stored.request_id
                self._phone.miss_broadcast(stored, "expired before the phone could get it", self._now)

    def stop(self) -> None:
        """Bring nothing more that is under way."""
        self._deliveries.stop()

    @property
    def _now(self) -> float:
        return self._phone_clock()

    def _take(self, message: Message) -> None:
        self._phone.receive_broadcast(message, self._now)
        self._reacted()
