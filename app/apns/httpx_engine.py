"""Send pushes with httpx's HTTP/2 engine: pure Python, at home everywhere.

What is proven not to have been processed (`NotSent`): no connection; a deadline that passed before the last
frame was handed over; RST_STREAM with REFUSED_STREAM; a GOAWAY whose last stream is below ours, or 0.

What is not (`Ambiguous`): everything else that happens after the last frame was handed over. A GOAWAY that *covers*
the stream is no failure: APNs goes on to answer.
"""

import asyncio
import ssl

import h2.errors
import h2.events
import h2.exceptions
import httpcore
import httpx

from app.apns.answer import Answer, goaway_reason, read_answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause, left_behind, refused_stream
from app.apns.generation import Attempt, authority_of
from app.apns.http2_link import Http2Link, fields
from app.apns.silence import mute
from app.apns.wire import Wire, connect


class HttpxEngine:
    """Makes connections of httpx's engine.

    Args:
        ca_file: trust these certificates and no others (a simulator's); the public ones when absent.
    """

    def __init__(self, *, ca_file: str | None = None, connect_timeout_seconds: float = 10.0) -> None:
        mute("httpx", "httpcore", "hpack", "h2")
        self._context = _ssl_context(ca_file)
        self._connect_timeout_seconds = connect_timeout_seconds

    def link(self, host: str, port: int) -> "HttpxLink":
        """Give a connection that its first push opens."""
        return HttpxLink(host, port, self._context, connect_timeout_seconds=self._connect_timeout_seconds)


class HttpxLink:
    """One connection of httpx's engine; see `Link`."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, *, connect_timeout_seconds: float) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._connect_timeout_seconds = connect_timeout_seconds
        self._authority = authority_of(host, port).encode("ascii")
        self._origin = httpcore.Origin(b"https", host.encode("ascii"), port)
        self._url = httpcore.URL(scheme=b"https", host=host.encode("ascii"), port=port, target=b"/")
        self._broken = False
        self._wire: Wire | None = None
        self._http2: Http2Link | None = None

    @property
    def spent(self) -> bool:
        """Tell whether the next push needs another connection."""
        if self._broken:
            return True
        if self._http2 is None or self._wire is None:
            return False
        return self._wire.cut or not self._http2.is_available()

    async def exchange(self, attempt: Attempt) -> Answer:
        """Send a push and give the answer; see `Link.exchange`."""
        http2 = self._http2 or await self._open()
        extensions = {"attempt": attempt, "fields": fields(attempt, authority=self._authority)}
        request = httpcore.Request(b"POST", self._url, extensions=extensions)
        await http2.slots.acquire()
        try:
            return await _ask(http2, request, attempt.request.kept_body_bytes)
        except asyncio.CancelledError:
            # The engine leaves a cancelled stream open: the connection would miscount from here on.
            self._broken = True
            raise
        except httpcore.ConnectionNotAvailable as error:
            # Raised before the request begins, or when a GOAWAY names a last stream below ours.
            self._broken = True
            raise _left_behind(http2.goaway) from error
        except httpcore.RemoteProtocolError as error:
            raise self._failed(attempt, error) from error
        except _FAILURES as error:
            self._broken = True
            raise _unfinished(attempt, _words(error), NotSentCause.CONNECT) from error
        finally:
            http2.slots.release()

    def retire(self) -> None:
        """Send away those that wait for a stream; what began goes on."""
        self._broken = True
        if self._http2 is not None:
            self._http2.slots.close()

    async def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            await self._wire.shut()

    async def _open(self) -> Http2Link:
        try:
            self._wire = await connect(
                self._host, self._port, self._context, timeout_seconds=self._connect_timeout_seconds
            )
        except BaseException:
            self._broken = True
            raise
        self._http2 = Http2Link(self._origin, self._wire)
        return self._http2

    def _failed(self, attempt: Attempt, error: httpcore.RemoteProtocolError) -> NotSent | Ambiguous:
        event = error.args[0] if error.args else None
        if isinstance(event, h2.events.StreamReset):
            if event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM:
                return refused_stream()
            return _unfinished(attempt, f"APNs reset the stream ({event.error_code})", NotSentCause.REFUSED_STREAM)
        self._broken = True
        if isinstance(event, h2.events.ConnectionTerminated):
            reason = goaway_reason(event.additional_data)
            if event.last_stream_id == 0 or not attempt.left:
                return _left_behind(event)
            return Ambiguous(f"APNs closed the connection ({reason or event.error_code})", goaway_reason=reason)
        return _unfinished(attempt, _words(error), NotSentCause.CONNECT)


_FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    h2.exceptions.ProtocolError,
    OSError,
)


async def _ask(link: httpcore.AsyncHTTP2Connection, request: httpcore.Request, kept_body_bytes: int) -> Answer:
    response = await link.handle_async_request(request)
    body = b""
    try:
        async for chunk in response.aiter_stream():
            if len(body) < kept_body_bytes:
                body += chunk
    except (*_FAILURES, httpcore.RemoteProtocolError):
        # The status has come: 200 has no body to lose.
        if response.status != 200:
            raise
    finally:
        await response.aclose()
    return read_answer(response.status, response.headers, body)


def _left_behind(goaway: h2.events.ConnectionTerminated | None) -> NotSent:
    return left_behind(None if goaway is None else goaway_reason(goaway.additional_data))


def _unfinished(attempt: Attempt, why: str, cause: NotSentCause) -> NotSent | Ambiguous:
    return Ambiguous(why) if attempt.left else NotSent(why, cause=cause)


def _words(error: Exception) -> str:
    return f"the connection broke ({type(error).__name__}: {error})"


def _ssl_context(ca_file: str | None) -> ssl.SSLContext:
    context = (
        httpx.create_ssl_context(trust_env=False) if ca_file is None else ssl.create_default_context(cafile=ca_file)
    )
    context.set_alpn_protocols(["h2"])
    return context
