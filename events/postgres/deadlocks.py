"""Runs a statement that locks several rows, again when Postgres broke a deadlock by ending it."""

from typing import Any

import asyncpg

from events.postgres.errors import DEADLOCK
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement


async def fetch_through_deadlocks(on: Pool | Connection, name: str, *values: Any) -> list[asyncpg.Record]:
    """Fetch the rows of `sql/<name>.sql`; only for a statement that is a transaction of its own."""
    while True:
        try:
            return await on.fetch(statement(name), *values)
        except asyncpg.PostgresError as error:
            if error.sqlstate != DEADLOCK:
                raise
