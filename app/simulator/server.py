"""Listen at an address of APNs' or of FCM."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial

import structlog

from app.simulator.channel_desk import ChannelDesk
from app.simulator.connection import Connection
from app.simulator.desk import Desk
from app.simulator.device_tokens import Environment
from app.simulator.door import Door
from app.simulator.faults import Fault, Faults
from app.simulator.fcm_desk import FcmDesk
from app.simulator.streams import StreamLimits

log = structlog.get_logger()

_FULL_SECONDS = 0.5


class Server:
    """Serve one address of APNs' or of FCM over TLS and HTTP/2.

    Args:
        desk: decides the requests.
        environment: the one this address serves; `None` serves both.
        limits: how many streams a connection may have open.
        faults: what is to go wrong with new connections.
        context_for: gives the certificate that goes with a fault, or the good one.
    """

    def __init__(
        self,
        desk: Desk | ChannelDesk | FcmDesk,
        *,
        environment: Environment | None,
        limits: StreamLimits,
        faults: Faults,
        context_for: Callable[[Fault | None], ssl.SSLContext],
    ) -> None:
        self._desk, self._environment, self._limits = desk, environment, limits
        self._door = Door(faults, context_for, self._connect)
        self._connections: set[Connection] = set()
        self._arriving: set[asyncio.Task[None]] = set()
        self._all_gone = asyncio.Event()
        self._host = ""
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self.connections_made = 0

    @property
    def connections(self) -> frozenset[Connection]:
        """Give the connections that are open."""
        return frozenset(self._connections)

    @property
    def port(self) -> int:
        """Give the port that is listened at."""
        return 0 if self._listening is None else int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        """Give the address that is listened at."""
        return f"https://{reachable(self._host)}:{self.port}"

    async def start(self, host: str, port: int) -> None:
        """Begin to listen; port 0 takes a free one."""
        loop, self._host = asyncio.get_running_loop(), host
        family, _, _, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
        self._listening = socket.create_server(address[:2], family=family, backlog=512)
        self._listening.settimeout(0)
        self._accepting = loop.create_task(self._accept(self._listening))

    def send_away(self) -> None:
        """Say goodbye to all clients, which are answered what is open and have to connect anew."""
        for connection in self.connections:
            connection.leave()

    async def empty(self) -> None:
        """Wait until no connection is open."""
        while self._connections:
            self._all_gone.clear()
            await self._all_gone.wait()

    async def stop(self, *, grace_seconds: float) -> None:
        """Say goodbye to all clients, let open streams be answered for the grace given, and cut the rest."""
        if self._listening is None or self._accepting is None:
            return
        for task in (self._accepting, *self._arriving):
            task.cancel()
        await asyncio.wait((self._accepting, *self._arriving))
        self._listening.close()
        self._listening = self._accepting = None
        self.send_away()
        try:
            async with asyncio.timeout(grace_seconds):
                await self.empty()
        except TimeoutError:
            for connection in self.connections:
                connection.abort()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(listening)
            except OSError as error:
                # out of file descriptors, mostly: those who wait are let in when some are free
                log.warning("simulator_cannot_accept", reason=error.strerror)
                await asyncio.sleep(_FULL_SECONDS)
                continue
            task = loop.create_task(self._door.receive(client))
            self._arriving.add(task)
            task.add_done_callback(partial(self._arrived, client))

    def _arrived(self, client: socket.socket, task: asyncio.Task[None]) -> None:
        self._arriving.discard(task)
        if task.cancelled():
            client.close()

    def _connect(self) -> Connection:
        return Connection(self._desk, self._environment, self._limits, self._remember, self._forget)

    def _remember(self, connection: Connection) -> None:
        self._connections.add(connection)
        self.connections_made += 1

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()


def reachable(host: str) -> str:
    """Give a host that a client can use: 0.0.0.0 and :: say "every address", and the certificate names this."""
    return host if host.strip("0.:") else "localhost"
