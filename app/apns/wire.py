"""Open the TLS connection that httpx's HTTP/2 engine speaks over, and gather its writes.

The engine's own stream wraps TLS in Python and writes three times a push; asyncio's TLS with one write for
all that is due in a turn of the loop costs a third of that. A write never waits, so a cancelled push cannot
leave half a frame behind; what is buffered is bounded by the pushes in flight.
"""

import asyncio
import random
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpcore
from aiohappyeyeballs import AddrInfoType, start_connection

from app.apns.errors import NotSent, NotSentCause

_FALLBACK_SECONDS = 0.25
_CLOSE_SECONDS = 1.0


class Wire(httpcore.AsyncNetworkStream):
    """A TLS connection, as httpx's engine wants to see it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._due: list[bytes] = []

    @property
    def cut(self) -> bool:
        """Tell whether the other side has closed."""
        return self._writer.is_closing() or self._reader.at_eof() or self._reader.exception() is not None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the seam's name
        """Give what came, or nothing at the end; the send's own deadline bounds it."""
        try:
            return await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the seam's name
        """Send with whatever else is due in this turn of the loop."""
        if not buffer:
            return
        if self._writer.is_closing():
            raise httpcore.WriteError("the connection is closed")
        if not self._due:
            self._loop.call_soon(self._flush)
        self._due.append(buffer)

    async def aclose(self) -> None:
        """Close without waiting for the other side."""
        self._flush()
        self._writer.close()

    async def shut(self) -> None:
        """Close, and wait for the other side for a second at most."""
        await self.aclose()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: the connection is opened with TLS."""
        raise NotImplementedError(f"{type(self).__name__} is TLS already")

    def get_extra_info(self, info: str) -> Any:
        """Give what asyncio knows of the transport."""
        return self._writer.get_extra_info(info)

    def _flush(self) -> None:
        if self._due:
            due, self._due = self._due, []
            self._writer.write(b"".join(due))


async def connect(host: str, port: int, context: ssl.SSLContext, *, timeout_seconds: float) -> Wire:
    """Look the name up anew, connect to the first address that answers, and agree on HTTP/2.

    Raises:
        NotSent: with the cause; nothing can have left.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _open(host, port, context)
    except TimeoutError as error:
        raise NotSent(f"{host} did not answer within {timeout_seconds:g} s", cause=NotSentCause.CONNECT) from error
    except ssl.SSLError as error:
        raise NotSent(f"{host}: {error.reason or error}", cause=NotSentCause.TLS) from error
    except OSError as error:
        raise NotSent(f"{host}: {error}", cause=NotSentCause.CONNECT) from error


def spread(addresses: Sequence[AddrInfoType]) -> list[AddrInfoType]:
    """Give addresses by chance, so that not all connections go to one; the family the system prefers stays first."""
    families = list(dict.fromkeys(family for family, *_ in addresses))
    by_chance = random.SystemRandom().sample(addresses, len(addresses))
    return sorted(by_chance, key=lambda each: families.index(each[0]))


async def _open(host: str, port: int, context: ssl.SSLContext) -> Wire:
    loop = asyncio.get_running_loop()
    try:
        addresses = await loop.getaddrinfo(host, port, type=1)
    except OSError as error:
        raise NotSent(f"{host} cannot be looked up: {error}", cause=NotSentCause.DNS) from error
    sock = await start_connection(spread(addresses), happy_eyeballs_delay=_FALLBACK_SECONDS)
    reader, writer = await asyncio.open_connection(
        sock=sock, ssl=context, server_hostname=host, ssl_shutdown_timeout=_CLOSE_SECONDS
    )
    if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
        writer.close()
        raise NotSent(f"{host} does not speak HTTP/2", cause=NotSentCause.TLS)
    return Wire(reader, writer)
