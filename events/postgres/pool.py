"""Connections to Postgres, set up the same way everywhere."""

from typing import TYPE_CHECKING, Any, Final

import asyncpg

from events.postgres.array_types import ARRAY_TYPES
from events.postgres.pool_rules import USUAL, PoolRules

UNDERWAY_SECONDS: Final = 5.0
"""So much longer than Postgres itself takes to end a statement is waited for its word."""

STATEMENTS_KEPT: Final = 100
"""Prepared by a connection, as the driver has it."""

SESSION_SETTINGS = {
    "jit": "off",  # our statements are short: compiling them costs more than it saves
    "statement_timeout": f"{USUAL.statement:.0f}s",
    # a host that vanished in the middle of a transaction must free its slot
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # the same in the middle of an answer: keep-alive is silent as long as something is on its way
    "tcp_user_timeout": "10s",
    "timezone": "UTC",
}

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    OwnConnection = asyncpg.Connection[asyncpg.Record]
    Connection = OwnConnection | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    # only the stubs know a parameter
    Pool, OwnConnection = asyncpg.Pool, asyncpg.Connection
    Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class _BoundedPool(Pool):
    """A pool that nobody waits for without an end.

    Attributes:
        wait_seconds: How long a caller may wait while every connection is in use.
    """

    wait_seconds = USUAL.wait

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Give a connection to enter; where there is none, a TimeoutError after the pool's own time."""
        if timeout is None and self._queue.empty():  # type: ignore[attr-defined] # only the driver's code knows it
            # only now: a bound costs a task
            timeout = self.wait_seconds
        return super().acquire(timeout=timeout)


async def prepare_connection(connection: Connection) -> None:
    """Let `json` columns travel as the bytes they are: JSON is encoded and decoded in one place, the codec.

    Arrays are known from the start.
    """
    await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
    connection.get_settings().register_data_types(ARRAY_TYPES)


async def _keep_session(_: Connection) -> None:
    """Leave the session as it is: nothing of ours changes it, and an open transaction was rolled back before this."""


async def open_pool(
    dsn: str,
    *,
    name: str,
    most: int = 8,
    least: int = 0,
    settings: dict[str, str] | None = None,
    rules: PoolRules = USUAL,
    pooled: bool = False,
) -> Pool:
    """Open a pool whose connections show up under `name` in `pg_stat_activity`.

    Args:
        dsn: A URL as libpq takes it.
        name: The application name.
        most: Connections at the most.
        least: Connections opened at once.
        settings: Server settings that replace the usual ones.
        rules: How long Postgres may keep us waiting.
        pooled: The URL leads through a pooler that gives a connection for one transaction, such as PgBouncer. No
            statement stays prepared then, and the server's settings are those of the role: a pooler takes none.
    """
    statement = {"statement_timeout": f"{max(1, round(rules.statement * 1000))}ms"}
    pool = _BoundedPool(
        dsn,
        min_size=least,
        max_size=most,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        init=prepare_connection,
        reset=_keep_session,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        command_timeout=rules.statement + UNDERWAY_SECONDS,
        timeout=10,
        statement_cache_size=0 if pooled else STATEMENTS_KEPT,
        server_settings={"application_name": name}
        if pooled
        else {"application_name": name, **SESSION_SETTINGS, **statement, **(settings or {})},
    )
    pool.wait_seconds = rules.wait
    return await pool


async def connect(dsn: str, *, name: str) -> OwnConnection:
    """Open one connection with the same settings."""
    connection = await asyncpg.connect(dsn, timeout=10, server_settings={"application_name": name, **SESSION_SETTINGS})
    await prepare_connection(connection)
    return connection
