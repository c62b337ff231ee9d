"""Let a new connection in over TLS, or do to it what a fault says."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

import structlog

from app.simulator.faults import Fault, Faults

log = structlog.get_logger()

# An idle client may not read, and so never answers that TLS is over.
_GOODBYE_SECONDS = 0.2
_RESET = struct.pack("ii", 1, 0)


class Door:
    """Open TLS with clients, each with the protocol that serves it.

    Nothing reads a connection before TLS does: what a client says at once is not lost.

    Args:
        faults: what is to go wrong with handshakes.
        context_for: gives the certificate that goes with a fault, or the good one.
        serve: makes the protocol behind the door.
    """

    def __init__(
        self,
        faults: Faults,
        context_for: Callable[[Fault | None], ssl.SSLContext],
        serve: Callable[[], asyncio.Protocol],
    ) -> None:
        self._faults, self._context_for, self._serve = faults, context_for, serve

    async def receive(self, client: socket.socket) -> None:
        """Let a client in, hang up, or keep it waiting until it leaves; the socket is ours from here on."""
        loop = asyncio.get_running_loop()
        fault = self._faults.take_handshake()
        match None if fault is None else fault.name:
            case "connect:refused":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                client.close()
            case "tls:stall":
                log.debug("simulator_stalls_a_handshake")
                await _wait_for_farewell(client)
            case _:
                try:
                    await loop.connect_accepted_socket(
                        self._serve, client, ssl=self._context_for(fault), ssl_shutdown_timeout=_GOODBYE_SECONDS
                    )
                except OSError as error:
                    log.debug("simulator_handshake_failed", error=type(error).__name__)


async def _wait_for_farewell(client: socket.socket) -> None:
    """Read what the client says, answer nothing, and hang up when it does."""
    with client:
        try:
            while await asyncio.get_running_loop().sock_recv(client, 4_096):
                pass
        except OSError as error:
            log.debug("simulator_handshake_failed", error=type(error).__name__)
