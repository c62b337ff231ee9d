"""What a rebuild changes reaches phones only when that is asked for; and one order is replayed alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from projections.owed import Owed
from projections.rebuild_changes import count_changes
from projections.rebuild_ledger import choose_pushing, slot_states
from projections.verifier import verify
from tests.integration.command_line import lockstep
from tests.integration.flow import Flow, from_a_newer_release
from tests.integration.rebuilding import Rebuilding

ORDERS = ("order-1", "order-2", "order-3")


@pytest.fixture
async def rebuilding(flow: Flow) -> Rebuilding:
    """Three orders with a card each, of which two have wrong views; one of those is wrong where no card shows it."""
    await flow.register()
    for each in ORDERS:
        await flow.happen(each, "order.placed", "order.accepted")
    await flow.settle(*ORDERS)
    await replace(flow, "order-2", '"status":"accepted"', '"status":"preparing"')
    await replace(flow, "order-3", '"merchantName":"Taverna Ilios"', '"merchantName":"Tavern"')
    return Rebuilding(flow.pool, flow.keyring)


async def replace(flow: Flow, subject_id: str, what: str, by: str) -> None:
    """Change the state of a view, as another fold would have made it."""
    changed = await flow.pool.execute(
        "UPDATE views "
        "SET state = convert_from(replace(state::text, $2, $3)::bytea, 'UTF8')::json, fingerprint = '\\x00' "
        "WHERE subject_id = $1 AND state::text LIKE '%' || $2 || '%'",
        subject_id,
        what,
        by,
    )
    assert changed == "UPDATE 1"


async def debts(flow: Flow) -> dict[str, int]:
    """Give how often each card was put in debt."""
    return {row["subject_id"]: row["debt"] for row in await flow.rows()}


async def counted(rebuilding: Rebuilding) -> tuple[int, int]:
    """Count what moves would change."""
    orders = cards = 0
    for slot in await slot_states(rebuilding.pool):
        some = await count_changes(rebuilding.pool, rebuilding.keyring, slot)
        orders, cards = orders + some[0], cards + some[1]
    return orders, cards


async def test_cards_are_left_alone_by_default(flow: Flow, rebuilding: Rebuilding) -> None:
    """Views change, and no card is in debt for it."""
    before = await debts(flow)
    done = await rebuilding.run()

    assert (done.changed, await debts(flow)) == (2, before)


async def test_cards_whose_content_changed_follow_when_asked(flow: Flow, rebuilding: Rebuilding) -> None:
    """Counted before, owed after; a change that no card shows is none."""
    before = await debts(flow)
    slots = await rebuilding.begin()
    await rebuilding.build()
    assert await counted(rebuilding) == (1, 1)
    await choose_pushing(rebuilding.pool, push_changes=True)
    await rebuilding.move(slots)
    assert await debts(flow) == before

    assert await rebuilding.owe() == Owed(cards=1)
    assert await debts(flow) == before | {"order-2": before["order-2"] + 1}
    assert await rebuilding.owe() == Owed()


async def test_a_crowd_follows_in_batches(flow: Flow, rebuilding: Rebuilding) -> None:
    """As after a fold, the spreader goes on."""
    await flow.pool.execute("UPDATE views SET crowd = true WHERE subject_id = 'order-2'")
    before = await debts(flow)
    slots = await rebuilding.begin()
    await rebuilding.build()
    await choose_pushing(rebuilding.pool, push_changes=True)
    await rebuilding.move(slots)

    assert await rebuilding.owe() == Owed(crowds=1)
    assert await debts(flow) == before
    assert await flow.pool.fetchval("SELECT subject_id FROM fan_outs") == "order-2"


async def test_a_change_of_who_sees_an_order_is_matched(flow: Flow, rebuilding: Rebuilding) -> None:
    """The right customer's phone gets its card."""
    await replace(flow, "order-1", '"customerId":"customer-7"', '"customerId":"customer-8"')
    slots = await rebuilding.begin()
    await rebuilding.build()
    await choose_pushing(rebuilding.pool, push_changes=True)
    await rebuilding.move(slots)
    owed = await rebuilding.owe()
    flagged = await flow.pool.fetch(statement("projections/find_views_to_match"), ALL_SLOTS, 10, 10)

    assert owed.matching == 1
    assert [(row["subject_id"], row["customer_id"]) for row in flagged] == [("order-1", "customer-7")]


