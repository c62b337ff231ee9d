"""Delivery times that are put, on a real Postgres: few events, nothing lost, the newest wins."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import pytest
from msgspec.structs import replace

from events.errors import StoreUnavailableError
from events.outcome import Archived
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.store import EventStore
from projections import eta_keeper
from projections.eta import Became, Eta, EtaRules, Hold, Over, Overtaken, Recorded, Unchanged
from projections.eta_keeper import EtaKeeper
from projections.verifier import verify
from tests.conftest import Clock
from tests.integration.archiving import Archiving
from tests.integration.flow import Flow
from tests.integration.wire import backend_that_waits

RULES: Final = EtaRules(moves=60, apart=15, stands=60, confirms=1_800)


class Courier:
    """Puts delivery times for `order-1`, whichever process takes them.

    Attributes:
        promised: What the order was placed with.
        told: Orders that a projector was told of.
    """

    def __init__(self, flow: Flow, clock: Clock) -> None:
        self.flow = flow
        self.clock = clock
        self.promised = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
        self.told: list[str] = []
        self.keeper = self.new_keeper()

    def new_keeper(self, pool: Pool | None = None) -> EtaKeeper:
        """Give one more process that takes them."""
        pool = pool or self.flow.pool
        store = EventStore(pool, self.flow.keyring)
        return EtaKeeper(pool, self.flow.keyring, store, self.told.extend, rules=RULES)

    async def place(self) -> None:
        """Let the order be placed, a minute ago."""
        await self.flow.place(deliveryTime=self.promised.isoformat())
        await self.flow.settle("order-1")

    def eta(self, later: float, at: datetime, order: str = "order-1") -> Eta:
        """Give a time that is so many seconds later than promised."""
        return Eta(subject_id=order, delivery_time=self.promised + timedelta(seconds=later), at=at, source="courier")

    async def put(self, later: float, *, ago: float = 0, by: EtaKeeper | None = None, order: str = "order-1") -> Became:
        """Put a time that was so many seconds ago."""
        at = await self.clock.now() - timedelta(seconds=ago)
        return await (by or self.keeper).put(self.eta(later, at, order))

    async def recorded(self) -> list[float]:
        """Give how much later each time was that became an event, in their order."""
        rows = await self.flow.pool.fetch(
            "SELECT (data ->> 'deliveryTime')::timestamptz AS delivery_time FROM events "
            "WHERE subject_id = 'order-1' AND type = 'order.eta_changed' ORDER BY version"
        )
        return [(row["delivery_time"] - self.promised).total_seconds() for row in rows]

    async def row(self) -> asyncpg.Record | None:
        """Read the order's row."""
        return await self.flow.pool.fetchrow("SELECT * FROM etas WHERE subject_id = 'order-1'")


@pytest.fixture
async def courier(flow: Flow, clock: Clock) -> Courier:
    """A courier with an order that was placed and folded."""
    made = Courier(flow, clock)
    await made.place()
    return made


async def test_what_moves_the_card_is_an_event_and_the_rest_is_not(courier: Courier) -> None:
    """The projector is told; the same again is unchanged, before it is folded and after."""
    first, again = await courier.put(120), await courier.put(120)
    await courier.flow.settle("order-1")
    folded = await courier.put(120)

    assert (first, again, folded) == (Recorded(2), Unchanged(), Unchanged())
    assert courier.told == ["order-1"]
    assert await courier.recorded() == [120]


async def test_a_small_move_is_recorded_once_it_has_stood(courier: Courier) -> None:
    """Though nobody puts anything again; another process may do it."""
    became = await courier.put(20)
    early = await courier.new_keeper().sweep(), await courier.recorded()
    await courier.clock.advance(seconds=59)
    await courier.new_keeper().sweep()
    still = await courier.recorded()
    await courier.clock.advance(seconds=2)
    await courier.new_keeper().sweep()

    assert isinstance(became, Hold)
    assert early == (0, [])
    assert (still, await courier.recorded()) == ([], [20])


