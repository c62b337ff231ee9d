"""Send pushes over generations of connections, whichever engine makes them."""

import asyncio
import random
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.generation import Attempt, Generation, Link, SupersededError
from app.apns.request import ApnsRequest, Environment

_NO_CONNECTION = frozenset({NotSentCause.DNS, NotSentCause.CONNECT, NotSentCause.TLS})
_YOUNGEST = 0.8
"""Connections are replaced at between this part of their greatest age and the whole, so not all at once."""


class Engine(Protocol):
    """What makes connections."""

    def link(self, host: str, port: int) -> Link:
        """Give a connection that its first push opens, with the name looked up anew."""


class TransportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach APNs.

    Attributes:
        base_urls: `https://host[:port]` of each environment.
        max_in_flight: pushes under way at once, those that wait for a stream included.
        idle_seconds: a connection that was left alone for longer is replaced.
        max_age_seconds: a connection is replaced after so long, or up to a fifth earlier.
        most_timeouts: so many in a row, and no answer between, replace a connection.
        reconnect_pause_seconds: after a connection failed, pushes fail at once for so long.
    """

    base_urls: dict[Environment, str]
    max_in_flight: int = 500
    idle_seconds: float = 3_600.0
    max_age_seconds: float = 6 * 3_600.0
    most_timeouts: int = 3
    reconnect_pause_seconds: float = 1.0


class EngineTransport:
    """An `ApnsTransport` with one connection an environment."""

    def __init__(self, engine: Engine, settings: TransportSettings, *, dice: random.Random | None = None) -> None:
        self._engine = engine
        self._settings = settings
        self._dice = dice or random.SystemRandom()
        self._permits = asyncio.Semaphore(settings.max_in_flight)
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()
        self._current: dict[Environment, Generation] = {}
        self._failed: dict[Environment, tuple[float, NotSent]] = {}
        self._hosts = {name: _host_and_port(url) for name, url in settings.base_urls.items()}

    @property
    def free_permits(self) -> int:
        """Tell how many more pushes may be begun."""
        return max(0, self._settings.max_in_flight - self._in_flight)

    async def send(self, request: ApnsRequest, *, bearer: str, deadline_seconds: float) -> Answer:
        """Send one push and give the answer; see `ApnsTransport.send`."""
        if self._closed:
            raise NotSent("the sender is shutting down", cause=NotSentCause.CLOSED)
        attempt = Attempt(request, bearer)
        self._in_flight += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(deadline_seconds), self._permits:
                return await self._send_on_a_generation(attempt)
        except TimeoutError as error:
            if attempt.generation is not None:
                attempt.generation.note_timeout()
            why = f"no answer within {deadline_seconds:g} s"
            raise Ambiguous(why) if attempt.left else NotSent(why, cause=NotSentCause.DEADLINE) from error
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    def renew(self, environment: Environment) -> None:
        """Send what comes next over a new connection; the old one drains and closes."""
        if (generation := self._current.pop(environment, None)) is not None:
            generation.retire()

    async def close(self) -> None:
        """Begin nothing new, let what is in flight finish, close the connections."""
        self._closed = True
        await self._idle.wait()
        for environment in list(self._current):
            self.renew(environment)
        await asyncio.gather(*self._closing)

    async def _send_on_a_generation(self, attempt: Attempt) -> Answer:
        environment = attempt.request.environment
        while True:
            generation = self._generation(environment)
            try:
                if generation.warm:
                    return await generation.exchange(attempt)
                # Until a first push was answered APNs allows one stream, and a token that is wrong would
                # be wrong for all: so one goes alone.
                async with generation.gate:
                    if not generation.warm and not generation.spent:
                        return await self._go_first(environment, generation, attempt)
            except SupersededError:
                continue

    def _generation(self, environment: Environment) -> Generation:
        current = self._current.get(environment)
        if current is not None and not current.spent:
            return current
        self.renew(environment)
        now = asyncio.get_running_loop().time()
        again_at, failure = self._failed.get(environment, (0.0, None))
        if failure is not None and now < again_at:
            raise NotSent(failure.why, cause=failure.cause)
        settings = self._settings
        self._current[environment] = Generation(
            self._engine.link(*self._hosts[environment]),
            idle_seconds=settings.idle_seconds,
            max_age_seconds=settings.max_age_seconds * self._dice.uniform(_YOUNGEST, 1.0),
            most_timeouts=settings.most_timeouts,
            closing=self._closing,
        )
        return self._current[environment]

    async def _go_first(self, environment: Environment, generation: Generation, attempt: Attempt) -> Answer:
        try:
            return await generation.exchange(attempt)
        except NotSent as failure:
            if failure.cause in _NO_CONNECTION:
                again_at = asyncio.get_running_loop().time() + self._settings.reconnect_pause_seconds
                self._failed[environment] = (again_at, failure)
            raise


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"{url!r} is not an https:// address")
    return parts.hostname, parts.port or 443
