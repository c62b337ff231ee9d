"""A rebuild that is killed goes on from where it was; one that was wrong is taken back."""

import asyncio

import pytest

from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from projections import rebuilder
from projections.errors import OtherFoldError, RebuildError
from projections.order_view import FOLD_VERSION
from projections.rebuild_ledger import SlotState, begin_rebuild, give_up
from projections.rebuilder import Rebuilt
from projections.verifier import verify
from tests.integration.command_line import lockstep
from tests.integration.flow import Flow
from tests.integration.holding import killed_when, locked
from tests.integration.rebuilding import Rebuilding
from tests.integration.wire import backend_that_waits

ORDERS = [f"order-{number}" for number in range(1, 31)]
LAST = max(ORDERS, key=slot_of)
"""The order whose slot comes last."""


@pytest.fixture
async def rebuilding(flow: Flow) -> Rebuilding:
    """Thirty orders of two events each, folded."""
    for each in ORDERS:
        await flow.happen(each, "order.placed", "order.courier_assigned")
    await flow.project(*ORDERS)
    return Rebuilding(flow.pool, flow.keyring)


async def killed_at(condition: str, pool: Pool, dsn: str) -> None:
    """Run the command until a condition of the database holds, and kill it."""

    async def holds() -> bool:
        return bool(await pool.fetchval(f"SELECT {condition}"))

    await killed_when(holds, "replay", "rebuild", "--full-speed", dsn=dsn)


async def is_same(rebuilding: Rebuilding) -> bool:
    """Tell whether live views equal replayed views."""
    return (await verify(rebuilding.pool, rebuilding.keyring)).same


async def test_a_build_that_is_killed_goes_on(rebuilding: Rebuilding, dsn: str) -> None:
    """Nothing of it shows, and what was written is not folded twice."""
    pool = rebuilding.pool
    await rebuilding.begin()
    elsewhere = sum(slot_of(each) != slot_of(LAST) for each in ORDERS)
    async with locked(pool, "rebuilds", slot_of(LAST)):
        await killed_at(f"(SELECT count(*) FROM views WHERE generation = 2) = {elsewhere}", pool, dsn)
        assert await rebuilding.live() == {1}
        assert await is_same(rebuilding)
    done = await lockstep("replay", "rebuild", "--full-speed", "--json", dsn=dsn)

    assert (done.code, done.json["orders"], done.json["moved"]) == (0, len(ORDERS) - elsewhere, 256)
    assert await rebuilding.live() == {2}
    assert await is_same(rebuilding)


async def test_a_move_that_is_killed_goes_on(flow: Flow, rebuilding: Rebuilding, dsn: str) -> None:
    """Some slots are there and others are not: readers and projectors know of each, and the rest follows."""
    pool = rebuilding.pool
    async with locked(pool, "slots", slot_of(LAST)):
        await killed_at("EXISTS (SELECT FROM slots WHERE generation = 2)", pool, dsn)
    assert await is_same(rebuilding)
    await flow.happen(ORDERS[0], "order.ready")
    assert (await flow.project(ORDERS[0])).won == [ORDERS[0]]
    done = await lockstep("replay", "rebuild", "--full-speed", "--json", dsn=dsn)

    assert done.code == 0
    assert await rebuilding.live() == {2}
    assert await is_same(rebuilding)


async def test_what_a_move_wrote_before_it_was_broken_off_is_written_again(flow: Flow, rebuilding: Rebuilding) -> None:
    """An order that came after the build stands in the next generation already, and beyond where the build ended."""
    await rebuilding.begin()
    await rebuilding.build()
    await flow.happen("zzz", "order.placed")
    await flow.project("zzz")
    await rebuilder._follow(rebuilding.pool, rebuilding.keyring, slot_of("zzz"))
    done = await rebuilding.run()

    assert (done.moved, (await rebuilding.versions())["zzz"]) == (256, 1)
    assert await is_same(rebuilding)


