"""Keeps a command where it is, and kills it there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from events.postgres.pool import Connection, Pool
from tests.integration.command_line import begin


@asynccontextmanager
async def locked(pool: Pool, table: str, slot: int) -> AsyncIterator[None]:
    """Hold the row of a slot, so that a command comes that far and no further."""
    async with pool.acquire() as connection, connection.transaction():
        # as long as it takes, also on a machine that has much to do
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
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
        await connection.execute(
            f"SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
        )
        yield connection


async def until_waiting(connection: Connection, task: asyncio.Future[Any]) -> None:
    """Wait until a statement of a task waits for what others hold."""
    while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        assert not task.done()
