"""The projector on a real Postgres: nothing missed, nothing emitted twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

import projections.projector as projector_module
from events.postgres.doorbell import Ring
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.vocabulary import vocabulary
from projections.order_view import FOLD_VERSION
from projections.projector import Projector
from projections.view import fold
from projections.view_store import FoldedView, ViewStore, Won
from tests.conftest import Clock
from tests.integration.flow import Flow, raw_append
from tests.scale import scaled


async def behind(flow: Flow) -> set[str]:
    """Give what a sweep finds."""
    rows = await flow.pool.fetch(statement("projections/find_behind"), ALL_SLOTS, FOLD_VERSION, 1_000, vocabulary())
    return {row["subject_id"] for row in rows}


async def debts(flow: Flow) -> dict[str, int]:
    """Give the debt of each card, by subject."""
    return {row["subject_id"]: row["debt"] for row in await flow.rows()}


async def test_a_fold_writes_the_view_and_flags_it(flow: Flow) -> None:
    """The first events make a view at their version, and the matcher is told."""
    await flow.happen("order-1", "order.placed", "order.accepted")
    done = await flow.project("order-1")

    assert (done.won, done.due, done.matching, done.again) == (["order-1"], set(), True, set())
    assert await flow.views(["order-1"]) == {"order-1": 2}
    assert flow.flagged == [True]


async def test_what_is_caught_up_is_not_folded_again(flow: Flow) -> None:
    """A hint that comes twice costs a look and writes nothing."""
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    done = await flow.project("order-1", "order-of-nobody")

    assert (done.won, done.again) == ([], set())
    assert await behind(flow) == set()


async def test_a_winning_fold_adds_debt_to_the_cards_of_its_subject(flow: Flow) -> None:
    """Once a fold, however many events it took, to live cards of this subject alone."""
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.happen("order-2", "order.placed")
    await flow.settle("order-1", "order-2")
    before = await debts(flow)
    await flow.happen("order-1", "order.accepted", "order.preparing", "order.ready")
    done = await flow.project("order-1")

    assert done.due == {slot_of("order-1")}
    assert await debts(flow) == before | {"order-1": before["order-1"] + 1}


async def test_a_card_that_is_over_gets_no_debt(flow: Flow) -> None:
    """Nothing will ever be sent for it."""
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.settle("order-1")
    await flow.pool.execute("UPDATE cards SET phase = 'over', due_at = NULL")
    before = await debts(flow)
    await flow.happen("order-1", "order.accepted")

    assert (await flow.project("order-1")).due == set()
    assert await debts(flow) == before


async def test_the_loser_of_a_compare_and_set_adds_no_debt(flow: Flow, pool: Pool, keyring: Keyring) -> None:
    """Two workers that folded the same events, without any lock: one writes, and one debt stands."""
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.settle("order-1")
    before = await debts(flow)
    await flow.happen("order-1", "order.accepted")
    views = ViewStore(keyring)
    async with pool.acquire() as first, pool.acquire() as second:
        stored = (await views.read(first, ["order-1"]))["order-1"]
        [news] = await views.read_new_events(first, [("order-1", 1)])
        after = fold(stored.view, news.events)
        folded = FoldedView(stored.slot, 1, "order-1", 1, 2, after, news.data_key, None)
        [one, two] = await asyncio.gather(views.write(first, [folded]), views.write(second, [folded]))
        assert sorted([one, two], key=len) == [{}, {"order-1": Won.OWING}]
        assert await views.write(first, [folded]) == {}
    assert await debts(flow) == {"order-1": before["order-1"] + 1}


async def test_commits_in_the_other_order_hide_nothing(flow: Flow, pool: Pool, keyring: Keyring) -> None:
    """A transaction that took its version first and commits last is seen when it commits."""
    await flow.happen("order-1", "order.placed")
    await flow.happen("order-2", "order.placed")
    async with pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await raw_append(slow, "order-1", 2)
        await flow.happen("order-2", "order.accepted")
        await flow.project("order-1", "order-2")
        assert await flow.views(["order-1", "order-2"]) == {"order-1": 1, "order-2": 2}
        await transaction.commit()
    assert await behind(flow) == {"order-1"}
    await flow.project("order-1")
    assert await flow.views(["order-1"]) == {"order-1": 2}
    assert keyring is flow.keyring


async def test_a_rolled_back_append_leaves_no_trace(flow: Flow, pool: Pool) -> None:
    """Promise 6: a fold that ran meanwhile saw nothing of it."""
    await flow.happen("order-1", "order.placed")
    async with pool.acquire() as broken:
        transaction = broken.transaction()
        await transaction.start()
        await raw_append(broken, "order-1", 2)
        await flow.project("order-1")
        await transaction.rollback()
    await flow.project("order-1")

    assert await flow.views(["order-1"]) == {"order-1": 1}
    assert await behind(flow) == set()


async def test_a_lost_hint_is_found_by_the_sweep(flow: Flow, pool: Pool, keyring: Keyring) -> None:
    """No hint ever comes, and the running projector folds all the same."""
    await flow.happen("order-1", "order.placed")
    folded, stop = asyncio.Event(), asyncio.Event()
    projector = Projector(pool, keyring, lambda _slots, _matching: folded.set(), sweep_seconds=0.01)
    running = asyncio.ensure_future(projector.run(stop))
    await folded.wait()
    folded.clear()
    await flow.happen("order-1", "order.accepted")
    await folded.wait()
    stop.set()
    await running

    assert await flow.views(["order-1"]) == {"order-1": 2}


async def test_a_hint_wakes_the_projector(flow: Flow, pool: Pool, keyring: Keyring) -> None:
    """By subject, or by slot when the subjects were too many to name; no sweep is needed."""
    folded, stop = asyncio.Event(), asyncio.Event()
    projector = Projector(pool, keyring, lambda _slots, _matching: folded.set(), sweep_seconds=1_000_000)
    running = asyncio.ensure_future(projector.run(stop))
    await flow.happen("order-1", "order.placed")
    projector.hear(Ring("somebody", behind=["order-1"]))
    await folded.wait()
    folded.clear()
    await flow.happen("order-2", "order.placed")
    projector.hear(Ring("somebody", behind_slots=[slot_of("order-2")]))
    await folded.wait()
    stop.set()
    await running

    assert await flow.views(["order-1", "order-2"]) == {"order-1": 1, "order-2": 1}


async def test_a_slot_that_another_holds_is_tried_again(flow: Flow, pool: Pool) -> None:
    """The hint is kept, and nothing is written meanwhile."""
    await flow.happen("order-1", "order.placed")
    async with pool.acquire() as other, other.transaction():
        await other.fetch(statement("projections/claim_slots"), [slot_of("order-1")])
        done = await flow.project("order-1")
        assert (done.won, done.again) == ([], {"order-1"})
    assert (await flow.project("order-1")).won == ["order-1"]


async def test_a_slot_that_is_held_for_long_is_folded_without_its_lock(
    flow: Flow, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds it may hang; compare-and-set is enough."""
    await flow.happen("order-1", "order.placed")
    async with pool.acquire() as other, other.transaction():
        await other.fetch(statement("projections/claim_slots"), [slot_of("order-1")])
        assert (await flow.project("order-1")).won == []
        monkeypatch.setattr(projector_module, "PATIENCE_SECONDS", -1.0)
        assert (await flow.project("order-1")).won == ["order-1"]
    assert await flow.views(["order-1"]) == {"order-1": 1}