async def test_a_rebuild_that_begins_during_a_move_waits_for_it(
    rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move has seen that the slot goes nowhere, and must not find another way for it a moment later."""
    catch_up = rebuilder._catch_up
    begun: list[asyncio.Future[list[SlotState]]] = []

    async def slow(connection: Connection, keyring: Keyring, slot: int, *, patient: bool) -> tuple[Rebuilt, bool]:
        done = await catch_up(connection, keyring, slot, patient=patient)
        begun.append(asyncio.ensure_future(rebuilding.begin()))
        async with rebuilding.pool.acquire() as watching:
            await backend_that_waits(watching)
        return done

    with monkeypatch.context() as slowly:
        slowly.setattr(rebuilder, "_catch_up", slow)
        done = await rebuilder.move(rebuilding.pool, rebuilding.keyring, slot_of(LAST))
    await begun[0]

    assert (done.moved, await rebuilding.live()) == (0, {1})
    assert (await rebuilding.run()).moved == 256
    assert await is_same(rebuilding)


async def test_workers_share_the_slots(rebuilding: Rebuilding, dsn: str) -> None:
    """Two processes fold what one would, and verify alike."""
    done = await lockstep("replay", "rebuild", "--full-speed", "--workers", "2", "--json", dsn=dsn)
    found = await lockstep("replay", "verify", "--full-speed", "--workers", "2", "--json", dsn=dsn)

    assert (done.code, done.json["orders"], done.json["events"], done.json["moved"]) == (0, 30, 60, 256)
    assert (found.code, found.json["orders"], found.json["events"], found.json["slots"]) == (0, 30, 60, 256)
    assert await rebuilding.live() == {2}


async def test_a_worker_that_cannot_go_on_says_why(rebuilding: Rebuilding, dsn: str) -> None:
    """Its reason is the command's."""
    await rebuilding.pool.execute("ALTER TABLE events RENAME COLUMN sealed TO unsealed")
    try:
        done = await lockstep("replay", "verify", "--full-speed", "--workers", "2", dsn=dsn)
    finally:
        await rebuilding.pool.execute("ALTER TABLE events RENAME COLUMN unsealed TO sealed")

    assert done.code == 2
    assert "42703" in done.err


async def test_a_rollback_shows_the_views_before_brought_up_to_date(
    flow: Flow, rebuilding: Rebuilding, dsn: str
) -> None:
    """Views that moved on since are folded again; none goes back, and the wrong generation is gone."""
    await rebuilding.run()
    await flow.happen(ORDERS[0], "order.ready")
    await flow.happen("new-order", "order.placed")
    await flow.project(ORDERS[0], "new-order")
    await flow.pool.execute("UPDATE views SET status = 'lost' WHERE generation = 2")
    before = await rebuilding.versions()
    done = await lockstep("replay", "rollback", "--json", dsn=dsn)
    again = await lockstep("replay", "rollback", dsn=dsn)

    assert (done.code, done.json["orders"], done.json["moved"], again.code) == (0, 2, 256, 1)
    assert await rebuilding.versions() == before
    assert (await rebuilding.live(), set(await rebuilding.stored())) == ({1}, {1})
    assert await is_same(rebuilding)
    await flow.happen(ORDERS[0], "order.picked_up")
    assert (await flow.project(ORDERS[0])).won == [ORDERS[0]]
    assert (await rebuilding.run()).moved == 256


async def test_a_rollback_of_a_fold_that_failed_does_not_take_views_back(rebuilding: Rebuilding) -> None:
    """The generation before is ahead of orders that the new one had set aside."""
    await rebuilding.run()
    await rebuilding.pool.execute(
        "UPDATE views SET version = 1, quarantined_at = now() WHERE generation = 2 AND subject_id = $1", LAST
    )
    await rebuilding.roll_back()

    assert (await rebuilding.versions())[LAST] == 2
    assert await is_same(rebuilding)


async def test_a_rollback_in_the_middle_takes_back_what_has_moved(rebuilding: Rebuilding) -> None:
    """The generation before that one stays out of it."""
    await rebuilding.run()
    slots = await rebuilding.begin()
    await rebuilding.build()
    await rebuilding.move(slots[:100])
    assert await rebuilding.live() == {2, 3}
    with pytest.raises(RebuildError, match="have moved"):
        await give_up(rebuilding.pool)
    done = await rebuilding.roll_back()

    assert (done.moved, await rebuilding.live()) == (100, {2})
    assert await is_same(rebuilding)


async def test_a_rebuild_that_has_moved_nothing_is_dropped(rebuilding: Rebuilding, dsn: str) -> None:
    """By clean, which takes the way back too."""
    await rebuilding.run()
    await rebuilding.begin()
    await rebuilding.build()
    assert await rebuilding.stored() == {1: 30, 2: 30, 3: 30}
    done = await lockstep("replay", "clean", "--json", dsn=dsn)

    assert (done.code, done.json) == (0, {"removed": 60})
    assert (await rebuilding.live(), await rebuilding.stored()) == ({2}, {2: 30})
    assert (await lockstep("replay", "rollback", dsn=dsn)).code == 1


async def test_only_the_release_that_folded_a_generation_goes_back_to_it(rebuilding: Rebuilding, dsn: str) -> None:
    """Another could not bring it up to date; nor does another take up a rebuild."""
    await rebuilding.run()
    await rebuilding.pool.execute("UPDATE slots SET previous_fold_version = $1", FOLD_VERSION + 1)
    refused = await lockstep("replay", "rollback", dsn=dsn)
    await rebuilding.begin()
    await rebuilding.pool.execute("UPDATE rebuilds SET fold_version = $1", FOLD_VERSION + 1)

    assert refused.code == 2
    assert f"version {FOLD_VERSION + 1}" in refused.err
    with pytest.raises(OtherFoldError, match="unfinished"):
        await begin_rebuild(rebuilding.pool)


async def test_a_new_fold_takes_the_slots_over(flow: Flow, rebuilding: Rebuilding) -> None:
    """Workers of this release leave slots of another fold alone until they are rebuilt."""
    await rebuilding.pool.execute("UPDATE slots SET fold_version = $1", FOLD_VERSION - 1)
    await flow.happen(LAST, "order.ready")
    assert (await flow.project(LAST)).won == []
    await rebuilding.run()

    assert (await flow.project(LAST)).won == [LAST]
    assert await rebuilding.pool.fetchval("SELECT DISTINCT fold_version FROM slots") == FOLD_VERSION
    assert await rebuilding.pool.fetchval(statement("projections/count_trouble"), [slot_of(LAST)]) == 0
