"""Runs what locks several rows, again when Postgres broke a deadlock by ending it."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from events.postgres.errors import DEADLOCK
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement

T = TypeVar("T")


async def fetch_through_deadlocks(on: Pool | Connection, name: str, *values: Any) -> list[asyncpg.Record]:
    """Fetch the rows of `sql/<name>.sql`; only for a statement that is a transaction of its own."""
    while True:
        try:
            return await on.fetch(statement(name), *values)
        except asyncpg.PostgresError as error:
            if error.sqlstate != DEADLOCK:
                raise


async def commit_through_deadlocks(pool: Pool, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do something in a transaction of its own, from its beginning as often as that takes."""
    while True:
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await work(connection)
        except asyncpg.PostgresError as error:
            if error.sqlstate != DEADLOCK:
                raise