async def test_a_slot_of_another_fold_is_left_alone(flow: Flow, pool: Pool) -> None:
    """It is neither folded nor asked for again, and the sweep of this worker does not see it."""
    await pool.execute("UPDATE slots SET fold_version = $2 WHERE slot = $1", slot_of("order-1"), FOLD_VERSION + 1)
    await flow.happen("order-1", "order.placed")
    done = await flow.project("order-1")

    assert (done.won, done.again) == ([], set())
    assert await behind(flow) == set()
    assert await flow.views(["order-1"]) == {}


async def test_a_settled_head_comes_back_by_an_append(flow: Flow, pool: Pool, clock: Clock) -> None:
    """The sweep sets aside what is caught up for a minute, and what is not stays."""
    await flow.happen("order-1", "order.placed")
    await flow.happen("order-2", "order.placed")
    await flow.project("order-1")
    await flow.projector.sweep(ALL_SLOTS)
    assert await settled(pool) == set()
    await clock.advance(seconds=61)
    await flow.projector.sweep(ALL_SLOTS)
    assert await settled(pool) == {"order-1"}

    await flow.happen("order-1", "order.accepted")
    assert await settled(pool) == set()
    assert await behind(flow) == {"order-1", "order-2"}


async def settled(pool: Pool) -> set[str]:
    """Give the subjects that are set aside."""
    rows = await pool.fetch("SELECT subject_id FROM heads WHERE settled_at IS NOT NULL")
    return {row["subject_id"] for row in rows}


