"""Migrations: each once, in order, and never against a database that they do not fit."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from events.errors import MigrationError, SchemaAheadError
from events.postgres.migrator import migrate, read_migrations, schema_behind
from events.postgres.pool import connect
from tests.database import database_of

NewDatabase = Callable[[], Awaitable[str]]
ALL = [each.name for each in read_migrations()]


async def execute(dsn: str, *statements: str) -> None:
    """Run statements on a connection of their own."""
    connection = await connect(dsn, name="lockstep-test")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_fresh_database_gets_everything_once(other_database: NewDatabase) -> None:
    """All files in their order; the second time there is nothing to do."""
    dsn = await other_database()

    assert await schema_behind(dsn) == ALL
    assert await migrate(dsn) == ALL
    assert await migrate(dsn) == []
    assert await schema_behind(dsn) == []


async def test_two_migrators_take_turns(other_database: NewDatabase) -> None:
    """Processes that start together migrate once."""
    dsn = await other_database()
    applied = await asyncio.gather(*(migrate(dsn) for _ in range(4)))

    assert sorted(applied) == [[], [], [], ALL]


async def test_a_file_that_was_changed_is_refused(other_database: NewDatabase) -> None:
    """History is not rewritten: the error names the file, and nothing is applied."""
    dsn = await other_database()
    await migrate(dsn)
    await execute(
        dsn,
        "UPDATE schema_migrations SET checksum = 'other' WHERE number = 1",
        "DELETE FROM schema_migrations WHERE number > 1",
    )

    with pytest.raises(MigrationError, match="0001_log was changed"):
        await migrate(dsn)
    with pytest.raises(MigrationError, match="0001_log was changed"):
        await schema_behind(dsn)


async def test_a_database_that_is_ahead_is_refused(other_database: NewDatabase) -> None:
    """An older release does not run on a newer schema."""
    dsn = await other_database()
    await migrate(dsn)
    await execute(dsn, "INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, '9999_later', 'x')")

    with pytest.raises(SchemaAheadError, match="9999"):
        await migrate(dsn)


async def test_a_migration_is_applied_whole_or_not_at_all(other_database: NewDatabase) -> None:
    """One that fails leaves nothing of itself; what came before it stays, and is not repeated."""
    dsn = await other_database()
    await execute(dsn, "CREATE TABLE views (something_else integer)")

    with pytest.raises(Exception, match="views"):
        await migrate(dsn)
    assert await schema_behind(dsn) == ALL[1:]
    await execute(dsn, "DROP TABLE views")
    assert await migrate(dsn) == ALL[1:]


async def test_time_cannot_be_moved_outside_of_tests(other_database: NewDatabase) -> None:
    """The clock's table refuses rows in a database whose name does not say that it is a test's."""
    dsn = await other_database()
    await migrate(dsn)
    name = database_of(dsn)
    plain = name.replace("_test_", "_shop_")
    maintenance = dsn.replace(name, "postgres")
    await execute(maintenance, f"ALTER DATABASE {name} RENAME TO {plain}")
    try:
        with pytest.raises(Exception, match="test_clock"):
            await execute(dsn.replace(name, plain), "INSERT INTO test_clock (ahead) VALUES ('1 hour')")
    finally:
        await execute(maintenance, f"ALTER DATABASE {plain} RENAME TO {name}")