async def test_small_moves_that_add_up_are_recorded(courier: Courier) -> None:
    """A ping a second that moves by a second: an event for a minute, and one for what is left in the end."""
    for second in range(1, 76):
        await courier.clock.advance(seconds=1)
        await courier.put(second)
        await courier.keeper.sweep()
    for _ in range(5):
        await courier.clock.advance(seconds=15)
        await courier.keeper.sweep()

    assert await courier.recorded() == [60, 75]


async def test_a_time_that_trembles_is_no_event(courier: Courier) -> None:
    """As long as it stays near what the card shows; when it comes to rest it is recorded."""
    for second in range(90):
        await courier.clock.advance(seconds=1)
        await courier.put(10 if second % 2 else -10)
        await courier.keeper.sweep()
    trembled = await courier.recorded()
    for _ in range(5):
        await courier.clock.advance(seconds=15)
        await courier.keeper.sweep()

    assert (trembled, await courier.recorded()) == ([], [10])


async def test_a_move_that_is_taken_back_is_no_event(courier: Courier) -> None:
    """The latest counts, not the first."""
    await courier.put(20)
    back = await courier.put(0)
    await courier.clock.advance(minutes=5)
    await courier.keeper.sweep()

    assert (back, await courier.recorded()) == (Unchanged(), [])


async def test_an_older_time_does_not_win_over_a_newer(courier: Courier) -> None:
    """Whether the newer one was recorded, waits, or is what the card shows."""
    await courier.put(120, ago=5)
    recorded = await courier.put(600, ago=6)
    await courier.put(130, ago=4)
    waits = await courier.put(600, ago=5)
    await courier.put(120, ago=2)
    shown = await courier.put(600, ago=3)

    assert (recorded, waits, shown) == (Overtaken(), Overtaken(), Overtaken())
    assert await courier.recorded() == [120]


async def test_an_event_that_is_newer_wins_over_what_waits(courier: Courier) -> None:
    """The kitchen says another time after the courier has."""
    await courier.put(20, ago=30)
    later = (courier.promised + timedelta(minutes=10)).isoformat()
    delayed = courier.flow.event("order-1", "order.delayed", {"deliveryTime": later, "reason": "rain"})
    await courier.flow.append(replace(delayed, occurred_at=await courier.clock.now()))
    await courier.flow.settle("order-1")
    await courier.clock.advance(minutes=2)
    await courier.keeper.sweep()

    assert await courier.recorded() == []


async def test_many_processes_at_once_make_few_events(courier: Courier) -> None:
    """Of hundred different times of one moment one is recorded at once, and in the end the newest is."""
    keepers = [courier.new_keeper() for _ in range(4)]
    now = await courier.clock.now()
    became = await asyncio.gather(
        *(
            keepers[each % 4].put(courier.eta(100 + each, now + timedelta(milliseconds=each - 200)))
            for each in range(100)
        )
    )
    for _ in range(6):
        await courier.clock.advance(seconds=15)
        await asyncio.gather(*(each.sweep() for each in keepers))
    recorded = await courier.recorded()

    assert not isinstance(became[-1], Overtaken)
    assert recorded[-1] == 199
    assert len(recorded) <= 2


async def test_those_who_put_at_once_share_a_round_trip(courier: Courier) -> None:
    """And each hears what became of its own."""
    now = await courier.clock.now()
    etas = [courier.eta(120, now, f"order-{each}") for each in range(2, 50)]
    became = await asyncio.gather(*(courier.keeper.put(each) for each in [*etas, courier.eta(0, now)]))

    assert became == [*[Recorded(1)] * 48, Unchanged()]


