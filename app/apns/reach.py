"""Where pushes can go just now, as this process has met it.

While no connection comes about to an environment, none of its cards is claimed but those that it takes to try again:
the others keep their debt and their time, and cost nothing. Each process judges by what it meets itself. It tells those
who ask why a card waits; what it tells holds nobody else back.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

import msgspec
import structlog

from app.apns.credentials import Credentials
from app.apns.request import Environment
from app.apns.transports import PushTransport, Unreachable
from projections.outages import Outages

log = structlog.get_logger()

TOLD_AGAIN_SECONDS: Final = 10.0
MOST_TRIED: Final = 64


class Trial(msgspec.Struct, frozen=True):
    """Which cards to claim, so as to learn whether an environment can be reached again.

    Attributes:
        most: At the most so many; one, unless those before needed no push.
        held_keys: `key id/environment` of keys that have a connection: theirs would learn nothing.
    """

    environment: Environment
    most: int
    held_keys: list[str]


class Reach:
    """Knows where claims may look, and when to try what cannot be reached.

    Args:
        transport: Says where no connection comes about.
        credentials: Say which keys serve there.
        outages: Where it is told.
        told_seconds: How long it counts, unless it is told again; longer than a try takes.
    """

    def __init__(
        self, transport: PushTransport, credentials: Credentials, outages: Outages, *, told_seconds: float
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._outages = outages
        self._told_seconds = told_seconds
        self._away: Mapping[Environment, Unreachable] = {}
        self._told_at: dict[Environment, float] = {}
        self._untried = set(Environment)
        self._trying: dict[Environment, Collection[asyncio.Task[None]]] = {}
        self._most: dict[Environment, int] = {}

    @property
    def environments(self) -> list[Environment]:
        """List where claims may look."""
        return [each for each in Environment if each not in self._away or self._connected(each)]

    @property
    def held_keys(self) -> list[str]:
        """List keys, as `key id/environment`, whose cards have to wait there all the same."""
        return [
            key
            for environment in self._away
            if self._connected(environment)
            for key in self._credentials.keys_in(environment).values()
            if key not in self._connected(environment)
        ]

    def poll(self) -> None:
        """Let each environment that cannot be reached be tried again, once."""
        self._untried = set(Environment)

    def look(self) -> bool:
        """Take up what the transport has met; tell whether an environment can be reached again."""
        before, self._away = self._away, self._transport.unreachable()
        return not before.keys() <= self._away.keys()

    async def tell(self) -> None:
        """Write what changed, and what was not said for a while."""
        now = asyncio.get_running_loop().time()
        for environment, away in self._away.items():
            told_at = self._told_at.get(environment)
            if told_at is None or (away.failed_at > told_at and now - told_at >= TOLD_AGAIN_SECONDS):
                await self._outages.note(environment, away.why, seconds=self._told_seconds)
                self._told_at[environment] = now
                log.warning("apns_cannot_be_reached", environment=environment, reason=away.why)
        for environment in self._told_at.keys() - self._away.keys():
            await self._outages.end(environment)
            del self._told_at[environment]
            log.info("apns_is_reached_again", environment=environment)

    def trial(self) -> Trial | None:
        """Give what to try now, if anything."""
        now = asyncio.get_running_loop().time()
        for environment, away in self._away.items():
            under_way = any(not each.done() for each in self._trying.get(environment, ()))
            if environment in self._untried and now >= away.again_at and not under_way:
                return Trial(environment, self._most.get(environment, 1), self._connected(environment))
        return None

    def tried(self, environment: Environment, *, found: int, begun: Collection[asyncio.Task[None]]) -> None:
        """Note how many cards there were for a trial, and the pushes that came of them.

        Cards that need no push say nothing: more are looked at then, at once.
        """
        self._trying[environment] = begun
        if found and not begun:
            self._most[environment] = min(MOST_TRIED, 2 * self._most.get(environment, 1))
        else:
            self._most[environment] = 1
            self._untried.discard(environment)

    def _connected(self, environment: Environment) -> list[str]:
        """List keys, as `key id/environment`, that have a connection from before the trouble."""
        keys = self._credentials.keys_in(environment)
        return [keys[each] for each in self._away[environment].connected if each in keys]
