"""Quotas of API keys: one for all processes, without a write a request."""

import asyncio
from dataclasses import dataclass

from app.access.quota import Quota, TicketQuota
from app.access.quota_keeper import QuotaKeeper
from app.housekeeping import Housekeeper
from app.http.limits import HttpLimits
from app.settings import load_settings
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from tests.conftest import Clock
from tests.integration.http_api import cloud_event, running_api

BUCKET = "SELECT left_over FROM quotas WHERE key_id = $1"


@dataclass
class Monotonic:
    """Seconds that pass when a test says so."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Read it."""
        return self.seconds


async def granted(keepers: list[QuotaKeeper], times: int, key_id: str = "key") -> int:
    """Ask so many times, at all processes in turn and at once; count what was granted."""
    asked = [keepers[each % len(keepers)].take(key_id) for each in range(times)]
    return sum([each.is_granted for each in await asyncio.gather(*asked)])


async def test_all_processes_together_grant_the_quota(pool: Pool, clock: Clock) -> None:
    """600 of 1,000 requests at four processes, some of them only where a process has them; half a window later half."""
    passing = Monotonic()
    keepers = [QuotaKeeper(pool, Quota(requests=600, window=3_600), monotonic=passing) for _ in range(4)]
    first = await granted(keepers, 1_000)
    assert first >= 600 - 4 * 6
    assert first + await granted(keepers, 100) == 600
    assert await granted(keepers, 100) == 0
    assert await granted(keepers, 10, "another") == 10
    passing.seconds += 1_800
    await clock.advance(seconds=1_800)
    assert await granted(keepers, 1_000) + await granted(keepers, 100) == 300


async def test_requests_are_drawn_in_blocks(pool: Pool) -> None:
    """5,000 requests take two draws of a hundredth each, the second one when half of the first was left."""
    keeper = QuotaKeeper(pool, Quota(requests=500_000, window=36_000_000))
    first = await keeper.take("key")
    assert (first.left, await pool.fetchval(BUCKET, "key")) == (499_999, 494_999)
    for _ in range(2_500):
        await keeper.take("key")
    assert await pool.fetchval(BUCKET, "key") == 494_999
    await keeper.take("key")
    while (left := await pool.fetchval(BUCKET, "key")) == 494_999:
        pass  # it is drawn beside the requests
    assert 492_490 <= left <= 492_510


async def test_a_flood_that_is_refused_does_not_reach_postgres(pool: Pool) -> None:
    """An empty bucket is left alone until there can be something in it."""
    keeper = QuotaKeeper(pool, Quota(requests=1, window=3_600), monotonic=Monotonic())
    assert [(await keeper.take("key")).is_granted for _ in range(2)] == [True, False]
    await pool.execute("UPDATE quotas SET left_over = 1")
    refused = [await keeper.take("key") for _ in range(100)]
    assert {(each.left, 3_500 < each.seconds <= 3_600) for each in refused} == {(-1, True)}


async def test_nothing_is_refused_for_lack_of_a_count(dsn: str) -> None:
    """Without Postgres a quota stands in nobody's way."""
    pool = await open_pool(dsn, name="lockstep-test", most=1)
    await pool.close()
    keeper = QuotaKeeper(pool, Quota(requests=5))
    assert await granted([keeper], 20) == 20


async def test_answers_say_what_is_left(pool: Pool, keyring: Keyring) -> None:
    """Good and bad ones and streams, and 429 with the time to come again; what has no key is not counted."""
    quotas = QuotaKeeper(pool, Quota(requests=4, window=3_600))
    async with running_api(pool, keyring, quotas=quotas, limits=HttpLimits()) as api:
        headers = {"Authorization": f"Bearer {api.keys['admin']}"}
        posted = await api.send("POST", "/v1/events", cloud_event(), token="admin")
        missing = await api.send("GET", "/v1/orders/order-9", token="admin")
        bad = await api.send("POST", "/v1/events", body=b"{", token="admin")
        async with api.session.get(f"http://127.0.0.1:{api.port}/v1/cards/stream?seconds=0", headers=headers) as stream:
            await stream.read()
        refused = await api.send("POST", "/v1/events", cloud_event(), token="admin")
        assert [each.status for each in (posted, missing, bad, refused)] == [200, 404, 422, 429]
        assert [
            (each.headers["RateLimit-Policy"], each.headers["RateLimit"].partition(";t=")[0])
            for each in (posted, missing, bad, stream, refused)
        ] == [('"key";q=4;w=3600', f'"key";r={left}') for left in (3, 2, 1, 0, 0)]
        assert refused.problem == "quota-exceeded"
        assert refused.headers["RateLimit"].endswith(f";t={refused.headers['Retry-After']}")
        assert 800 < int(refused.headers["Retry-After"]) <= 900
        assert (await api.send("GET", "/v1/orders/order-9", token="orders:read")).status == 404
        for free in (await api.send("GET", "/v1/orders/order-9"), await api.send("GET", "/livez")):
            assert "RateLimit" not in free.headers


