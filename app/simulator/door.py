"""Let a new connection in over TLS, or do to it what a fault says."""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

import structlog

from app.simulator.faults import Fault, Faults

log = structlog.get_logger()

# An idle client may not read, and so never answers that TLS is over.
_GOODBYE_SECONDS = 0.2


class Door(asyncio.Protocol):
    """Open TLS with one client, and then make way for the protocol that serves it.

    Args:
        faults: what is to go wrong with handshakes.
        context_for: gives the certificate that goes with a fault, or the good one.
        serve: makes the protocol behind the door.
        on_left: is told when the door is done with its client.
    """

    def __init__(
        self,
        faults: Faults,
        context_for: Callable[[Fault | None], ssl.SSLContext],
        serve: Callable[[], asyncio.Protocol],
        on_left: Callable[["Door"], None],
    ) -> None:
        self._faults, self._context_for, self._serve, self._on_left = faults, context_for, serve, on_left
        self._early = bytearray()
        self._lost = False
        self._transport: asyncio.Transport
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin TLS, hang up, or keep the client waiting."""
        self._transport = cast("asyncio.Transport", transport)
        fault = self._faults.take_handshake()
        match None if fault is None else fault.name:
            case "connect:refused":
                self._transport.abort()
            case "tls:stall":
                log.debug("simulator_stalls_a_handshake")
            case _:
                # What comes from here on is for TLS to read.
                self._transport.pause_reading()
                opening = self._open(self._context_for(fault))
                self._opening = asyncio.get_running_loop().create_task(opening)

    def data_received(self, data: bytes) -> None:
        """Keep what comes before the protocol behind the door is in place; a stalled handshake is not read."""
        if self._opening is not None:
            self._early += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names the argument
        """Note that the client left before it was let in."""
        self._lost = True
        self._on_left(self)

    def shut(self) -> None:
        """Send the client away."""
        self._transport.abort()

    async def _open(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(
                self._transport, self, context, server_side=True, ssl_shutdown_timeout=_GOODBYE_SECONDS
            )
        except OSError as error:
            log.debug("simulator_handshake_failed", error=type(error).__name__)
            self._on_left(self)
            return
        if transport is None or self._lost:
            return
        protocol = self._serve()
        transport.set_protocol(protocol)
        self._on_left(self)
        protocol.connection_made(transport)
        if self._early:
            protocol.data_received(bytes(self._early))
