"""Postgres may keep nobody waiting for ever: neither by a statement, nor by a lack of connections."""

import asyncio

import pytest

from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import open_pool
from events.postgres.pool_rules import PoolRules
from events.sealing import Keyring
from tests.integration.http_api import cloud_event, running_api

SHORT = PoolRules(statement=0.1, wait=0.1)


async def test_who_finds_every_connection_in_use_waits_only_so_long(dsn: str) -> None:
    """It means "ask again"; whoever has a connection keeps it, and the next has it after that."""
    async with await open_pool(dsn, name="lockstep-test", most=1, rules=SHORT) as pool:
        async with pool.acquire() as held:
            with pytest.raises(StoreUnavailableError, match="in time"), translated():
                await pool.fetchval("SELECT 1")
            assert await held.fetchval("SELECT 2") == 2
        assert await pool.fetchval("SELECT 3") == 3


async def test_who_waits_has_the_connection_as_soon_as_it_is_free(dsn: str) -> None:
    """A crowd larger than the pool is served within its patience."""
    async with await open_pool(dsn, name="lockstep-test", most=2) as pool:
        answers = await asyncio.gather(*(pool.fetchval("SELECT $1::int", number) for number in range(50)))
    assert answers == list(range(50))


async def test_a_statement_takes_only_so_long(dsn: str) -> None:
    """Postgres ends it; what is asked next is answered, and a pool without rules of its own has the usual ones."""
    async with await open_pool(dsn, name="lockstep-test", most=1, rules=SHORT) as pool:
        with pytest.raises(StoreUnavailableError, match="in time"), translated():
            await pool.execute("SELECT pg_sleep(60)")
        assert await pool.fetchval("SHOW statement_timeout") == "100ms"
    async with await open_pool(dsn, name="lockstep-test", most=1) as pool:
        assert await pool.fetchval("SHOW statement_timeout") == "30s"


async def test_a_request_that_finds_no_connection_is_asked_to_come_again(dsn: str, keyring: Keyring) -> None:
    """503 with `Retry-After`, and 200 once there is one."""
    async with (
        await open_pool(dsn, name="lockstep-test", most=1, rules=SHORT) as pool,
        running_api(pool, keyring) as api,
    ):
        async with pool.acquire():
            reply = await api.send("POST", "/v1/events", cloud_event(), token="admin")
            assert (reply.status, reply.problem, reply.headers["Retry-After"]) == (503, "unavailable", "1")
        assert (await api.send("POST", "/v1/events", cloud_event(), token="admin")).status == 200