async def test_who_puts_again_as_soon_as_the_answer_is_there_is_answered(
    courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the last batch has just ended, and no other is under way."""
    monkeypatch.setattr(eta_keeper, "BATCHES", 1)
    now = await courier.clock.now()

    assert [await courier.keeper.put(courier.eta(0, now)) for _ in range(3)] == [Unchanged()] * 3


async def test_a_process_that_dies_before_its_event_commits_loses_nothing(courier: Courier) -> None:
    """The time was written first: whoever looks next records it, once."""
    async with courier.flow.pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM heads WHERE subject_id = 'order-1' FOR UPDATE")
        dying = asyncio.create_task(courier.put(120))
        await blocker.execute("SELECT pg_terminate_backend($1)", await backend_that_waits(blocker))
        with pytest.raises(StoreUnavailableError):
            await dying
    nothing = await courier.recorded()
    await courier.clock.advance(seconds=15)
    await courier.new_keeper().sweep()
    again = await courier.put(120)

    assert (nothing, await courier.recorded(), again) == ([], [120], Unchanged())


async def test_a_time_that_the_log_has_under_its_id_is_not_appended_again(courier: Courier) -> None:
    """Also where nothing else remembers that it was: its row went, and nothing is folded."""
    now = await courier.clock.now()
    first = await courier.keeper.put(courier.eta(120, now))
    await courier.flow.pool.execute("DELETE FROM etas")
    again = await courier.keeper.put(courier.eta(120, now))

    assert (first, again) == (Recorded(2), Recorded(2))
    assert await courier.recorded() == [120]


async def test_before_an_order_is_placed_its_times_are_events_as_others_are(flow: Flow, clock: Clock) -> None:
    """They are kept, and fold when it comes; the same is not recorded again meanwhile."""
    courier = Courier(flow, clock)
    first, again, moved = await courier.put(0), await courier.put(0), await courier.put(20)
    await flow.place()
    await flow.settle("order-1")
    after = await courier.put(0)

    assert (first, again, after) == (Recorded(1), Unchanged(), Unchanged())
    assert isinstance(moved, Hold)


async def test_an_order_that_is_over_takes_no_time(courier: Courier) -> None:
    """Neither by what is put, which leaves nothing behind, nor by what waits."""
    await courier.put(20)
    await courier.flow.happen("order-1", "order.cancelled")
    await courier.flow.settle("order-1")
    late = await courier.put(120)
    await courier.clock.advance(minutes=2)
    await courier.keeper.sweep()

    assert (late, await courier.put(600)) == (Over(), Over())
    assert (await courier.recorded(), await courier.row()) == ([], None)


async def test_an_archived_order_leaves_no_time_behind(archiving: Archiving, clock: Clock) -> None:
    """Its row goes with it."""
    courier = Courier(archiving.flow, clock)
    await courier.place()
    await courier.put(20)
    assert await courier.row() is not None
    await archiving.finish("order-1")
    await archiving.run()

    assert await courier.row() is None
    assert await courier.put(20) == Archived()


async def test_a_row_that_has_nothing_to_say_goes(courier: Courier) -> None:
    """A day after its time moved last; until then it remembers what is newest."""
    await courier.put(120)
    await courier.flow.settle("order-1")
    await courier.clock.advance(hours=23)
    await courier.keeper.sweep()
    assert await courier.row() is not None
    await courier.clock.advance(hours=2)
    await courier.keeper.sweep()

    assert await courier.row() is None
    assert await courier.put(120) == Recorded(3), "nothing was heard of the order for a day"


async def test_a_confirmed_time_is_an_event_now_and_then(courier: Courier) -> None:
    """So that a card is not called old whose courier says every second that all is well."""
    for _ in range(7):
        await courier.clock.advance(minutes=10)
        await courier.put(0)

    assert await courier.recorded() == [0, 0]


async def test_a_replay_ends_where_the_cards_are(courier: Courier, keyring: Keyring) -> None:
    """What waited is no part of a view; what became an event is an event like any other."""
    await courier.put(120)
    await courier.put(140)
    await courier.flow.settle("order-1")
    found = await verify(courier.flow.pool, keyring)

    assert (found.orders, found.different.count) == (1, 0)