async def test_a_change_of_when_an_order_is_shown_is_matched_then(flow: Flow, rebuilding: Rebuilding) -> None:
    """Not before: a card that is made ahead of its time would be taken back, and count as a generation."""
    await flow.place("order-1b", showAt="2050-11-01T12:00:00Z")
    await flow.project("order-1b")
    await replace(flow, "order-1b", "2050-11-01", "2049-11-01")
    slots = await rebuilding.begin()
    await rebuilding.build()
    await choose_pushing(rebuilding.pool, push_changes=True)
    await rebuilding.move(slots)
    owed = await rebuilding.owe()
    await flow.match()
    live = "SELECT match_due_at FROM views JOIN slots USING (slot, generation) WHERE subject_id = 'order-1b'"

    assert owed.matching == 1
    assert "order-1b" not in await debts(flow)
    assert await flow.pool.fetchval(live) == datetime(2050, 11, 1, 12, tzinfo=UTC)


async def test_the_command_counts_and_wants_to_be_told(flow: Flow, rebuilding: Rebuilding, dsn: str) -> None:
    """Without a yes nothing moves; with it the cards follow; what was agreed to and broken off is taken up."""
    before = await debts(flow)
    asked = await lockstep("replay", "rebuild", "--full-speed", "--push-changes", dsn=dsn)
    assert (asked.code, await rebuilding.live()) == (2, {1})
    assert "The content of 1 orders has changed, which have 1 open cards." in asked.err
    done = await lockstep("replay", "rebuild", "--full-speed", "--push-changes", "--yes", "--json", dsn=dsn)

    assert (done.code, done.json["owed"]) == (0, {"cards": 1, "crowds": 0, "matching": 0})
    assert await debts(flow) == before | {"order-2": before["order-2"] + 1}

    await replace(flow, "order-2", '"status":"accepted"', '"status":"preparing"')
    slots = await rebuilding.begin()
    await rebuilding.build()
    await choose_pushing(rebuilding.pool, push_changes=True)
    await rebuilding.move(slots[: slot_of("order-2") + 1])
    rest = await lockstep("replay", "rebuild", "--full-speed", "--json", dsn=dsn)

    assert (rest.code, rest.json["owed"]["cards"]) == (0, 1)


async def test_one_order_is_folded_again(flow: Flow, rebuilding: Rebuilding, dsn: str) -> None:
    """Its view is right, its card is left alone, and other orders are not touched."""
    before = await debts(flow)
    changed = await lockstep("replay", "order", "order-2", "--json", dsn=dsn)
    same = await lockstep("replay", "order", "order-1", dsn=dsn)
    unknown = await lockstep("replay", "order", "nobody", dsn=dsn)

    assert (changed.code, changed.json["changed"], changed.json["version"]) == (0, True, 2)
    assert (same.code, unknown.code) == (0, 1)
    assert "folded again to version 2: the same." in same.out
    assert [each.subject_id for each in (await verify(flow.pool, flow.keyring)).different.first] == ["order-3"]
    assert await debts(flow) == before
    assert await rebuilding.live() == {1}


@pytest.mark.usefixtures("rebuilding")
async def test_a_replayed_order_leaves_quarantine(flow: Flow, dsn: str) -> None:
    """Events that waited behind it are the projector's, and owed as ever."""
    await flow.happen("order-1", "order.ready")
    await flow.pool.execute("UPDATE views SET quarantined_at = now(), error = 'x' WHERE subject_id = 'order-1'")
    await flow.pool.execute("UPDATE heads SET settled_at = now() WHERE subject_id = 'order-1'")
    assert (await flow.project("order-1")).won == []
    before = await debts(flow)
    done = await lockstep("replay", "order", "order-1", "--json", dsn=dsn)
    row: Any = await flow.pool.fetchrow("SELECT quarantined_at, error FROM views WHERE subject_id = 'order-1'")

    assert (done.code, done.json["released"], done.json["version"], done.json["head"]) == (0, True, 2, 3)
    assert (tuple(row), await debts(flow)) == ((None, None), before)
    assert (await flow.project("order-1")).won == ["order-1"]
    assert await debts(flow) == before | {"order-1": before["order-1"] + 1}


@pytest.mark.usefixtures("rebuilding")
async def test_an_order_that_still_fails_stays_as_it_is(flow: Flow, dsn: str) -> None:
    """Every event must fold before it is let out, those after its view too."""
    await from_a_newer_release(flow.pool, "order-1", 3)
    await flow.pool.execute("UPDATE views SET quarantined_at = now() WHERE subject_id = 'order-1'")
    done = await lockstep("replay", "order", "order-1", "--json", dsn=dsn)

    assert (done.code, done.json["failure"]) == (1, "NewerEventError at version 3")
    assert await flow.pool.fetchval("SELECT quarantined_at FROM views WHERE subject_id = 'order-1'") is not None


@pytest.mark.usefixtures("rebuilding")
async def test_an_order_of_another_fold_is_not_folded_alone(flow: Flow, dsn: str) -> None:
    """One slot holds views of one fold."""
    await flow.pool.execute("UPDATE slots SET fold_version = 99")
    done = await lockstep("replay", "order", "order-2", dsn=dsn)

    assert done.code == 2
    assert "version 99" in done.err
