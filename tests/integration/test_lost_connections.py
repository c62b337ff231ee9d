"""Connections that end under us."""

import asyncio

import pytest

from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import connect
from tests.integration.wire import Wire


async def test_a_backend_that_is_ended_between_two_statements_is_unavailable_at_whatever_moment_it_shows(
    dsn: str,
) -> None:
    """The driver tells of it in four ways, one of them an internal error; all mean "ask again"."""
    other = await connect(dsn, name="lockstep-test")
    seen: list[type[Exception]] = []
    try:
        for attempt in range(60):
            connection = await connect(dsn, name="lockstep-test")
            transaction = connection.transaction()
            await transaction.start()
            await other.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
            for _ in range(attempt % 6):
                await asyncio.sleep(0)
            try:
                with translated():
                    await transaction.commit()
            except Exception as error:  # noqa: BLE001 - the claim is about whatever comes
                seen.append(type(error))
            connection.terminate()
    finally:
        await other.close()
    assert seen == [StoreUnavailableError] * 60


async def test_a_statement_that_is_too_slow_is_told_from_a_server_that_is_gone(dsn: str, wire: Wire) -> None:
    """Both mean "ask again"; whoever reads the log must know which it was."""
    connection = await connect(dsn, name="lockstep-test")
    try:
        await connection.execute("SET statement_timeout = '1ms'")
        with pytest.raises(StoreUnavailableError, match="in time"), translated():
            await connection.execute("SELECT pg_sleep(5)")
    finally:
        await connection.close()
    async with wire.pool() as pool:
        wire.lose()
        with pytest.raises(StoreUnavailableError, match="not reachable"), translated():
            await pool.fetchval("SELECT 1")
