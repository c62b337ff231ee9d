"""Subjects with a crowd of cards: their debt is spread outside the slot's lock."""

import asyncio

import pytest

from app.housekeeping import Housekeeper
from events.postgres.pool import Pool
from events.slot import ALL_SLOTS, slot_of
from projections import spreader as spreader_module
from projections.matcher import Matcher
from projections.spreader import Spreader
from tests.integration.flow import Flow

PHONES = 25


@pytest.fixture
async def crowded(flow: Flow) -> Flow:
    """One order on 25 phones, every card of which was looked at; beyond ten they are a crowd."""
    flow.matcher = Matcher(flow.pool, flow.keyring, flow.due.extend, no_crowd=10)
    for number in range(PHONES):
        await flow.register(f"phone-{number:02}")
    await flow.place()
    await flow.settle("order-1")
    await settle_all(flow)
    flow.due.clear()
    return flow


async def settle_all(flow: Flow) -> None:
    """Let every card be looked at, as a dispatcher that has nothing to send would."""
    await flow.pool.execute(
        "WITH mine AS MATERIALIZED (SELECT card_id FROM cards ORDER BY slot, subject_id, card_id FOR UPDATE) "
        "UPDATE cards AS c SET due_at = NULL, considered_version = 9, phase = 'shown' FROM mine AS m "
        "WHERE c.card_id = m.card_id"
    )


async def owing(flow: Flow) -> int:
    """Count the cards in debt."""
    count: int = await flow.pool.fetchval("SELECT count(*) FROM cards WHERE due_at IS NOT NULL")
    return count


async def test_a_fold_leaves_the_debt_of_a_crowd_to_the_spreader(crowded: Flow) -> None:
    """In batches, each announced, until every card is in debt once; then nothing is left to do."""
    await crowded.happen("order-1", "order.accepted")
    done = await crowded.project("order-1")
    assert (done.won, done.due, done.crowd, await owing(crowded)) == (["order-1"], set(), True, 0)
    before = {row["card_id"]: row["debt"] for row in await crowded.rows()}
    spreader = Spreader(crowded.pool, crowded.due.extend, cards=10)
    seen = []
    while await spreader.spread_some():
        seen.append(await owing(crowded))

    assert seen == [10, 20, 25]
    assert crowded.due == [slot_of("order-1")] * 3
    assert {row["card_id"]: row["debt"] for row in await crowded.rows()} == {
        card_id: debt + 1 for card_id, debt in before.items()
    }


async def test_a_batch_that_takes_long_is_followed_by_a_smaller_one(
    crowded: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next fold of the subject waits for it, and keeps the slot; what is quick grows again, up to what was set."""
    await crowded.happen("order-1", "order.accepted")
    await crowded.project("order-1")
    spreader = Spreader(crowded.pool, crowded.due.extend, cards=8)
    monkeypatch.setattr(spreader_module, "FEWEST", 3)
    seen = []
    for seconds in (0.0, 0.0, 0.0, 1_000.0, 1_000.0):
        monkeypatch.setattr(spreader_module, "BATCH_SECONDS", seconds)
        await spreader.spread_some()
        seen.append(await owing(crowded))

    assert seen == [8, 12, 15, 18, 24]
    assert {row["lane"] for row in await crowded.rows() if row["due_at"] is not None} == {1}


async def test_an_order_without_a_crowd_is_put_in_debt_by_its_fold(crowded: Flow) -> None:
    """Also in a batch beside one that has a crowd."""
    await crowded.place("order-2", "customer-8")
    await crowded.register("phone-99", "customer-8")
    await crowded.settle("order-2")
    await settle_all(crowded)
    for each in ("order-1", "order-2"):
        await crowded.happen(each, "order.accepted")
    done = await crowded.project("order-1", "order-2")

    assert (done.due, done.crowd) == ({slot_of("order-2")}, True)
    assert await crowded.pool.fetchval("SELECT subject_id FROM cards WHERE due_at IS NOT NULL") == "order-2"


async def test_a_fold_in_the_middle_begins_the_spreading_anew(crowded: Flow) -> None:
    """The cards that were in debt already have been looked at with the older view."""
    await crowded.happen("order-1", "order.accepted")
    await crowded.project("order-1")
    spreader = Spreader(crowded.pool, crowded.due.extend, cards=10)
    await spreader.spread_some()
    await settle_all(crowded)
    await crowded.happen("order-1", "order.preparing")
    await crowded.project("order-1")
    while await spreader.spread_some():
        pass

    assert await owing(crowded) == PHONES


async def test_racing_folds_and_spreaders_forget_no_card(crowded: Flow, pool: Pool) -> None:
    """Whatever the order, every card was put in debt after the last fold."""
    spreaders = [Spreader(pool, crowded.due.extend, cards=3) for _ in range(3)]
    folding = True

    async def spread(one: Spreader) -> None:
        while folding or await one.spread_some():
            await one.spread_some()

    async def fold_often() -> None:
        nonlocal folding
        for _ in range(20):
            await crowded.happen("order-1", "order.accepted")
            await crowded.project("order-1")
            await settle_all(crowded)
        await crowded.happen("order-1", "order.preparing")
        await crowded.project("order-1")
        folding = False

    async with asyncio.TaskGroup() as group:
        for each in spreaders:
            group.create_task(spread(each))
        await fold_often()
    assert await owing(crowded) == PHONES
    assert await pool.fetchval("SELECT count(*) FROM fan_outs") == 0


async def test_cards_that_wait_for_the_spreader_are_not_forgotten_ones(crowded: Flow, pool: Pool) -> None:
    """The slow look counts bugs, and this is none."""
    await pool.execute("UPDATE cards SET considered_version = 1")
    await crowded.happen("order-1", "order.accepted")
    await crowded.project("order-1")

    assert await Housekeeper(pool, crowded.due.extend).wake_forgotten(ALL_SLOTS) == 0
