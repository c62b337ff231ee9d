"""Send pushes with pyqwest, the HTTP/2 client of Rust's reqwest.

What is proven not to have been processed (`NotSent`): no connection; RST_STREAM with REFUSED_STREAM, or a
GOAWAY whose last stream is below ours, three times running (the engine itself tries such a push twice more, on
another connection after a GOAWAY); a deadline that passed, or a connection that broke, before the engine asked for
the body, which it does when connection and stream are there. To be asked costs a third of the speed: first pushes and
starts are.

What is not (`Ambiguous`): everything else. For updates and ends on a warm connection that includes a deadline that
passed while the push waited for a stream.

A graceful GOAWAY that covers a push is nothing to it: the old connection is read to its end.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pyqwest

from app.apns.answer import Answer, goaway_reason, read_answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause, left_behind, refused_stream
from app.apns.generation import Attempt, authority_of
from app.apns.request import KEPT_BODY_BYTES
from app.apns.silence import mute

_BEFORE_ANY_REQUEST = "client error (Connect)"
"""The words of the engine for a connection that could not be opened."""

_URL = re.compile(r" for url \(\S*\)")
_DEBUG_DATA = re.compile(r'\(b"(.*)"\)')
_ESCAPE = re.compile(r"\\(.)")


class PyqwestEngine:
    """Makes connections of pyqwest.

    Args:
        ca_file: trust these certificates and no others (a simulator's); the public ones when absent.
        keep_alive_seconds: the time between TCP's probes of an idle connection; the engine has no PING.
    """

    def __init__(
        self, *, ca_file: str | None = None, connect_timeout_seconds: float = 10.0, keep_alive_seconds: float = 30.0
    ) -> None:
        mute("pyqwest", "pyqwest.access")
        self._ca_cert = None if ca_file is None else Path(ca_file).read_bytes()
        self._connect_timeout_seconds = connect_timeout_seconds
        self._keep_alive_seconds = keep_alive_seconds

    def link(self, host: str, port: int) -> "PyqwestLink":
        """Give a connection that its first push opens."""
        transport = pyqwest.HTTPTransport(
            tls_ca_cert=self._ca_cert,
            tls_include_system_certs=self._ca_cert is None,
            http_version=pyqwest.HTTPVersion.HTTP2,
            # Variables of the environment would choose a proxy otherwise; one for http alone is never used.
            proxy=pyqwest.Proxy("http://localhost", scheme="http"),
            connect_timeout=self._connect_timeout_seconds,
            pool_idle_timeout=None,
            # Without it a lower limit of streams opens more connections, which APNs takes for an attack.
            max_connections_per_address=1,
            tcp_keepalive_interval=self._keep_alive_seconds,
            enable_gzip=False,
            enable_brotli=False,
            enable_zstd=False,
            # The system's answer is as old as the system says; the engine's own resolver keeps answers.
            use_system_dns=True,
            follow_redirects=False,
            enable_otel=False,
        )
        return PyqwestLink(transport, f"https://{authority_of(host, port)}")


class PyqwestLink:
    """One connection of pyqwest; see `Link`."""

    def __init__(self, transport: pyqwest.HTTPTransport, url: str) -> None:
        self._transport = transport
        self._url = url
        self._answered = False
        self._broken = False

    @property
    def spent(self) -> bool:
        """Tell whether the next push needs another connection."""
        return self._broken

    async def exchange(self, attempt: Attempt) -> Answer:
        """Send a push and give the answer; see `Link.exchange`."""
        content: bytes | AsyncIterator[bytes] = attempt.request.payload
        if self._answered and not attempt.request.once:
            attempt.left = True
        else:
            content = _asked_for(attempt)
        request = pyqwest.Request(attempt.request.method, self._url + attempt.request.path, _headers(attempt), content)
        status = 0
        try:
            response = await self._transport.execute(request)
            status = response.status
            body = (
                await _start_of_body(response, attempt.request.kept_body_bytes) if _has_body(attempt, status) else b""
            )
        # No error of the engine is kept as a cause: its words name the URL, which holds the device token.
        except pyqwest.StreamError as error:
            raise self._reset(error) from None
        except ConnectionError as error:
            self._broken = True
            raise _unconnected(_words(error), left=attempt.left) from None
        except (pyqwest.RemoteProtocolError, pyqwest.ReadError, pyqwest.WriteError, OSError) as error:
            self._broken = True
            if not attempt.left:
                raise left_behind(_reason(error)) from None
            answered = f" after status {status}" if status else ""
            why = f"the connection broke{answered} ({_words(error)})"
            raise Ambiguous(why, goaway_reason=_reason(error)) from None
        self._answered = True
        return read_answer(status, _fields(response.headers), body)

    def retire(self) -> None:
        """Take no new pushes; what began goes on."""
        self._broken = True

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.aclose()

    def _reset(self, error: pyqwest.StreamError) -> NotSent | Ambiguous:
        if error.code is not pyqwest.StreamErrorCode.REFUSED_STREAM:
            return Ambiguous(f"APNs reset the stream ({error.code.name})")
        if "GOAWAY" not in str(error):
            return refused_stream()
        self._broken = True
        return left_behind(_reason(error))


def _headers(attempt: Attempt) -> pyqwest.Headers:
    request = attempt.request
    return pyqwest.Headers(
        (
            ("authorization", f"bearer {attempt.bearer}"),
            *((name, value) for name, value, _ in request.headers),
            ("content-length", str(len(request.payload))),
        )
    )


def _fields(headers: pyqwest.Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers.items()]


async def _asked_for(attempt: Attempt) -> AsyncIterator[bytes]:
    attempt.left = True
    yield attempt.request.payload


def _has_body(attempt: Attempt, status: int) -> bool:
    return status != 200 or attempt.request.kept_body_bytes > KEPT_BODY_BYTES


async def _start_of_body(response: pyqwest.Response, kept_body_bytes: int) -> bytes:
    body = b""
    async with response:
        async for chunk in response.content:
            body += chunk
            if len(body) >= kept_body_bytes:
                break
    return body


def _unconnected(words: str, *, left: bool) -> NotSent | Ambiguous:
    if _BEFORE_ANY_REQUEST not in words:
        return Ambiguous(f"the connection broke ({words})") if left else left_behind(None)
    why = words.partition(_BEFORE_ANY_REQUEST)[2].strip(": ")
    if why.startswith("dns error"):
        return NotSent(why, cause=NotSentCause.DNS)
    tls = "certificate" in why or "received fatal alert" in why or "tls" in why.lower()
    return NotSent(why, cause=NotSentCause.TLS if tls else NotSentCause.CONNECT)


def _words(error: Exception) -> str:
    return _URL.sub("", str(error)).removeprefix("Request failed: ")


def _reason(error: Exception) -> str | None:
    """Read the reason from a GOAWAY frame's data, which the engine quotes as Rust writes bytes."""
    quoted = _DEBUG_DATA.search(str(error))
    return None if quoted is None else goaway_reason(_ESCAPE.sub(r"\1", quoted[1]).encode("utf-8"))
