"""Keeps a command where it is, and kills it there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Generic, NamedTuple, TypeVar

from events.postgres.pool import Connection, Pool
from tests.integration.command_line import begin

T = TypeVar("T")


@asynccontextmanager
async def locked(pool: Pool, table: str, slot: int) -> AsyncIterator[None]:
    """Hold the row of a slot, so that a command comes that far and no further."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"SELECT slot FROM {table} WHERE slot = $1 FOR UPDATE", slot)
        yield


async def killed_when(condition: Callable[[], Awaitable[bool]], *command: str, dsn: str) -> None:
    """Run a command until a condition holds, and kill it."""
    process = await begin(*command, dsn=dsn)
    try:
        while not await condition():
            assert process.returncode is None
            await asyncio.sleep(0.02)
    finally:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def table_locked(pool: Pool, table: str) -> AsyncIterator[Connection]:
    """Let nobody read or write a table, so that a statement comes that far and no further."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield connection


async def until_waiting(connection: Connection, task: asyncio.Future[Any], *, beside: int = 0) -> None:
    """Wait until a statement of a task waits for what others hold, beside so many that do so anyhow."""
    while await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") <= beside:
        assert not task.done()


class Held(NamedTuple, Generic[T]):
    """Work that waits before its commit.

    Attributes:
        connection: Of who holds it.
    """

    connection: Connection
    task: asyncio.Future[T]


@asynccontextmanager
async def before_its_commit(pool: Pool, table: str, work: Coroutine[Any, Any, T]) -> AsyncIterator[Held[T]]:
    """Keep a transaction that writes a table from its end: within the block nobody sees what it wrote."""
    async with pool.acquire() as connection:
        await connection.execute(
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';"
            f"CREATE CONSTRAINT TRIGGER waits AFTER INSERT OR UPDATE ON {table} INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION wait()"
        )
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(1)")
                task = asyncio.ensure_future(work)
                await until_waiting(connection, task)
                yield Held(connection, task)
            await task
        finally:
            await connection.execute(f"DROP TRIGGER waits ON {table}; DROP FUNCTION wait()")
