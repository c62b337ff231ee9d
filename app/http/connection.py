"""A connection: how long it may keep us waiting, and answers of its own that are problem documents too.

What is no HTTP, comes too slowly, or comes to a full house never reaches a handler: it is answered from here. aiohttp
closes a connection that is idle, in the middle of a head too, waits for ever for a client that does not read, and hears
no more of a body once the process leaves.
"""

import asyncio
import socket
import time
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from app.http.guard import REQUEST_ID, Answering, guarded, new_request_id, request_id_of
from app.http.limits import HttpLimits
from app.http.problem_kinds import BUSY, INTERNAL, TOO_SLOW
from app.http.problems import ProblemError, answer, bad_request, problem
from app.metrics.counters import count_cut_off

log = structlog.get_logger()

FULL_AGAIN_SECONDS: Final = 5
"""When to come again to a full house."""
TURNED_AWAY_AT_ONCE: Final = 64
"""So many are told that the house is full; more at once are cut off without a word."""
FAREWELL_SECONDS: Final = 1.0
"""How long one who is turned away may take to read it."""
AHEAD_SECONDS: Final = 0.001
"""How long those who ask ahead leave a process to others, after each of their requests."""
TOLD_SECONDS: Final = 10.0
"""How often the log is told of a full house."""
_LINE_END: Final = b"\r\n"
_HEAD_END: Final = b"\r\n\r\n"


class ProblemServer(web.Server):
    """Makes such connections."""

    def __init__(self, handler: Any, *, limits: HttpLimits, request_factory: Any, **kwargs: Any) -> None:
        """Take what `web.Server` takes, and the limits."""
        super().__init__(self._in_turn(handler), request_factory=request_factory, **kwargs)
        self.limits = limits
        self.turned_away = 0
        self._turn = asyncio.Lock()
        self._told_at = float("-inf")

    def _in_turn(self, handle: Answering) -> Answering:
        """Let those who ask ahead of their answers wait in one line, so that they keep nobody else waiting.

        Of all requests that have another behind them on their connection one is begun in so many seconds.
        """

        async def answer_in_turn(request: web.BaseRequest) -> web.StreamResponse:
            if isinstance(request.protocol, ProblemConnection) and request.protocol.asks_ahead:
                async with self._turn:
                    await asyncio.sleep(AHEAD_SECONDS)
            return await handle(request)

        return answer_in_turn

    def __call__(self) -> web.RequestHandler:
        """Make the connection that a new socket gets."""
        return ProblemConnection(self, loop=self._loop, **self._kwargs)

    @property
    def is_full(self) -> bool:
        """Tell whether there are as many connections as there may be; the log hears of it now and then."""
        if len(self._connections) < self.limits.connections:
            return False
        now = time.monotonic()
        if now - self._told_at >= TOLD_SECONDS:
            self._told_at = now
            log.warning("connections_used_up", connections=self.limits.connections)
        return True


