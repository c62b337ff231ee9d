"""The schema can be read in one file."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from events.postgres.migrator import migrate
from events.postgres.pool import connect
from tests.house.schema_dump import SCHEMA_FILE, dump, dump_major


async def test_the_dump_is_what_the_migrations_make(other_database: Callable[[], Awaitable[str]]) -> None:
    """`sql/schema.sql` is true; after a new migration, `make dump` writes it."""
    dsn = await other_database()
    connection = await connect(dsn, name="lockstep-test")
    server_major = connection.get_server_version().major
    await connection.close()
    if server_major != dump_major():
        pytest.skip(f"pg_dump {dump_major()} would write Postgres {server_major}'s schema in other words")
    await migrate(dsn)

    assert await asyncio.to_thread(dump, dsn) == await asyncio.to_thread(SCHEMA_FILE.read_text, "utf-8")
