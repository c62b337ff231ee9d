"""Fixtures for every test that needs Postgres; a test that does not ask for one starts none.

One server and one migrated database serve a run; what a test wrote is removed after it.
"""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest
from hypothesis import settings

from events.keyring import open_keyring
from events.postgres.migrator import migrate
from events.postgres.pool import Connection, Pool, connect, open_pool
from events.sealing import Keyring
from events.secret_keys import SecretKeys
from events.store import EventStore
from projections.registry import CARDS, Registry
from tests.database import new_database, serving

SECRET_KEY = b"the secret key of every test run"
SECRETS = SecretKeys(SECRET_KEY)

settings.register_profile("tests", deadline=None)  # a busy machine is no failure
settings.load_profile("tests")


def pytest_xdist_auto_num_workers() -> int:
    """Run five for two processors, for tests wait as often as they work; six at the most."""
    return min(6, 5 * (os.cpu_count() or 1) // 2)


def pytest_sessionstart() -> None:
    """Let nobody look for garbage while tests are collected: next to all that is made then stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what lives as long as the run: thousands of tests and their modules."""
    gc.enable()
    gc.collect()
    gc.freeze()


class Clock:
    """The clock of the test database, which a test may move."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def advance(self, **amount: float) -> datetime:
        """Move `lockstep_now()` by an amount, `hours=8` or `seconds=-1`, and give the new time."""
        await self._connection.execute(
            "INSERT INTO test_clock AS t (ahead) VALUES ($1) "
            "ON CONFLICT (only_row) DO UPDATE SET ahead = t.ahead + excluded.ahead",
            timedelta(**amount),
        )
        return await self.now()

    async def now(self) -> datetime:
        """Read `lockstep_now()`."""
        moment: datetime = await self._connection.fetchval("SELECT lockstep_now()")
        return moment


@pytest.fixture
def cards() -> Iterator[Registry]:
    """The cards of this process, for a test that installs its own; they go after it."""
    yield CARDS
    CARDS.install(())


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of the run's server, or rather of a database there that no test uses."""
    async with serving(tmp_path_factory.mktemp("postgres") / "server") as url:
        yield url


@pytest.fixture(scope="session")
async def database(server: str) -> AsyncIterator[str]:
    """The URL of the run's migrated database; ask for `dsn` instead."""
    async with new_database(server) as url:
        await migrate(url)
        yield url


@pytest.fixture(scope="session")
async def caretaker(database: str) -> AsyncIterator[Connection]:
    """The connection that moves the clock and cleans up; ask for `clean` instead."""
    connection = await connect(database, name="lockstep-caretaker")
    # a test that left a transaction open fails loudly; and the log lets its rows go for archiving alone
    await connection.execute("SET lock_timeout = '5s'; SET lockstep.archiving = 'on'")
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def session_pool(database: str) -> AsyncIterator[Pool]:
    """The run's pool; ask for `pool` instead."""
    # a test that holds a transaction open does so for as long as a busy machine takes
    pool = await open_pool(
        database, name="lockstep-test", most=16, settings={"idle_in_transaction_session_timeout": "0"}
    )
    yield pool
    await pool.close()


@pytest.fixture
async def clean(caretaker: Connection) -> AsyncIterator[None]:
    """Remove what the test wrote, after it; `dsn`, `pool`, `store` and `clock` bring it along."""
    yield
    await remove_rows(caretaker)


async def remove_rows(connection: Connection) -> None:
    """Empty every table but the ledger of migrations, and put the slots back to their first state."""
    tables = await connection.fetch(
        "SELECT oid::regclass::text AS name, pg_relation_size(oid) > 1048576 AS large FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition "
        "AND relname NOT IN ('schema_migrations', 'slots')"
    )
    # a DELETE of few rows takes a tenth of the time of a TRUNCATE
    await connection.execute(
        "".join(f"{'TRUNCATE' if table['large'] else 'DELETE FROM'} {table['name']};" for table in tables)
        + "UPDATE slots SET generation = 1, fold_version = NULL, previous_generation = NULL, "
        "previous_fold_version = NULL WHERE generation <> 1 OR fold_version IS NOT NULL"
    )


@pytest.fixture
def dsn(database: str, clean: None) -> str:  # noqa: ARG001 - asked for, so that the test leaves nothing
    """The URL of the database, for what opens its own connections."""
    return database


@pytest.fixture
def pool(session_pool: Pool, clean: None) -> Pool:  # noqa: ARG001 - the same
    """A pool of 16 connections, set up as production's but for transactions that are held open."""
    return session_pool


@pytest.fixture
def clock(caretaker: Connection, clean: None) -> Clock:  # noqa: ARG001 - the same
    """The database's clock; it runs true again after the test."""
    return Clock(caretaker)


@pytest.fixture
async def keyring(pool: Pool) -> Keyring:
    """The installation's keys, made anew for each test."""
    return await open_keyring(pool, SECRETS)


@pytest.fixture
def store(pool: Pool, keyring: Keyring) -> EventStore:
    """The log."""
    return EventStore(pool, keyring)


@pytest.fixture
async def other_database(server: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """A maker of empty databases, each dropped after the test: for migrations and plans."""
    async with AsyncExitStack() as databases:
        yield lambda: databases.enter_async_context(new_database(server))
