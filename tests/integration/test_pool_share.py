"""Those who read leave connections for those who write, however many they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from app.access.api_key import Scope
from app.bootstrap import Service
from app.settings import load_settings
from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool, connect
from events.postgres.pool_share import PoolShare
from tests.conftest import SECRET_KEY
from tests.unit.events.test_secret_keys import in_base64

READERS = 40
PAGES = ("/v1/events", "/v1/orders", "/v1/orders/order-1/explain")
WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'lockstep' AND wait_event_type = 'Lock'"
)


async def test_no_more_of_a_share_are_served_at_once(pool: Pool) -> None:
    """Each has a turn; who fails or gives up leaves the place to the next."""
    share, inside, seen = PoolShare(pool, 2), 0, list[int]()

    async def take(number: int) -> None:
        nonlocal inside
        async with share.acquire() as connection:
            inside += 1
            seen.append(inside)
            await connection.fetchval("SELECT 1")
            inside -= 1
            if number % 3 == 0:
                raise LookupError

    tasks = [asyncio.create_task(take(number)) for number in range(12)]
    await asyncio.sleep(0)
    tasks[-1].cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each).__name__ for each in ended] == ["LookupError", "NoneType", "NoneType"] * 3 + [
        "LookupError", "NoneType", "CancelledError",
    ]  # fmt: skip
    assert (max(seen), len(seen)) == (2, 11)
    assert await share.fetchval("SELECT 2") == 2


async def test_who_waits_for_the_others_waits_only_so_long(pool: Pool) -> None:
    """Then it means "ask again", as it does without a share; those beside it are served meanwhile."""
    share = PoolShare(pool, 1, wait_seconds=0.01)
    async with share.acquire():
        with pytest.raises(StoreUnavailableError, match="in time"), translated():
            await share.fetchval("SELECT 1")
        assert await pool.fetchval("SELECT 2") == 2


@asynccontextmanager
async def api_of_four_connections(dsn: str) -> AsyncIterator[tuple[Service, aiohttp.ClientSession]]:
    """Run the API with the fewest connections that it may have."""
    settings = load_settings(
        database_url=dsn, secret_key=in_base64(SECRET_KEY), port=0, roles=("api",), database_connections=4
    )
    service = await Service.start(settings)
    try:
        key, _ = await service.key_store.create(name="t", environment="test", scopes=[Scope.ADMIN])
        async with aiohttp.ClientSession(service.url, headers={"Authorization": f"Bearer {key}"}) as session:
            yield service, session
    finally:
        await service.stop()


@pytest.mark.parametrize("page", PAGES)
async def test_writers_are_served_while_a_crowd_reads(dsn: str, page: str) -> None:
    """Readers whom Postgres keeps waiting have two of four connections: who posts and registers is done before them."""
    async with api_of_four_connections(dsn) as (_, session):
        event = {"type": "order.ready", "data": {}, "id": "e1"}
        phone = {"app": "com.example.shop", "environment": "sandbox", "iosVersion": "18.2", "startTokens": {}}

        async def read() -> int:
            async with session.get(page) as answer:
                return answer.status

        async def write(number: int) -> list[int]:
            statuses = []
            for method, path, document in (
                ("POST", f"/v1/orders/order-{number}/events", event),
                ("PUT", f"/v1/devices/phone-{number}", phone),
            ):
                async with session.request(method, path, json=document) as answer:
                    statuses.append(answer.status)
            return statuses

        assert await write(1) == [200, 200]
        other = await connect(dsn, name="lockstep-test")
        try:
            lock = other.transaction()
            await lock.start()
            await other.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            await other.execute("LOCK TABLE feed_slots, order_list, pauses IN ACCESS EXCLUSIVE MODE")
            readers = [asyncio.create_task(read()) for _ in range(READERS)]
            while await other.fetchval(WAITING) < 2:
                assert not any(each.done() for each in readers)
                await other.execute("SELECT pg_stat_clear_snapshot()")
            written = await asyncio.gather(*(write(number) for number in range(2, 12)))
            assert written == [[200, 200]] * 10
            assert (await other.fetchval(WAITING), [each for each in readers if each.done()]) == (2, [])
        finally:
            await other.close()
        assert set(await asyncio.gather(*readers)) == {200}
