"""Send pushes with httpx's HTTP/2 engine: pure Python, at home everywhere.

What is proven not to have been processed (`NotSent`): no connection; a deadline that passed before the last
frame was handed over; RST_STREAM with REFUSED_STREAM; a GOAWAY whose last stream is below ours, or 0.

What is not (`Ambiguous`): everything else that happens after the last frame was handed over. A GOAWAY that *covers*
the stream is no failure: APNs goes on to answer.
"""

import asyncio
import logging
import ssl
from urllib.parse import urlsplit

import h2.errors
import h2.events
import h2.exceptions
import httpcore
import httpx
import msgspec

from app.apns.answer import KEPT_BODY_BYTES, Answer, goaway_reason, read_answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.generation import Generation
from app.apns.http2_link import Push, SupersededError
from app.apns.request import ApnsRequest, Environment


class HttpxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach APNs.

    Attributes:
        base_urls: `https://host[:port]` of each environment.
        ca_file: trust these certificates and no others (a simulator's); the public ones when absent.
        max_in_flight: pushes under way at once, those that wait for a stream included.
        idle_seconds: an idle connection is left alone for so long.
        max_age_seconds: a connection is replaced after so long, and the name looked up again.
        reconnect_pause_seconds: after a connection failed, pushes fail at once for so long.
    """

    base_urls: dict[Environment, str]
    ca_file: str | None = None
    max_in_flight: int = 500
    connect_timeout_seconds: float = 10.0
    idle_seconds: float = 3_600.0
    max_age_seconds: float = 6 * 3_600.0
    reconnect_pause_seconds: float = 1.0


class HttpxTransport:
    """An `ApnsTransport` on httpx's engine, one connection an environment."""

    def __init__(self, settings: HttpxSettings) -> None:
        mute()
        self._settings = settings
        self._context = _ssl_context(settings.ca_file)
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
        host, port = self._hosts[request.environment]
        push = Push(request, authority=f"{host}:{port}".encode() if port != 443 else host.encode(), bearer=bearer)
        self._in_flight += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(deadline_seconds), self._permits:
                return await self._send_on_a_generation(request.environment, push)
        except TimeoutError as error:
            raise _unfinished(push, f"no answer within {deadline_seconds:g} s", NotSentCause.DEADLINE) from error
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

    async def _send_on_a_generation(self, environment: Environment, push: Push) -> Answer:
        while True:
            generation = self._generation(environment)
            try:
                if generation.warm:
                    return await self._exchange(generation, push)
                # Until a first push was answered APNs allows one stream, and a token that is wrong would
                # be wrong for all: so one goes alone.
                async with generation.gate:
                    if not generation.warm and not generation.retired:
                        await self._connect(environment, generation)
                        return await self._exchange(generation, push)
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
        host, port = self._hosts[environment]
        self._current[environment] = Generation(
            host,
            port,
            idle_seconds=self._settings.idle_seconds,
            max_age_seconds=self._settings.max_age_seconds,
            closing=self._closing,
        )
        return self._current[environment]

    async def _connect(self, environment: Environment, generation: Generation) -> None:
        try:
            await generation.connect(self._context, timeout_seconds=self._settings.connect_timeout_seconds)
        except NotSent as failure:
            again_at = asyncio.get_running_loop().time() + self._settings.reconnect_pause_seconds
            self._failed[environment] = (again_at, failure)
            generation.retire()
            raise
        except asyncio.CancelledError:
            generation.retire()
            raise

    async def _exchange(self, generation: Generation, push: Push) -> Answer:
        async with generation.stream() as link:
            try:
                answer = await _ask(link, generation.request(push))
            except asyncio.CancelledError:
                # The engine leaves a cancelled stream open: the connection would miscount from here on.
                generation.retire()
                raise
            except httpcore.ConnectionNotAvailable as error:
                # Raised before the request begins, or when a GOAWAY names a last stream below ours.
                generation.retire()
                raise _left_behind(link.goaway) from error
            except httpcore.RemoteProtocolError as error:
                raise _broken(generation, push, error) from error
            except _FAILURES as error:
                generation.retire()
                raise _unfinished(push, _words(error), NotSentCause.CONNECT) from error
            generation.warm = True
            return answer


_FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    h2.exceptions.ProtocolError,
    OSError,
)


async def _ask(link: httpcore.AsyncHTTP2Connection, request: httpcore.Request) -> Answer:
    response = await link.handle_async_request(request)
    body = b""
    try:
        async for chunk in response.aiter_stream():
            if len(body) < KEPT_BODY_BYTES:
                body += chunk
    except (*_FAILURES, httpcore.RemoteProtocolError):
        # The status has come: 200 has no body to lose.
        if response.status != 200:
            raise
    finally:
        await response.aclose()
    return read_answer(response.status, response.headers, body)


def _broken(generation: Generation, push: Push, error: httpcore.RemoteProtocolError) -> NotSent | Ambiguous:
    event = error.args[0] if error.args else None
    if isinstance(event, h2.events.StreamReset):
        if event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM:
            return NotSent("APNs refused the stream", cause=NotSentCause.REFUSED_STREAM)
        return _unfinished(push, f"APNs reset the stream ({event.error_code})", NotSentCause.REFUSED_STREAM)
    generation.retire()
    if isinstance(event, h2.events.ConnectionTerminated):
        reason = goaway_reason(event.additional_data)
        if event.last_stream_id == 0 or not push.left:
            return _left_behind(event)
        return Ambiguous(f"APNs closed the connection ({reason or event.error_code})", goaway_reason=reason)
    return _unfinished(push, _words(error), NotSentCause.CONNECT)


def _left_behind(goaway: h2.events.ConnectionTerminated | None) -> NotSent:
    reason = goaway_reason(goaway.additional_data) if goaway is not None else None
    named = f" ({reason})" if reason else ""
    why = f"APNs closed the connection before this push{named}"
    return NotSent(why, cause=NotSentCause.GOAWAY, goaway_reason=reason)


def _unfinished(push: Push, why: str, cause: NotSentCause) -> NotSent | Ambiguous:
    return Ambiguous(why) if push.left else NotSent(why, cause=cause)


def _words(error: Exception) -> str:
    return f"the connection broke ({type(error).__name__}: {error})"


def mute() -> None:
    """Keep the engine from logging paths and headers, which hold tokens."""
    for name in ("httpx", "httpcore", "hpack", "h2"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logging.WARNING, logger.level))


def _ssl_context(ca_file: str | None) -> ssl.SSLContext:
    context = (
        httpx.create_ssl_context(trust_env=False) if ca_file is None else ssl.create_default_context(cafile=ca_file)
    )
    context.set_alpn_protocols(["h2"])
    return context


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"{url!r} is not an https:// address")
    return parts.hostname, parts.port or 443
