"""Who looked at whose card: counted by the day, kept for so many, and not lost while Postgres is away."""

import asyncio

import pytest

from app.access.personal_reads import PersonalReads
from app.housekeeping import Housekeeper, KeepRules
from events.errors import StoreUnavailableError
from events.postgres.pool import Pool, open_pool
from events.slot import ALL_SLOTS
from tests.conftest import Clock
from tests.integration.command_line import lockstep


async def told(reads: PersonalReads, **which: object) -> list[tuple[str, str, str, int]]:
    """Give what is listed, in short."""
    found = await reads.list_reads(**{"days": 30, "limit": 100, **which})  # type: ignore[arg-type]  # as named
    return [(each.order_id, each.reader, each.what, each.times) for each in found]


async def test_a_day_has_one_row_for_each_reader_order_and_way(pool: Pool, clock: Clock) -> None:
    """The same again is counted, in one process and in several; the next day begins a row of its own."""
    here, elsewhere = PersonalReads(pool), PersonalReads(pool)
    for reads in (here, elsewhere):
        for order_id in ("order-1", "order-1", "order-2"):
            reads.note("lk_live_shop", "order", order_id)
        reads.note("lk_live_shop", "events", "order-1")
    await asyncio.gather(here.write(), elsewhere.write())
    await clock.advance(days=1)
    here.note("lk_live_other", "order", "order-1")
    here.note("lk_live_shop", "order", "order-1")
    await here.write()
    assert sorted(await told(here)) == [
        ("order-1", "lk_live_other", "order", 1),
        ("order-1", "lk_live_shop", "events", 2),
        ("order-1", "lk_live_shop", "order", 1),
        ("order-1", "lk_live_shop", "order", 4),
        ("order-2", "lk_live_shop", "order", 2),
    ]
    assert await told(here, order_id="order-2") == [("order-2", "lk_live_shop", "order", 2)]
    assert await told(here, reader="lk_live_other") == [("order-1", "lk_live_other", "order", 1)]
    assert len(await told(here, days=1)) == 2
    assert len(await told(here, limit=3)) == 3


async def test_it_is_written_soon_and_when_told_to_stop(pool: Pool) -> None:
    """Nobody waits for it, and a process that leaves writes what is left."""
    reads, stop = PersonalReads(pool), asyncio.Event()
    running = asyncio.create_task(reads.run(stop))
    reads.note("lk_live_shop", "order", "order-1")
    stop.set()
    await running
    assert await told(reads) == [("order-1", "lk_live_shop", "order", 1)]


async def test_while_postgres_is_away_nothing_is_forgotten(dsn: str, pool: Pool) -> None:
    """What could not be written is kept, and counted on."""
    away = await open_pool(dsn, name="tests")
    reads = PersonalReads(away)
    reads.note("lk_live_shop", "order", "order-1")
    await away.close()
    with pytest.raises(StoreUnavailableError):
        await reads.write()
    reads.note("lk_live_shop", "order", "order-1")
    reads._pool = pool
    await reads.write()
    assert await told(reads) == [("order-1", "lk_live_shop", "order", 2)]


async def test_it_is_known_for_so_many_days(pool: Pool, clock: Clock) -> None:
    """Then the housekeeper lets it go."""
    reads = PersonalReads(pool)
    reads.note("lk_live_shop", "order", "order-1")
    await reads.write()
    keeper = Housekeeper(pool, lambda _: None, keep=KeepRules(reads=90))
    await clock.advance(days=90)
    assert await keeper.prune_reads(ALL_SLOTS) == 0
    await clock.advance(days=1)
    assert await keeper.prune_reads(ALL_SLOTS) == 1
    assert await told(reads, days=365) == []


async def test_the_command_says_who_looked(dsn: str, pool: Pool) -> None:
    """For people, with every order named as such; nobody is said to be nobody."""
    assert "Nobody has looked." in (await lockstep("audit", dsn=dsn)).out
    reads = PersonalReads(pool)
    reads.note("lk_live_shop", "feed", "")
    await reads.write()
    [line] = [line for line in (await lockstep("audit", dsn=dsn)).out.splitlines() if "lk_live_shop" in line]
    assert line.split()[:4] == ["-", "lk_live_shop", "feed", "1"]
