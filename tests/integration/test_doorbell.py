"""Hints between loops and processes, carried by Postgres."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from events.postgres.doorbell import CHANNEL, Doorbell, Ring
from events.postgres.pool import Pool
from events.slot import slot_of
from tests.integration.wire import Wire


class Ear:
    """Listens to a doorbell, and can be asked to wait for what it wants to hear."""

    def __init__(self, doorbell: Doorbell) -> None:
        self.heard: list[Ring] = []
        self._news = asyncio.Event()
        doorbell.listen(self._hear)

    def _hear(self, ring: Ring) -> None:
        self.heard.append(ring)
        self._news.set()

    async def wait_for(self, wanted: Callable[[Ring], object]) -> Ring:
        """Wait for a ring, also one that came before."""
        while not (found := [ring for ring in self.heard if wanted(ring)]):
            self._news.clear()
            await self._news.wait()
        return found[0]


async def listeners(pool: Pool, count: int, *, without: frozenset[int] = frozenset()) -> frozenset[int]:
    """Wait until so many backends listen, and give their process ids."""
    while True:
        rows = await pool.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' "
            "AND application_name = 'lockstep-doorbell' AND (query LIKE 'LISTEN%' OR query LIKE '%pg_notify%')"
        )
        if len(found := frozenset(row["pid"] for row in rows) - without) == count:
            return found


@asynccontextmanager
async def running(*doorbells: Doorbell) -> AsyncIterator[asyncio.Event]:
    """Run doorbells until the end of the block."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for doorbell in doorbells:
            group.create_task(doorbell.run(stop))
        try:
            yield stop
        finally:
            stop.set()


def test_loops_of_the_same_process_hear_at_once() -> None:
    """Without a database, in the same call, with everything that was rung."""
    doorbell = Doorbell("postgresql://nowhere")
    ear = Ear(doorbell)
    doorbell.ring(behind=["order-1"], due=[7], matching=True)

    [ring] = ear.heard
    assert (ring.behind, ring.due, ring.matching, ring.settings) == (["order-1"], [7], True, False)


async def test_processes_hear_each_other(dsn: str, pool: Pool) -> None:
    """A hint reaches the other process whole, and does not come back to its own."""
    here, there = Doorbell(dsn), Doorbell(dsn)
    mine, theirs = Ear(here), Ear(there)
    async with running(here, there):
        await listeners(pool, 2)
        here.ring(behind=["order-1", "order-2"], due=[3], settings=True)
        ring = await theirs.wait_for(lambda ring: ring.behind)
        there.ring(matching=True)
        await mine.wait_for(lambda ring: ring.matching)

    assert (ring.behind, ring.due, ring.settings) == (["order-1", "order-2"], [3], True)
    assert [ring.matching for ring in mine.heard] == [False, True]


async def test_hints_that_gather_travel_as_one(dsn: str, pool: Pool) -> None:
    """What is rung before the line is up is carried by one message, each subject once."""
    here, there = Doorbell(dsn), Doorbell(dsn)
    theirs = Ear(there)
    async with running(there):
        await listeners(pool, 1)
        for n in range(1_000):
            here.ring(behind=[f"order-{n % 10}"], due=[n % 5])
        async with running(here):
            await theirs.wait_for(lambda ring: ring.behind)

    [ring] = theirs.heard
    assert ring.behind == [f"order-{n}" for n in range(10)]
    assert ring.due == [0, 1, 2, 3, 4]


async def test_a_message_that_would_be_too_long_names_slots(dsn: str, pool: Pool) -> None:
    """Postgres refuses 8,000 bytes; slots are 256 at the most, and whoever hears them looks there."""
    here, there = Doorbell(dsn), Doorbell(dsn)
    theirs = Ear(there)
    subjects = [f"order-{n:050}" for n in range(1_000)]
    async with running(here, there):
        await listeners(pool, 2)
        here.ring(behind=subjects, due=range(256))
        ring = await theirs.wait_for(lambda ring: ring.due)

    assert ring.behind == []
    assert ring.behind_slots == sorted({slot_of(subject) for subject in subjects})
    assert ring.due == list(range(256))


async def test_a_line_that_was_cut_is_made_anew(dsn: str, pool: Pool) -> None:
    """Both backends are terminated; soon hints travel again, in both directions."""
    here, there = Doorbell(dsn), Doorbell(dsn)
    mine, theirs = Ear(here), Ear(there)
    async with running(here, there):
        cut = await listeners(pool, 2)
        await pool.execute("SELECT pg_terminate_backend(pid) FROM unnest($1::integer[]) AS pid", list(cut))
        await listeners(pool, 2, without=cut)
        here.ring(behind=["order-1"])
        there.ring(behind=["order-2"])
        await theirs.wait_for(lambda ring: ring.behind == ["order-1"])
        await mine.wait_for(lambda ring: ring.behind == ["order-2"])


async def test_what_is_not_understood_is_passed_over(dsn: str, pool: Pool) -> None:
    """Another release may say more than we know, or something else; the bell goes on."""
    doorbell = Doorbell(dsn)
    ear = Ear(doorbell)
    async with running(doorbell):
        await listeners(pool, 1)
        for payload in ("", "no json", "[1]", '{"behind": 7}', '{"sender": "newer", "matching": true, "more": 1}'):
            await pool.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
        await ear.wait_for(lambda ring: ring.matching)

    assert [ring.sender for ring in ear.heard] == ["newer"]


async def test_a_bell_without_a_server_stops_when_told(wire: Wire) -> None:
    """Its own loops still hear; and it ends at once rather than after its next try."""
    await wire.close()
    doorbell = Doorbell(wire.dsn)
    ear = Ear(doorbell)
    async with running(doorbell):
        doorbell.ring(behind=["order-1"])
        await asyncio.sleep(0)

    assert [ring.behind for ring in ear.heard] == [["order-1"]]


async def test_a_line_to_a_vanished_host_is_given_up(dsn: str, wire: Wire, pool: Pool) -> None:
    """It stands and is silent: nobody says that Postgres is gone, so the doorbell asks."""
    here, there = Doorbell(wire.dsn, proof_seconds=0.2), Doorbell(dsn)
    ear = Ear(here)
    async with running(here, there):
        before = await listeners(pool, 2)
        wire.forget()
        await listeners(pool, 1, without=before)
        there.ring(matching=True)
        await ear.wait_for(lambda ring: ring.matching)
