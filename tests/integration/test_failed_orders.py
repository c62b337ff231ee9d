"""An order with a card that failed is in trouble, and is found so; orders are found by the beginning of their id."""

import asyncio
from typing import Any

import pytest

from app.apns.answer import Answer
from app.housekeeping import Housekeeper
from events.slot import ALL_SLOTS
from projections.order_list import OrderList, Sought, list_failures
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow

FAILURE = Answer(413, "PayloadTooLarge")


async def listed(flow: Flow, **sought: Any) -> dict[str, str | None]:
    """Name what is listed, each with its trouble."""
    orders, _ = await OrderList(flow.pool).page(Sought(**sought), after=None, most=100)
    return {each.order_id: each.trouble for each in orders}


@pytest.fixture
async def two_cards(flow: Flow) -> list[str]:
    """An order with a card on each of two phones, one of which has failed."""
    await flow.register("phone-1")
    await flow.register("phone-2")
    await flow.place()
    await flow.settle("order-1")
    await work(dispatcher(flow, Apns(FAILURE)))
    cards = await flow.pool.fetch("SELECT card_id, outcome FROM cards ORDER BY outcome DESC")
    assert [each["outcome"] for each in cards] == ["failed", "accepted"]
    return [str(each["card_id"]) for each in cards]


async def test_an_order_is_in_trouble_as_long_as_a_card_of_it_has_failed(owing: Flow, clock: Clock) -> None:
    """From the answer to the next one that is better; whoever follows the list is told of both."""
    orders = OrderList(owing.pool)
    times = [await orders.newest(ALL_SLOTS)]
    await work(dispatcher(owing, Apns(FAILURE)))
    times.append(await orders.newest(ALL_SLOTS))

    assert await listed(owing) == {"order-1": "failed"}
    assert await listed(owing, in_trouble=True) == {"order-1": "failed"}
    assert await listed(owing, in_trouble=True, customer_id="customer-7") == {"order-1": "failed"}
    assert [each.trouble for each in await orders.changed(times[0], most=10)] == ["failed"]
    await clock.advance(hours=2)
    await work(dispatcher(owing, Apns()))
    assert await listed(owing) == {"order-1": None}
    assert await listed(owing, in_trouble=True) == {}
    assert [each.trouble for each in await orders.changed(times[1], most=10)] == [None]


async def test_a_push_that_is_accepted_leaves_the_list_alone(owing: Flow) -> None:
    """The list is not even looked at."""
    before = await OrderList(owing.pool).newest(ALL_SLOTS)
    await work(dispatcher(owing, Apns()))

    assert await OrderList(owing.pool).newest(ALL_SLOTS) == before


async def test_a_card_that_ends_is_no_trouble_any_more(flow: Flow, two_cards: list[str]) -> None:
    """Nobody needs to see to it."""
    await flow.pool.execute("UPDATE cards SET asked = 'end', asked_at = now(), due_at = now(), debt = debt + 1")
    await work(dispatcher(flow, Apns()))

    assert len(two_cards) == 2
    assert await listed(flow) == {"order-1": None}


async def test_of_two_cards_that_settle_at_once_the_failure_is_not_forgotten(flow: Flow, two_cards: list[str]) -> None:
    """One gets better while the other fails: the later one looks at the cards once the earlier one has committed."""
    failed, accepted = two_cards
    subject = [(row["slot"], "order-1") for row in await flow.pool.fetch("SELECT slot FROM order_list")]
    async with flow.pool.acquire() as one, flow.pool.acquire() as other:
        failing, mending = one.transaction(), other.transaction()
        await failing.start()
        await mending.start()
        await one.execute("UPDATE cards SET outcome = 'failed' WHERE card_id = $1", accepted)
        await other.execute("UPDATE cards SET outcome = 'accepted' WHERE card_id = $1", failed)
        await list_failures(one, subject)
        waiting = asyncio.ensure_future(list_failures(other, subject))
        while not await flow.pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass
        await failing.commit()
        await waiting
        await mending.commit()

    assert await listed(flow) == {"order-1": "failed"}


async def test_what_a_release_without_it_has_settled_is_mended(flow: Flow, two_cards: list[str]) -> None:
    """Once an hour the list is compared with the cards."""
    housekeeper = Housekeeper(flow.pool, lambda _: None)
    assert await housekeeper.mend_list(ALL_SLOTS) == 0
    await flow.pool.execute("UPDATE cards SET outcome = 'accepted' WHERE card_id = $1", two_cards[0])

    assert await housekeeper.mend_list(ALL_SLOTS) == 1
    assert await listed(flow) == {"order-1": None}
    await flow.pool.execute("UPDATE cards SET outcome = 'failed'")
    assert await housekeeper.mend_list(ALL_SLOTS) == 1
    assert await listed(flow) == {"order-1": "failed"}


async def test_orders_are_found_by_the_beginning_of_their_id_or_by_their_customer(flow: Flow) -> None:
    """By their ids, page by page, with the other filters; what has % in it is no pattern."""
    for order_id in ("A-1", "A-10", "A-2", "B-1", "A%", "a-1"):
        await flow.place(order_id, "A-2" if order_id == "B-1" else "customer-7")
    await flow.happen("A-10", "order.ready")
    await flow.project("A-1", "A-10", "A-2", "B-1", "A%", "a-1")
    orders = OrderList(flow.pool)

    assert list(await listed(flow, search="A-1")) == ["A-1", "A-10"]
    assert list(await listed(flow, search="A-2")) == ["A-2", "B-1"]
    assert list(await listed(flow, search="A%")) == ["A%"]
    assert list(await listed(flow, search="A-", statuses=("ready",))) == ["A-10"]
    assert list(await listed(flow, search="A", in_trouble=True)) == []
    assert set(await listed(flow, search="A-1", customer_id="customer-7")) == {"A-1", "A-10"}
    assert set(await listed(flow, search="A-2", customer_id="A-2")) == {"B-1"}
    sought, found, after, more = Sought(search="A"), list[str](), None, True
    while more:
        page, after = await orders.page(sought, after=after, most=2)
        found += [each.order_id for each in page]
        more = after is not None
        assert all(sought.matches(each) for each in page)
    assert found == ["A%", "A-1", "A-10", "A-2"]