class ProblemConnection(web.RequestHandler):
    """A connection that says what was wrong with a request in a problem document, and loses its patience."""

    __slots__ = ("_begun", "_head_due", "_limits", "_newest", "_read_due", "_server", "_tail", "_turned_away")

    def __init__(self, server: ProblemServer, **more: Any) -> None:
        """Take what `web.RequestHandler` takes."""
        super().__init__(server, **more)
        self._server = server
        self._limits = server.limits
        self._head_due: asyncio.TimerHandle | None = None
        self._read_due: asyncio.TimerHandle | None = None
        self._begun = False
        self._newest: StreamReader = EMPTY_PAYLOAD
        self._tail = b""
        self._turned_away = False

    @property
    def asks_ahead(self) -> bool:
        """Tell whether another request has come before this one was answered."""
        return bool(self._messages)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head, or turn the client away."""
        if self._server.is_full:
            self._turn_away(transport)
            return
        super().connection_made(transport)
        own = transport.get_extra_info("socket")
        if own is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            # what waits in the kernel for a client that does not read, or is gone, is not ours to see
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._limits.unread * 1000))
        self._wait_for_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget what was waited for."""
        for each in (self._head_due, self._read_due):
            if each is not None:
                each.cancel()
        self._head_due = self._read_due = None
        if self._turned_away:
            self._server.turned_away -= 1
            self._turned_away = False
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a head that is not complete must not keep us waiting."""
        if self._close or self._force_close:
            self._take_rest(data)
            return
        requests, body_bytes, was_in_body = self._request_count, self._newest.total_bytes, not self._newest.is_eof()
        super().data_received(data)
        new = self._request_count - requests
        if new:
            self._newest, body_bytes = self._messages[-1][1], 0
        if data and (new or was_in_body):
            # a head that follows has its own time
            if self._head_due is not None:
                self._head_due.cancel()
                self._head_due = None
            self._begun = self._goes_on(data, new, self._newest.total_bytes - body_bytes)
        elif data.strip(_LINE_END):
            self._begun = True
        self._tail = (self._tail + data)[-len(_HEAD_END) :]
        if self._begun and self._head_due is None:
            self._wait_for_head()

    def _goes_on(self, data: bytes, new: int, body_bytes: int) -> bool:
        """Tell whether something follows the newest request; where that cannot be told, it does.

        Heads and chunked bodies end with an empty line, and half a head holds none.

        Args:
            data: What was just taken.
            new: So many requests began in it.
            body_bytes: So much of it was the newest one's body.
        """
        seen = self._tail + data
        if not self._newest.is_eof() or seen.endswith(_HEAD_END):
            return False
        head_bytes = seen.find(_HEAD_END) + len(_HEAD_END) - len(self._tail) if new else 0
        return new > 1 or bool(data[head_bytes + body_bytes :].strip(_LINE_END))

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._read_due = self._loop.call_later(self._limits.unread, self._cut_off)

    def resume_writing(self) -> None:
        """Go on: it has read."""
        super().resume_writing()
        if self._read_due is not None:
            self._read_due.cancel()
            self._read_due = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's words show bytes of the request
    ) -> web.StreamResponse:
        """Answer what could not be read as HTTP, and close the connection."""
        log.info("request_unreadable", status=status, error=None if exc is None else type(exc).__qualname__)
        if request.writer.output_size > 0:
            raise ConnectionError("An answer is under way already; another cannot follow.")
        if status == HTTPStatus.BAD_REQUEST:
            return _closing(request, bad_request("It is not HTTP/1.1 that can be read."))
        return _closing(request, problem(*INTERNAL))

    def _take_rest(self, data: bytes) -> None:
        """Take more of the body of the request that is under way, while the process leaves: aiohttp would drop it."""
        request = self._current_request
        if request is None or request.content.is_eof() or self._parser is None:
            return
        try:
            # what follows the body is no request that we take
            self._parser.feed_data(data)
        except HttpProcessingError as error:
            log.info("request_unreadable", status=error.code, error=type(error).__qualname__)
            self.force_close()

    def _wait_for_head(self) -> None:
        self._head_due = self._loop.call_later(self._limits.head, self._lose_patience)

    def _lose_patience(self) -> None:
        self._head_due = None
        if self.transport is None:
            return
        if self._waiter is None:
            # the request before it is being answered
            self._wait_for_head()
            return
        count_cut_off("head" if self._begun else "silent")
        # who has said nothing is told nothing: it may be a browser that connects ahead of its need
        if self._begun:
            log.info("head_too_slow", seconds=self._limits.head)
            self.transport.write(_bytes_of(problem(*TOO_SLOW, "Its head was not there in time.")))
        self.force_close()

    def _cut_off(self) -> None:
        self._read_due = None
        if self.transport is not None:
            log.info("client_does_not_read", seconds=self._limits.unread)
            count_cut_off("unread")
            self.transport.abort()

    def _turn_away(self, transport: Any) -> None:
        # nothing that comes is read
        self._force_close = True
        count_cut_off("full")
        if self._server.turned_away >= TURNED_AWAY_AT_ONCE:
            transport.abort()
            return
        self._server.turned_away += 1
        self._turned_away = True
        again = {"Retry-After": str(FULL_AGAIN_SECONDS)}
        transport.write(_bytes_of(problem(*BUSY, "Too many connections are open.", headers=again)))
        # closed at once, with its request unread, the client would see a reset instead of the answer
        transport.write_eof()
        self._head_due = self._loop.call_later(FAREWELL_SECONDS, transport.abort)


class ProblemRunner(web.AppRunner):
    """Runs an application on such a server."""

    def __init__(self, app: web.Application, *, limits: HttpLimits, **kwargs: Any) -> None:
        """Take what `web.AppRunner` takes, and the limits."""
        super().__init__(app, **kwargs)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return ProblemServer(
            guarded(server.request_handler),
            limits=self._limits,
            request_factory=server.request_factory,
            **self._kwargs,
        )


def _closing(request: web.BaseRequest, raised: ProblemError) -> web.StreamResponse:
    request_id = request_id_of(request)
    response = answer(raised, request_id)
    response.headers[REQUEST_ID] = request_id
    response.force_close()
    return response


def _bytes_of(raised: ProblemError) -> bytes:
    """Write an answer for a connection that no request was read from, and that is closed after it."""
    request_id = new_request_id()
    response = answer(raised, request_id)
    body = response.body
    if not isinstance(body, bytes):
        raise TypeError("a problem document is bytes")
    status = HTTPStatus(response.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name != "Content-Length"]
    lines += [f"{REQUEST_ID}: {request_id}", f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("ascii") + body
