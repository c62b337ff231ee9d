"""A rebuild folds every order again beside the running service, and shows the new views in place of the old."""

import asyncio
from collections.abc import Sequence

import pytest

import projections.rebuilder as rebuilder_module
import projections.refold as refold_module
from events.envelope import RecordedEvent
from events.postgres.pool import Connection
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.vocabulary import vocabulary
from projections.found import Found
from projections.order_view import FOLD_VERSION, OrderView, fold
from projections.rebuild_ledger import SlotState, begin_rebuild, hold_slot
from projections.rebuilder import Rebuilt, build, move, move_all
from projections.verifier import verify
from projections.view_row import Stopped
from tests.conftest import Clock
from tests.integration.flow import Flow
from tests.integration.rebuilding import Rebuilding

ORDERS = [f"order-{number}" for number in range(1, 31)]
LIFE = ("order.placed", "order.courier_assigned", "order.note")


@pytest.fixture
async def rebuilding(flow: Flow) -> Rebuilding:
    """Thirty orders of three events each, personal values among them, folded and matched for one phone."""
    await flow.register()
    for each in ORDERS:
        await flow.happen(each, *LIFE)
    await flow.settle(*ORDERS)
    return Rebuilding(flow.pool, flow.keyring)


async def debts(flow: Flow) -> list[tuple[str, int]]:
    """Give how often each card was put in debt."""
    return [(row["subject_id"], row["debt"]) for row in await flow.rows()]


async def is_same(rebuilding: Rebuilding) -> bool:
    """Tell whether live views equal replayed views."""
    return (await verify(rebuilding.pool, rebuilding.keyring)).same


class Poison:
    """A fold that fails for one order at an event of a type, as a bug would."""

    def __init__(self, subject_id: str, type_: str) -> None:
        self._subject_id, self._type = subject_id, type_

    def __call__(self, view: OrderView, events: Sequence[RecordedEvent]) -> OrderView:
        """Fold, or fail."""
        for event in events:
            if (event.subject_id, event.type) == (self._subject_id, self._type):
                raise ValueError("Anna Kaya")
        return fold(view, events)

    def one(self, view: OrderView, event: RecordedEvent) -> OrderView:
        """Evolve, or fail."""
        return self(view, (event,))

    def take_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in the place of the fold."""
        monkeypatch.setattr(refold_module, "fold", self)
        monkeypatch.setattr(refold_module, "evolve", self.one)


async def test_a_rebuild_gives_the_same_views_and_moves_every_slot(flow: Flow, rebuilding: Rebuilding) -> None:
    """Nothing is owed for it, the views before stay, and a second rebuild lets the first ones go."""
    before, owed = await rebuilding.versions(), await debts(flow)
    done = await rebuilding.run()

    assert (done.orders, done.events, done.changed, done.moved, done.stopped) == (30, 90, 0, 256, Found())
    assert (await rebuilding.live(), await rebuilding.stored()) == ({2}, {1: 30, 2: 30})
    assert await is_same(rebuilding)
    assert (await rebuilding.versions(), await debts(flow)) == (before, owed)

    await rebuilding.run()

    assert (await rebuilding.live(), await rebuilding.stored()) == ({3}, {2: 30, 3: 30})
    assert await debts(flow) == owed


async def test_the_projector_goes_on_in_the_new_generation(flow: Flow, rebuilding: Rebuilding) -> None:
    """What comes after the move is folded once, and owed once."""
    await rebuilding.run()
    [before] = [debt for subject_id, debt in await debts(flow) if subject_id == "order-7"]
    await flow.happen("order-7", "order.ready")
    await flow.settle("order-7")

    assert (await rebuilding.versions())["order-7"] == 4
    assert ("order-7", before + 1) in await debts(flow)
    assert await is_same(rebuilding)


async def test_a_view_that_was_wrong_is_right_afterwards(flow: Flow, rebuilding: Rebuilding) -> None:
    """It is counted as changed, and its card is left alone."""
    await flow.pool.execute("UPDATE views SET status = 'lost', fingerprint = '\\x00' WHERE subject_id = 'order-7'")
    owed = await debts(flow)
    done = await rebuilding.run()

    assert done.changed == 1
    assert await is_same(rebuilding)
    assert await debts(flow) == owed


async def test_what_is_not_folded_yet_is_left_to_the_projector(flow: Flow, rebuilding: Rebuilding) -> None:
    """A rebuild follows the live views, not the log: debt comes with the projector's fold alone."""
    await flow.happen("order-7", "order.ready")
    await flow.happen("new-order", "order.placed")
    before = await rebuilding.versions()
    await rebuilding.run()

    assert await rebuilding.versions() == before
    assert set((await flow.project("order-7", "new-order")).won) == {"order-7", "new-order"}
    assert await is_same(rebuilding)


