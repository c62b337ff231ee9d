"""Listen at an address of APNs'."""

import asyncio
import ssl

from app.simulator.connection import Connection, StreamLimits
from app.simulator.desk import Desk
from app.simulator.device_tokens import Environment


class Server:
    """Serve one address of APNs' over TLS and HTTP/2.

    Args:
        desk: decides the requests.
        environment: the one this address serves; `None` serves both.
        limits: how many streams a connection may have open.
    """

    def __init__(self, desk: Desk, *, environment: Environment | None, limits: StreamLimits) -> None:
        self._desk, self._environment, self._limits = desk, environment, limits
        self._connections: set[Connection] = set()
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

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Begin to listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, host, port, ssl=context, backlog=512)

    async def stop(self, *, grace_seconds: float) -> None:
        """Say goodbye to all clients, let open streams be answered for the grace given, and cut the rest."""
        if self._server is None:
            return
        self._server.close()
        for connection in self.connections:
            connection.leave()
        try:
            async with asyncio.timeout(grace_seconds):
                while self._connections:
                    self._all_gone.clear()
                    await self._all_gone.wait()
        except TimeoutError:
            for connection in self.connections:
                connection.abort()
        await self._server.wait_closed()
        self._server = None

    def _connect(self) -> Connection:
        return Connection(self._desk, self._environment, self._limits, self._remember, self._forget)

    def _remember(self, connection: Connection) -> None:
        self._connections.add(connection)
        self.connections_made += 1

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()
