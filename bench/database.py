"""A database for one benchmark: embedded, durable, empty, and gone afterwards."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from events.keyring import open_keyring
from events.postgres.embedded import EmbeddedPostgres
from events.postgres.migrator import migrate
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from events.secret_keys import SecretKeys

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}


@dataclass
class Bed:
    """What a benchmark runs on."""

    dsn: str
    pool: Pool
    keyring: Keyring
    secret: bytes
    server: EmbeddedPostgres

    async def restart(self) -> None:
        """Start the server again after it was stopped."""
        self.server = await EmbeddedPostgres.start(self.server.data_directory, settings=SETTINGS)


@asynccontextmanager
async def bed(connections: int = 40) -> AsyncIterator[Bed]:
    """Give a fresh database; every peer of a figure runs on the same one."""
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-", ignore_cleanup_errors=True) as directory:
        server = await EmbeddedPostgres.start(Path(directory) / "postgres", settings=SETTINGS)
        made: Bed | None = None
        try:
            await migrate(server.dsn)
            secret = os.urandom(32)
            async with await open_pool(server.dsn, name="bench", most=connections) as pool:
                made = Bed(server.dsn, pool, await open_keyring(pool, SecretKeys(secret)), secret, server)
                yield made
        finally:
            await (server if made is None else made.server).stop()