@pytest.mark.parametrize("few", [1, 20])
async def test_views_that_move_on_between_build_and_move_are_followed(
    flow: Flow, rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Events, a new order and an erasure in between are all in the new generation, many of them or few."""
    monkeypatch.setattr(rebuilder_module, "FEW", few)
    slots = await rebuilding.begin()
    await rebuilding.build()
    await flow.happen("order-7", "order.ready")
    await flow.happen("new-order", "order.placed")
    await flow.store.erase("order-8")
    await flow.settle("order-7", "new-order", "order-8")
    before = await rebuilding.versions()
    await rebuilding.move(slots)

    assert await rebuilding.versions() == before
    assert (before["order-7"], before["new-order"], before["order-8"]) == (4, 1, 4)
    assert await is_same(rebuilding)


async def test_a_move_keeps_projectors_out_and_appends_go_on(
    flow: Flow, rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a move an event is stored at once, and its fold waits for the new generation."""
    catch_up = rebuilder_module._catch_up
    slots = await rebuilding.begin()
    await rebuilding.build()
    seen: list[set[str]] = []

    async def busy(connection: Connection, keyring: Keyring, slot: int, *, patient: bool) -> tuple[Rebuilt, bool]:
        done = await catch_up(connection, keyring, slot, patient=patient)
        if slot == slot_of("order-7"):
            await flow.happen("order-7", "order.ready")
            seen.append((await flow.project("order-7")).again)
        return done

    monkeypatch.setattr(rebuilder_module, "_catch_up", busy)
    await rebuilding.move(slots)

    assert seen == [{"order-7"}]
    assert (await flow.project("order-7")).won == ["order-7"]
    assert (await rebuilding.versions())["order-7"] == 4
    assert await is_same(rebuilding)


async def test_a_move_waits_for_a_projector_that_has_no_lock(rebuilding: Rebuilding) -> None:
    """One that gave up waiting for a slot's lock keeps the slot from moving all the same, and delays no claim."""
    await rebuilding.begin()
    slot = slot_of("order-7")
    async with rebuilding.pool.acquire() as holder, rebuilding.pool.acquire() as impatient:
        transaction = impatient.transaction()
        await transaction.start()
        async with holder.transaction():
            assert await holder.fetch(statement("projections/claim_slots"), [slot])
            assert await impatient.fetch(statement("projections/read_slots"), [slot])
        moving = asyncio.ensure_future(move(rebuilding.pool, rebuilding.keyring, slot))
        while not await rebuilding.pool.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
        ):
            assert not moving.done()
        await transaction.rollback()

    assert (await moving).moved == 1