async def test_an_append_that_races_the_settling_of_its_head_is_found(flow: Flow, pool: Pool, clock: Clock) -> None:
    """The sweep does not wait for a head that is being appended to, and does not set it aside."""
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    await clock.advance(seconds=61)
    async with pool.acquire() as appending:
        transaction = appending.transaction()
        await transaction.start()
        await raw_append(appending, "order-1", 2)
        await flow.projector.sweep(ALL_SLOTS)
        await transaction.commit()
    assert await settled(pool) == set()
    assert await behind(flow) == {"order-1"}


async def test_an_erasure_is_folded_like_any_event(flow: Flow) -> None:
    """The view that it leaves holds nothing personal."""
    await flow.happen("order-1", "order.placed", "order.courier_assigned")
    await flow.project("order-1")
    await flow.store.erase("order-1")
    await flow.project("order-1")
    row = await flow.pool.fetchrow("SELECT state::text, sealed, version FROM views")

    assert row is not None
    assert (row["sealed"], row["version"]) == (None, 3)
    assert "Anna" not in row["state"]


async def test_two_projectors_and_one_that_ignores_locks_miss_and_repeat_nothing(
    pool: Pool, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 5: events, folded while they come, a write held open meanwhile; one debt for each winning fold."""
    flow = Flow(pool, keyring)
    await flow.projector.adopt()
    subjects = [f"order-{number}" for number in range(200)]
    await flow.register()
    await flow.append(*(flow.event(each, "order.placed") for each in subjects))
    await flow.settle(*subjects)
    before = await debts(flow)
    assert set(before) == set(subjects)
    wins: Counter[str] = Counter()
    last = asyncio.Event()

    async def append() -> None:
        for _ in range(scaled(7, 714)):
            batch = [flow.event(each, "order.note", {"text": "n"}) for each in subjects for _ in range(7)]
            await flow.append(*batch)
        last.set()

    async def project(projector: Projector, share: int) -> None:
        done = False
        while not done:
            done = last.is_set()
            for start in range(0, len(subjects), share):
                won = (await projector.project(subjects[start : start + share])).won
                wins.update(won)

    ignorant = flow.new_projector()
    monkeypatch.setattr(ignorant, "_slots", without_locks(pool))
    async with pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute("INSERT INTO heads VALUES (1, 'order-held', 1, now())")
        await asyncio.gather(
            append(), project(flow.projector, 50), project(flow.new_projector(), 70), project(ignorant, 60)
        )
        await transaction.commit()
    while left := await behind(flow) - {"order-held"}:
        wins.update((await flow.projector.project(sorted(left))).won)

    assert await flow.views(subjects) == dict.fromkeys(subjects, scaled(50, 4_999))
    assert await debts(flow) == {each: before[each] + wins[each] for each in subjects}


def without_locks(pool: Pool) -> Any:
    """Give what a projector would do that takes every slot for free."""

    @asynccontextmanager
    async def slots(wanted: Sequence[int]) -> AsyncIterator[tuple[Connection, set[int], set[int]]]:
        async with pool.acquire() as connection, connection.transaction():
            yield connection, set(wanted), set(wanted)

    return slots
