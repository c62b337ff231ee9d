"""Send pushes over generations of connections, whichever engine makes them."""

import asyncio
import random
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.generation import Attempt, Generation, Link, SupersededError
from app.apns.request import Asked, Environment
from app.apns.transports import Unreachable

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
        reconnect_pause_seconds: after a connection failed, pushes that need a new one fail at once for so long.
        topic_seconds: a connection that is older is replaced when an app comes up that it never served.
    """

    base_urls: dict[Environment, str]
    max_in_flight: int = 500
    idle_seconds: float = 3_600.0
    max_age_seconds: float = 6 * 3_600.0
    most_timeouts: int = 3
    reconnect_pause_seconds: float = 0.5
    topic_seconds: float = 300.0


class Route:
    """Where pushes of one credential go in one environment: APNs binds a connection to the team of its first push."""

    def __init__(self, environment: Environment, host: str, port: int) -> None:
        self.environment = environment
        self.host = host
        self.port = port
        self.current: Generation | None = None
        self.topics: set[str] = set()

    @property
    def connected(self) -> bool:
        """Tell whether it has a connection that serves."""
        return self.current is not None and self.current.warm and not self.current.spent

    def retire(self) -> None:
        """Send what comes next over a new connection."""
        if self.current is not None:
            self.current.retire()
            self.current = None

    def meet(self, topic: str, *, settled: float) -> None:
        """Replace a connection older than `settled` seconds by one that was opened after the topic came up.

        APNs takes no topic on a connection that was added to the team after it was opened.
        """
        if topic in self.topics:
            return
        self.topics.add(topic)
        if self.current is not None and self.current.age > settled:
            self.retire()


class _Failure(msgspec.Struct, frozen=True):
    """How the last try to connect to an environment ended; the credential plays no part before a first push."""

    why: str
    cause: NotSentCause
    at: float


class EngineTransport:
    """An `PushTransport` with one connection for an environment and a credential."""

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
        self._routes: dict[tuple[Environment, str], Route] = {}
        self._failures: dict[Environment, _Failure] = {}
        self._hosts = {name: _host_and_port(url) for name, url in settings.base_urls.items()}

    @property
    def free_permits(self) -> int:
        """Tell how many more pushes may be begun."""
        return max(0, self._settings.max_in_flight - self._in_flight)

    async def send(self, request: Asked, *, credential: str, bearer: str, deadline_seconds: float) -> Answer:
        """Send one push and give the answer; see `PushTransport.send`."""
        if self._closed:
            raise NotSent("the sender is shutting down", cause=NotSentCause.CLOSED)
        attempt = Attempt(request, bearer)
        self._in_flight += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(deadline_seconds), self._permits:
                return await self._send_on_a_generation(attempt, self._route(request, credential))
        except TimeoutError as error:
            if attempt.generation is not None:
                attempt.generation.note_timeout()
            why = f"no answer within {deadline_seconds:g} s"
            raise Ambiguous(why) if attempt.left else NotSent(why, cause=NotSentCause.DEADLINE) from error
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    def unreachable(self) -> Mapping[Environment, Unreachable]:
        """Tell where the last try to connect failed; see `PushTransport.unreachable`."""
        return {
            environment: Unreachable(
                failure.why,
                failure.at,
                failure.at + self._settings.reconnect_pause_seconds,
                frozenset(
                    credential
                    for (there, credential), route in self._routes.items()
                    if there == environment and route.connected
                ),
            )
            for environment, failure in self._failures.items()
        }

    def renew(self, environment: Environment, credential: str) -> None:
        """Send what comes next over a new connection; the old one drains and closes."""
        if (route := self._routes.get((environment, credential))) is not None:
            route.retire()

    async def close(self) -> None:
        """Begin nothing new, let what is in flight finish, close the connections."""
        self._closed = True
        await self._idle.wait()
        for route in self._routes.values():
            route.retire()
        await asyncio.gather(*self._closing)

    def _route(self, request: Asked, credential: str) -> Route:
        name = (request.environment, credential)
        if (route := self._routes.get(name)) is None:
            route = self._routes[name] = Route(request.environment, *self._hosts[request.environment])
        route.meet(request.topic, settled=self._settings.topic_seconds)
        return route

    async def _send_on_a_generation(self, attempt: Attempt, route: Route) -> Answer:
        while True:
            generation = self._generation(route)
            try:
                if generation.warm:
                    return await generation.exchange(attempt)
                # Until a first push was answered APNs allows one stream, and a token that is wrong would
                # be wrong for all: so one goes alone.
                async with generation.gate:
                    if not generation.warm and not generation.spent:
                        return await self._go_first(route, generation, attempt)
            except SupersededError:
                continue

    def _generation(self, route: Route) -> Generation:
        if route.current is not None and not route.current.spent:
            return route.current
        route.retire()
        settings, now = self._settings, asyncio.get_running_loop().time()
        failure = self._failures.get(route.environment)
        if failure is not None and now < failure.at + settings.reconnect_pause_seconds:
            raise NotSent(failure.why, cause=failure.cause)
        route.current = Generation(
            self._engine.link(route.host, route.port),
            idle_seconds=settings.idle_seconds,
            max_age_seconds=settings.max_age_seconds * self._dice.uniform(_YOUNGEST, 1.0),
            most_timeouts=settings.most_timeouts,
            closing=self._closing,
        )
        return route.current

    async def _go_first(self, route: Route, generation: Generation, attempt: Attempt) -> Answer:
        try:
            return await generation.exchange(attempt)
        except NotSent as outcome:
            if outcome.unconnected:
                now = asyncio.get_running_loop().time()
                self._failures[route.environment] = _Failure(outcome.why, outcome.cause, now)
            raise
        finally:
            if attempt.left:
                # a connection came about, whatever became of the push
                self._failures.pop(route.environment, None)


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"{url!r} is not an https:// address")
    return parts.hostname, parts.port or 443
