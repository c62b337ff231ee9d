"""Connections that end under us."""

import asyncio

from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import connect


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
