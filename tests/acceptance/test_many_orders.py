"""One card for all open orders of a customer, from the shop's events to the phone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from app.simulator.agent import PhoneAgent
from app.simulator.card import Card
from app.simulator.declaration import ORDER, Declaration
from projections.customer_check import verify_customers
from projections.registry import Registry
from tests.acceptance.world import World, card_of, cards_of, is_live, running_world
from tests.conftest import Clock
from tests.integration.rebuilding import Rebuilding

ORDERS: Final = Declaration(
    name="OrdersAttributes",
    subject="subject",
    attributes={"cardId": "str", "subject": "str"},
    content={"orders": "list", "more": "int?", "updatedAt": "int"},
    rows={
        "orders": {
            "orderId": "str",
            "orderNumber": "str?",
            "merchantName": "str",
            "status": "str",
            "deliveryTime": "int?",
            "progress": "number",
            "updatedAt": "int",
        }
    },
)


@pytest.fixture
async def world(dsn: str, clock: Clock, certificates: Path, cards: Registry) -> AsyncIterator[World]:  # noqa: ARG001 - put back
    """A world in which a customer's orders share a card."""
    async with running_world(dsn, clock, certificates, cards=["projections.customer_card"]) as made:
        yield made


async def phone_of(world: World, customer_id: str = "customer-1", **behaviour: Any) -> PhoneAgent:
    """Install the app of such a shop."""
    return await world.phone(customer_id, declarations=(ORDER, ORDERS), **behaviour)


def orders_on(card: Card) -> list[tuple[str, str]]:
    """Give what a card shows: each order with its status, the newest first."""
    return [(each["orderId"], each["status"]) for each in card.content["orders"]]


async def test_orders_join_and_leave_one_card_which_ends_with_the_last(world: World) -> None:
    """One start however many there are; each change is an update, and the last order's end ends the card."""
    phone = await phone_of(world)
    await world.place("order-1")
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    assert orders_on(card_of(phone)) == [("order-1", "placed")]
    await world.place("order-2")
    await world.come_to_rest()
    assert orders_on(card_of(phone)) == [("order-2", "placed"), ("order-1", "placed")]
    await world.happen_and_rest("order-1", "order.ready")
    assert orders_on(card_of(phone)) == [("order-2", "placed"), ("order-1", "ready")]
    await world.happen_and_rest("order-1", "order.delivered")
    assert orders_on(card_of(phone)) == [("order-2", "placed")]
    await world.happen_and_rest("order-2", "order.cancelled", reason="Sold out")

    card = card_of(phone)
    assert (card.state, card.declaration.name) == ("ended", "OrdersAttributes")
    assert orders_on(card) == [("order-2", "cancelled")]
    assert world.kinds() == ["start", "update", "update", "update", "end"]
    bodies = [(push.payload or {})["aps"].get("alert", {}).get("body") for push in world.pushes]
    assert bodies == [
        "We have your order.", "We have your order.", "Your order is ready.", "Your order was delivered.",
        "Your order was cancelled.",
    ]  # fmt: skip
    assert phone.complaints == []


async def test_the_next_order_has_a_card_of_its_own(world: World) -> None:
    """A card that has ended is followed by another, also where it was swiped away; the old one stays over."""
    phone = await phone_of(world)
    await world.place("order-1")
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("order-1", "order.delivered")
    await world.place("order-2")
    await world.until(lambda: len(cards_of(phone)) == 2 and is_live(phone))
    await world.come_to_rest()
    phone.dismiss(cards_of(phone)[1].activity_id)
    await world.come_to_rest()
    await world.place("order-3")
    await world.come_to_rest()
    assert world.kinds().count("start") == 2
    await world.happen_and_rest("order-2", "order.delivered")
    await world.happen_and_rest("order-3", "order.delivered")
    await world.place("order-4")
    await world.until(lambda: len(cards_of(phone)) == 3)
    await world.come_to_rest()

    assert [card.state for card in cards_of(phone)] == ["ended", "dismissed", "active"]
    assert orders_on(cards_of(phone)[2]) == [("order-4", "placed")]


async def test_orders_that_come_at_once_share_a_card(world: World) -> None:
    """Twenty orders and their changes race; the phone shows the newest eight, and how many more there are."""
    phone = await phone_of(world)
    await asyncio.gather(*(world.place(f"order-{number:02}") for number in range(20)))
    await asyncio.gather(*(world.happen(f"order-{number:02}", "order.ready") for number in range(20)))
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()

    content = card_of(phone).content
    assert {status for _, status in orders_on(card_of(phone))} == {"ready"}
    assert len(content["orders"]) + content["more"] == 20
    assert world.kinds().count("start") == 1