async def test_who_asks_for_little_with_a_ticket_is_not_drawn_for(pool: Pool, clock: Clock) -> None:
    """A tenth comes from the process alone, and refills; the rest is one for all processes, and each has its tenth."""
    passing = Monotonic()
    quota = TicketQuota(requests=600, window=600)
    here, there = (QuotaKeeper(pool, quota, monotonic=passing) for _ in range(2))
    assert [(await here.take("ticket")).left for _ in range(60)] == list(range(599, 539, -1))
    assert await pool.fetchval("SELECT count(*) FROM quotas") == 0
    passing.seconds += 300
    assert await granted([here], 30, "ticket") == 30
    assert await pool.fetchval("SELECT count(*) FROM quotas") == 0
    rest = await granted([here, there], 1_000, "ticket")
    assert rest + await granted([here, there], 200, "ticket") == 540 + 60
    assert await granted([here, there], 100, "ticket") == 0
    passing.seconds += 60
    assert (await here.take("ticket")).left == 5 + 54
    assert await granted([here], 10, "another") == 10
    passing.seconds += 600
    await clock.advance(seconds=600)
    assert await granted([here], 700, "ticket") + await granted([here], 100, "ticket") == 600


async def test_old_counts_go(pool: Pool, clock: Clock) -> None:
    """Whoever has not asked for a day, or for the longest window, has the whole quota again."""
    keeper = QuotaKeeper(pool, Quota(requests=5))
    await keeper.take("old")
    await clock.advance(days=1, seconds=1)
    await keeper.take("new")
    keep = load_settings(ticket_window=100_000).keep_rules()
    await Housekeeper(pool, lambda _: None, keep=keep).prune()
    assert await pool.fetchval("SELECT count(*) FROM quotas") == 2
    await Housekeeper(pool, lambda _: None).prune()
    assert [row["key_id"] for row in await pool.fetch("SELECT key_id FROM quotas")] == ["new"]


async def test_tickets_of_a_customer_share_a_quota(pool: Pool, keyring: Keyring) -> None:
    """Whichever they show; a ticket that names none has its own, however it is written; another customer has theirs."""
    quotas = QuotaKeeper(pool, TicketQuota(requests=3, window=3_600))
    async with running_api(pool, keyring, ticket_quotas=quotas) as api:

        async def ask(ticket: str, scheme: str = "Bearer") -> tuple[int, str]:
            reply = await api.send("GET", "/v1/orders/order-9", headers={"Authorization": f"{scheme} {ticket}"})
            assert reply.headers["RateLimit-Policy"] == '"ticket";q=3;w=3600'
            return reply.status, reply.headers["RateLimit"].partition(";t=")[0]

        mine = [await ask(api.ticket("customer-7", order)) for order in (None, "order-1", "order-2", None)]
        assert mine == [(404, '"ticket";r=2'), (404, '"ticket";r=1'), (404, '"ticket";r=0'), (429, '"ticket";r=0')]
        assert await ask(api.ticket("customer-8")) == (404, '"ticket";r=2')
        one = api.ticket(None, "order-3")
        written = [await ask(one, scheme) for scheme in ("Bearer", "bearer", "BEARER ", "Bearer")]
        assert [status for status, _ in written] == [404, 404, 404, 429]
        assert await ask(api.ticket(None, "order-4")) == (404, '"ticket";r=2')
        assert "customer" not in str(await pool.fetch("SELECT key_id FROM quotas"))
