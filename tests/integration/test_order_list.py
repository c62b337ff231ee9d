"""The list of orders is in step with the views, whoever writes them, and its rows change when what they hold does."""

from typing import Any

import pytest

import projections.projector as projector_module
from app.housekeeping import Housekeeper
from events.postgres.pool import Pool
from events.slot import ALL_SLOTS, slot_of
from projections.order_list import ListedOrder, OrderList, Sought, mend_list
from tests.conftest import Clock
from tests.integration.archiving import Archiving
from tests.integration.flow import Flow, from_a_newer_release
from tests.integration.rebuilding import Rebuilding
from tests.integration.test_quarantine import Poison


async def seen(flow: Flow, **sought: Any) -> list[ListedOrder]:
    """Give what is listed."""
    orders, rest = await OrderList(flow.pool).page(Sought(**sought), after=None, most=100)
    assert rest is None
    return orders


async def ids(flow: Flow, **sought: Any) -> list[str]:
    """Name what is listed."""
    return [each.order_id for each in await seen(flow, **sought)]


async def is_in_step(flow: Flow) -> bool:
    """Tell whether every row is as its view."""
    return await mend_list(flow.pool, ALL_SLOTS) == 0


async def test_a_fold_lists_its_order(flow: Flow) -> None:
    """Status, end and customer are those of the view; before an order is placed there is no status."""
    await flow.happen("order-2", "order.ready")
    await flow.project("order-2")
    await flow.place("order-1")
    await flow.project("order-1")

    first, second = await seen(flow)

    assert (first.order_id, first.kind, first.status, first.over) == ("order-1", "order", "placed", False)
    assert (first.customer_id, first.trouble) == ("customer-7", None)
    assert (second.order_id, second.status, second.customer_id) == ("order-2", None, None)
    assert first.changed_at > second.changed_at
    assert await is_in_step(flow)


async def test_a_row_changes_only_when_what_it_holds_does(flow: Flow) -> None:
    """A note and a new delivery time leave it where it is; a step takes it to the front."""
    await flow.place("order-1")
    await flow.place("order-2")
    await flow.project("order-1")
    await flow.project("order-2")
    before = await seen(flow)
    await flow.happen("order-1", "order.note", "order.eta_changed")
    await flow.project("order-1")

    assert await seen(flow) == before

    await flow.happen("order-1", "order.ready")
    await flow.project("order-1")

    assert await ids(flow) == ["order-1", "order-2"]
    assert await is_in_step(flow)


async def test_lists_are_filtered_and_paged(flow: Flow) -> None:
    """By customer, by one or several statuses, by both; pages are in order, and none is twice or missing."""
    for number in range(12):
        await flow.place(f"order-{number}", f"customer-{number % 2}")
        await flow.happen(f"order-{number}", *(("order.ready",) if number % 3 == 0 else ()))
    await flow.project(*(f"order-{number}" for number in range(12)))
    orders = OrderList(flow.pool)

    assert set(await ids(flow, statuses=("ready",))) == {f"order-{n}" for n in (0, 3, 6, 9)}
    assert set(await ids(flow, statuses=("placed", "delivered"))) == {f"order-{n}" for n in (1, 2, 4, 5, 7, 8, 10, 11)}
    assert set(await ids(flow, customer_id="customer-1")) == {f"order-{n}" for n in range(1, 12, 2)}
    assert set(await ids(flow, customer_id="customer-1", statuses=("ready",))) == {"order-3", "order-9"}
    assert await ids(flow, order_id="order-4") == ["order-4"]
    assert await ids(flow, order_id="order-4", statuses=("ready",)) == []
    for sought in (Sought(), Sought(customer_id="customer-0")):
        paged: list[ListedOrder] = []
        after, more = None, True
        while more:
            page, after = await orders.page(sought, after=after, most=5)
            paged += page
            more = after is not None
        assert paged == await seen(flow, customer_id=sought.customer_id)


async def test_what_changes_later_in_a_slot_has_a_later_time(flow: Flow, clock: Clock) -> None:
    """Also when the clock has gone back: whoever follows a slot by its times misses nothing."""
    await flow.place("order-1")
    await flow.project("order-1")
    [before] = await seen(flow)
    await clock.advance(hours=-1)
    await flow.happen("order-1", "order.ready")
    await flow.project("order-1")
    [after] = await seen(flow)

    assert after.changed_at > before.changed_at


async def test_orders_in_trouble_are_found(flow: Flow, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold that failed and an event of a newer release say so in the list, until they are folded."""
    poison = Poison()
    await flow.place("order-1", "poison")
    await flow.place("order-2")
    await flow.project("order-1", "order-2")
    monkeypatch.setattr(projector_module, "fold", poison)
    await flow.happen("order-1", "order.ready")
    await from_a_newer_release(pool, "order-2", 2)
    await flow.project("order-1", "order-2")

    found = await seen(flow, in_trouble=True)
    assert {each.order_id: each.trouble for each in found} == {"order-1": "quarantined", "order-2": "held"}
    assert await ids(flow, in_trouble=True, customer_id="poison") == ["order-1"]
    assert await is_in_step(flow)


async def test_a_rebuild_brings_the_list_along(flow: Flow) -> None:
    """What the next generation says otherwise is listed as it says; a view without a log leaves the list."""
    for each in ("order-1", "order-2"):
        await flow.place(each)
    await flow.settle("order-1", "order-2")
    await flow.pool.execute("UPDATE views SET status = 'wrong'; UPDATE order_list SET status = 'wrong'")
    rebuilding = Rebuilding(flow.pool, flow.keyring)
    slots = await rebuilding.begin()
    await rebuilding.build()
    await flow.pool.execute("DELETE FROM views WHERE subject_id = 'order-2' AND generation = 1")
    await rebuilding.move(slots)

    assert [(each.order_id, each.status) for each in await seen(flow)] == [("order-1", "placed")]
    assert await is_in_step(flow)


async def test_an_archived_order_leaves_the_list_and_comes_back(flow: Flow, archiving: Archiving) -> None:
    """It is listed as it was, as long as its events are here."""
    await archiving.finish("order-1")
    assert await ids(flow) == ["order-1"]
    await archiving.run()
    assert await ids(flow) == []
    await archiving.put_back(archiving.names()[0])
    assert [(each.order_id, each.status, each.over) for each in await seen(flow)] == [("order-1", "delivered", True)]
    assert await is_in_step(flow)


async def test_what_a_release_without_the_list_has_folded_is_listed(flow: Flow, pool: Pool) -> None:
    """The housekeeper adds what lacks, mends what differs, removes what has no view, and leaves the rest."""
    for each in ("order-1", "order-2", "order-3"):
        await flow.place(each)
    await flow.project("order-1", "order-2", "order-3")
    as_it_was = [each for each in await seen(flow) if each.order_id == "order-3"]
    await pool.execute("DELETE FROM order_list WHERE subject_id = 'order-1'")
    await pool.execute("UPDATE order_list SET status = 'ready' WHERE subject_id = 'order-2'")
    await pool.execute(
        "INSERT INTO order_list (slot, subject_id, kind, status, over, changed_at) "
        "VALUES ($1, 'order-4', 'order', 'placed', false, now())",
        slot_of("order-4"),
    )

    assert await Housekeeper(pool, lambda _: None).mend_list(ALL_SLOTS) == 3
    assert {each.order_id: each.status for each in await seen(flow)} == dict.fromkeys(
        ("order-1", "order-2", "order-3"), "placed"
    )
    assert [each for each in await seen(flow) if each.order_id == "order-3"] == as_it_was
    assert await is_in_step(flow)
