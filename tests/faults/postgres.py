"""A Postgres that is killed: durable, of its own, and started again after each fall."""

import asyncio
import os
import random
import signal
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

import asyncpg

from events.postgres.embedded import EmbeddedPostgres
from events.postgres.migrator import migrate
from events.postgres.pool import OwnConnection, connect

Blow = Literal["kill", "immediate"]
_SIGNALS = {"kill": signal.SIGKILL, "immediate": signal.SIGQUIT}
_NAME = "chaos-harness"
# the services' pools, and room for the harness
_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_connections": "200"}


class FallingPostgres:
    """A server in a folder; make one with `start`."""

    def __init__(self, folder: Path, server: EmbeddedPostgres) -> None:
        self._folder = folder
        self._server = server
        self.dsn = server.dsn

    @classmethod
    async def start(cls, folder: Path) -> Self:
        """Make a cluster that waits for the disk, start it and migrate it."""
        server = await EmbeddedPostgres.start(folder, settings=_SETTINGS)
        await migrate(server.dsn)
        return cls(folder, server)

    async def strike(self, blow: Blow) -> None:
        """End the server without a word, by SIGKILL of the postmaster or as `pg_ctl -m immediate`; start it again."""
        fallen = self._server
        os.kill(fallen.pid, _SIGNALS[blow])
        # the next start waits for those that the postmaster left behind, and recovers
        while True:
            server = await EmbeddedPostgres.start(self._folder, settings=_SETTINGS)
            if server.started_here:
                break
            await asyncio.sleep(0.05)  # it had not noticed yet that it was to end
        self._server = server
        await fallen.stop()

    async def end_backend(self, chance: random.Random, *, kill: bool) -> None:
        """End one connection of a service, as soon as there is one; rather one that is at work.

        Args:
            chance: Draws which.
            kill: By SIGKILL, after which Postgres starts all of itself anew.
        """
        while True:
            # the backend that was killed last may only now be missed
            connection = await self._connected()
            try:
                pids = await connection.fetch(
                    "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'lockstep%'"
                    " ORDER BY state = 'idle', pid LIMIT 6"
                )
                if pids and not kill:
                    await connection.execute("SELECT pg_terminate_backend($1)", chance.choice(pids)["pid"])
            finally:
                # a farewell would fail where Postgres fell meanwhile
                connection.terminate()
            if pids:
                break
            await asyncio.sleep(0.1)
        if kill:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(pids)["pid"], signal.SIGKILL)
            (await self._connected()).terminate()

    async def _connected(self) -> OwnConnection:
        """Open a connection as soon as it takes any."""
        while True:
            try:
                return await self.connect()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.1)

    async def connect(self) -> OwnConnection:
        """Open a connection of the harness."""
        return await connect(self.dsn, name=_NAME)

    async def stop(self) -> None:
        """Stop the server."""
        await self._server.stop()