async def test_a_late_phone_and_another_customer(world: World) -> None:
    """A phone that signs in later gets the card; nobody sees what another has ordered."""
    await world.place("order-1", "customer-1")
    await world.place("order-2", "customer-2")
    await world.come_to_rest()
    one, two = await phone_of(world, "customer-1"), await phone_of(world, "customer-2")
    await world.until(lambda: is_live(one) and is_live(two))
    await world.come_to_rest()

    assert orders_on(card_of(one)) == [("order-1", "placed")]
    assert orders_on(card_of(two)) == [("order-2", "placed")]


async def test_a_booking_joins_at_its_time_and_leaves_when_it_moves(world: World) -> None:
    """Before its time it is on no card; moved to next week it leaves the card of today's order."""
    phone = await phone_of(world)
    at = (await world.clock.now()).timestamp()
    await world.place("order-1")
    await world.until(lambda: is_live(phone))
    await world.place("table", showAt=_time(at + 600))
    await world.come_to_rest()
    assert orders_on(card_of(phone)) == [("order-1", "placed")]
    await world.pass_time(600)
    await world.come_to_rest()
    assert sorted(orders_on(card_of(phone))) == [("order-1", "placed"), ("table", "placed")]
    await world.happen_and_rest("table", "order.rescheduled", showAt=_time(at + 604_800))

    assert orders_on(card_of(phone)) == [("order-1", "placed")]


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat()


async def test_support_sees_the_card_at_each_order_and_replays_agree(world: World) -> None:
    """An explanation of an order tells of the customer's card; verify compares; a rebuild sends nothing."""
    phone = await phone_of(world)
    await world.place("order-1")
    await world.place("order-2")
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("order-1", "order.ready")
    pool, keyring = world.service.pool, world.service.keyring
    async with world.shop.get(f"{world.service.url}/v1/orders/order-2/explain") as answer:
        explained = await answer.json()
    assert [(card["attributesType"], card["phase"]) for card in explained["cards"]] == [("OrdersAttributes", "shown")]
    assert explained["cards"][0]["finding"]["reason"] == "unchanged"

    sent = len(world.pushes)
    assert (await verify_customers(pool, keyring)).same
    await Rebuilding(pool, keyring).run()
    await world.come_to_rest()
    assert (await verify_customers(pool, keyring)).same
    assert len(world.pushes) == sent
    await pool.execute("UPDATE customer_views SET fingerprint = '\\x00'")
    found = (await verify_customers(pool, keyring)).different
    assert [each.subject_id for each in found.first] == ["customer:customer-1"]


async def test_support_is_told_of_an_order_by_the_cards_of_its_time(world: World) -> None:
    """By the card that shows it now, by one that went on without it, and not by those of the orders after it."""
    phone = await phone_of(world)
    at = (await world.clock.now()).timestamp()
    await world.place("order-1", deliveryTime=_time(at + 1_800))
    await world.place("order-2", deliveryTime=_time(at + 3_600))
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("order-1", "order.delivered")

    async def told(order_id: str) -> list[tuple[bool, str, str | None]]:
        async with world.shop.get(f"{world.service.url}/v1/orders/{order_id}/explain") as answer:
            cards = (await answer.json())["cards"]
        return [(each["shared"], each["finding"]["reason"], each["shouldShow"]) for each in cards]

    [(shared, reason, should_show)] = await told("order-2")
    assert (shared, reason) == (True, "unchanged")
    status, expected = (should_show or "").split(" at ")
    # with its date, where that is another day's
    assert (status, expected.split(", in ")[0][-5:]) == ("status placed, delivery expected", _time(at + 3_600)[11:16])
    assert await told("order-1") == [(True, "unchanged", None)]
    await world.happen_and_rest("order-2", "order.delivered")
    await world.pass_time(60)
    await world.place("order-3")
    await world.until(lambda: len(cards_of(phone)) == 2 and is_live(phone))
    await world.come_to_rest()
    assert [reason for _, reason, _ in await told("order-3")] == ["unchanged"]
    assert [reason for _, reason, _ in await told("order-1")] == ["ended"]


async def test_no_order_may_be_named_as_a_customer_is(world: World) -> None:
    """The names of customers' cards are theirs."""
    await world.happen("customer:customer-1", "order.placed", expected=422, customerId="c", merchantName="m")
