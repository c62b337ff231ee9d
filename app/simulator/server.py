"""Listen at an address of APNs'."""

import asyncio
import ssl
from collections.abc import Callable

from app.simulator.connection import Connection
from app.simulator.desk import Desk
from app.simulator.device_tokens import Environment
from app.simulator.door import Door
from app.simulator.faults import Fault, Faults
from app.simulator.streams import StreamLimits


class Server:
    """Serve one address of APNs' over TLS and HTTP/2.

    Args:
        desk: decides the requests.
        environment: the one this address serves; `None` serves both.
        limits: how many streams a connection may have open.
        faults: what is to go wrong with new connections.
        context_for: gives the certificate that goes with a fault, or the good one.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        environment: Environment | None,
        limits: StreamLimits,
        faults: Faults,
        context_for: Callable[[Fault | None], ssl.SSLContext],
    ) -> None:
        self._desk, self._environment, self._limits = desk, environment, limits
        self._faults, self._context_for = faults, context_for
        self._connections: set[Connection] = set()
        self._doors: set[Door] = set()
        self._all_gone = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.connections_made = 0

    @property
    def connections(self) -> frozenset[Connection]:
        """Give the connections that are open."""
        return frozenset(self._connections)

    @property
    def port(self) -> int:
        """Give the port that is listened at."""
        if self._server is None:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Begin to listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._greet, host, port, backlog=512)

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
        if self._server is None:
            return
        self._server.close()
        for door in list(self._doors):
            door.shut()
        self.send_away()
        try:
            async with asyncio.timeout(grace_seconds):
                await self.empty()
        except TimeoutError:
            for connection in self.connections:
                connection.abort()
        await self._server.wait_closed()
        self._server = None

    def _greet(self) -> Door:
        door = Door(self._faults, self._context_for, self._connect, self._doors.discard)
        self._doors.add(door)
        return door

    def _connect(self) -> Connection:
        return Connection(self._desk, self._environment, self._limits, self._remember, self._forget)

    def _remember(self, connection: Connection) -> None:
        self._connections.add(connection)
        self.connections_made += 1

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()