async def test_a_fold_that_fails_sets_its_order_aside_alone(
    flow: Flow, rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order keeps what could be folded, is told by name, and comes back with the fold that is mended."""
    with monkeypatch.context() as broken:
        Poison("order-7", "order.courier_assigned").take_over(broken)
        done = await rebuilding.run()
    error = await flow.pool.fetchval("SELECT error FROM views WHERE quarantined_at IS NOT NULL")

    assert done.stopped == Found(1, (Stopped("order-7", 1, "ValueError"),))
    assert (await rebuilding.versions())["order-7"] == 1
    assert b"Anna" not in error

    await rebuilding.run()
    await flow.projector.sweep(ALL_SLOTS)
    await flow.project("order-7")

    assert set((await rebuilding.versions()).values()) == {3}
    assert await flow.pool.fetchval(statement("projections/count_trouble"), ALL_SLOTS) == 0
    assert await is_same(rebuilding)


async def test_an_order_that_was_set_aside_is_found_again_although_it_was_settled(
    flow: Flow, rebuilding: Rebuilding, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep settles what is caught up; a generation that is not takes the head back."""
    await clock.advance(minutes=2)
    await flow.projector.sweep(ALL_SLOTS)
    assert await flow.pool.fetchval("SELECT count(*) FROM heads WHERE settled_at IS NULL") == 0
    with monkeypatch.context() as broken:
        Poison("order-7", "order.courier_assigned").take_over(broken)
        await rebuilding.run()
    await rebuilding.run()
    behind = await flow.pool.fetch(statement("projections/find_behind"), ALL_SLOTS, FOLD_VERSION, 10, vocabulary())

    assert [row["subject_id"] for row in behind] == ["order-7"]


async def test_no_head_is_settled_while_its_slot_is_to_move(flow: Flow, rebuilding: Rebuilding, clock: Clock) -> None:
    """A move looks among those that are not; once it has moved they are settled as ever."""
    await begin_rebuild(flow.pool)
    await build(flow.pool, flow.keyring)
    await clock.advance(minutes=2)
    await flow.projector.sweep(ALL_SLOTS)
    unsettled = "SELECT count(*) FROM heads WHERE settled_at IS NULL"
    assert await flow.pool.fetchval(unsettled) == len(ORDERS)
    await rebuilding.run()
    await flow.projector.sweep(ALL_SLOTS)

    assert await flow.pool.fetchval(unsettled) == 0


async def test_what_is_folded_in_the_last_moment_is_moved_too(
    flow: Flow, rebuilding: Rebuilding, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had waited for long, and the sweep came by before the slot was held: the move finds it all the same."""
    await clock.advance(minutes=2)
    await flow.projector.sweep(ALL_SLOTS)
    slots = await begin_rebuild(flow.pool)
    await build(flow.pool, flow.keyring)
    await flow.happen("order-7", "order.ready")
    await clock.advance(minutes=2)

    async def held(connection: Connection, slot: int) -> None:
        if slot == slot_of("order-7"):
            await flow.projector.project(["order-7"])
            await flow.projector.sweep([slot])
        await hold_slot(connection, slot)

    monkeypatch.setattr(rebuilder_module, "hold_slot", held)
    await move_all(flow.pool, flow.keyring, slots)

    assert (await rebuilding.live(), (await rebuilding.versions())["order-7"]) == ({2}, 4)
    assert await is_same(rebuilding)


async def test_a_rebuild_that_begins_before_the_slot_is_held_is_built_first(
    flow: Flow, rebuilding: Rebuilding, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A move that found none has built nothing: it must not go where settled orders have no views."""
    await clock.advance(minutes=2)
    await flow.projector.sweep(ALL_SLOTS)
    begun: list[SlotState] = []

    async def held(connection: Connection, slot: int) -> None:
        if not begun:
            begun.extend(await rebuilding.begin())
        await hold_slot(connection, slot)

    monkeypatch.setattr(rebuilder_module, "hold_slot", held)
    done = await move(flow.pool, flow.keyring, slot_of("order-7"))

    assert done.moved == 1
    assert await is_same(rebuilding)
    assert (await rebuilding.versions())["order-7"] == 3


async def test_an_event_that_is_newer_than_the_rebuild_holds_its_order(flow: Flow, rebuilding: Rebuilding) -> None:
    """It is no failure of the fold."""
    await flow.pool.execute(
        "ALTER TABLE events DISABLE TRIGGER events_are_facts; "
        "UPDATE events SET type = 'order.teleported' WHERE subject_id = 'order-7' AND version = 2; "
        "ALTER TABLE events ENABLE TRIGGER events_are_facts"
    )
    done = await rebuilding.run()
    counted = await flow.pool.fetchrow(statement("projections/count_trouble"), ALL_SLOTS)
    held_by = await flow.pool.fetchval("SELECT max(held_for) FROM views WHERE generation = 2")

    assert done.stopped == Found(1, (Stopped("order-7", 1, "NewerEventError"),))
    assert held_by == "order.teleported 2"
    assert tuple(counted or ()) == (0, 1)


async def test_a_view_without_a_log_goes(flow: Flow, rebuilding: Rebuilding) -> None:
    """What the log knows nothing of has no place in the new generation."""
    slots = await rebuilding.begin()
    await rebuilding.build()
    await flow.pool.execute("DELETE FROM views WHERE subject_id = 'order-7' AND generation = 1")
    await rebuilding.move(slots)

    assert "order-7" not in await rebuilding.versions()


async def test_who_should_see_an_order_and_when_is_kept(flow: Flow, rebuilding: Rebuilding) -> None:
    """A flag for the matcher and the mark of a crowd go along, also when they come after the build."""
    await flow.place("later", showAt="2050-11-01T12:00:00Z")
    await flow.project("later")
    slots = await rebuilding.begin()
    await rebuilding.build()
    await flow.place("later-still", showAt="2051-11-01T12:00:00Z")
    await flow.project("later-still")
    await flow.pool.execute("UPDATE views SET crowd = true WHERE subject_id = 'order-7' AND generation = 1")
    columns = "SELECT subject_id, match_due_at, match_count, crowd, folded_at, customer_id FROM views"
    before = await flow.pool.fetch(f"{columns} WHERE generation = 1 ORDER BY subject_id")
    await rebuilding.move(slots)

    assert await flow.pool.fetch(f"{columns} WHERE generation = 2 ORDER BY subject_id") == before


async def test_two_rebuilds_at_once_are_one(rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take turns with the same slots."""
    monkeypatch.setattr(rebuilder_module, "PAGE_SUBJECTS", 1)
    both = await asyncio.gather(rebuilding.run(), rebuilding.run())

    assert sum(each.moved for each in both) == 256
    assert await rebuilding.stored() == {1: 30, 2: 30}
    assert await is_same(rebuilding)
