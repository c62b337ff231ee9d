"""The seam between what is sent and the engine that sends it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from app.apns.answer import Answer
from app.apns.channel_request import ChannelRequest
from app.apns.fcm_request import FcmRequest
from app.apns.request import ApnsRequest, Environment


class Unreachable(msgspec.Struct, frozen=True):
    """An environment to which no connection comes about.

    Attributes:
        why: what the last try met.
        failed_at: when that was, in seconds of the running loop's clock.
        again_at: until then pushes that need a new connection fail at once, by the same clock.
        connected: credentials whose connection was there before, and goes on.
    """

    why: str
    failed_at: float
    again_at: float
    connected: frozenset[str] = frozenset()


class PushTransport(Protocol):
    """Sends pushes to all environments; a connection serves one credential alone, as Apple demands."""

    @property
    def free_permits(self) -> int:
        """Tell how many more pushes may be begun; claim no more work than this."""

    async def send(
        self, request: ApnsRequest | FcmRequest, *, credential: str, bearer: str, deadline_seconds: float
    ) -> Answer:
        """Send one push and give the answer, whatever it says.

        Args:
            request: one that `preflight` found no fault with.
            credential: names the team and key that signed the provider token.
            bearer: the provider token.
            deadline_seconds: the longest this call may take, waiting for a permit included.

        Raises:
            NotSent: APNs provably did not process it.
            Ambiguous: it may have been processed.
        """

    def unreachable(self) -> Mapping[Environment, Unreachable]:
        """Tell where the last try to connect failed; send no more there than a push to try again with."""

    def renew(self, environment: Environment, credential: str) -> None:
        """Send what comes next over a new connection; the old one drains and closes."""

    async def close(self) -> None:
        """Begin nothing new, let what is in flight finish, close the connections."""


class ChannelTransport(Protocol):
    """Asks about channels at one of APNs' addresses, of both environments; see `PushTransport`."""

    async def send(self, request: ChannelRequest, *, credential: str, bearer: str, deadline_seconds: float) -> Answer:
        """Ask once and give the answer, whatever it says; see `PushTransport.send`."""

    def renew(self, environment: Environment, credential: str) -> None:
        """Ask what comes next over a new connection; the old one drains and closes."""
