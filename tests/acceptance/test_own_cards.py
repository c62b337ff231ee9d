"""Cards of a team's own, from the shop's event to the phone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from app.demo import upload_card as upload
from app.erasure import Eraser
from app.simulator.agent import PhoneAgent
from app.simulator.card import Card
from app.simulator.declaration import ORDER, Declaration
from projections.registry import Registry
from projections.verifier import verify
from tests.acceptance.world import PATIENCE_SECONDS, World, card_of, cards_of, is_live, running_world
from tests.cards import booking
from tests.conftest import Clock
from tests.integration.command_line import lockstep

BRIEF: Final = Declaration(
    name="BriefAttributes",
    attributes={"cardId": "str", "orderId": "str", "merchant": "str"},
    content={"line": "str", "expectedAt": "int?", "updatedAt": "int"},
)
BOOKING: Final = Declaration(
    name="BookingAttributes",
    attributes={"cardId": "str", "bookingId": "str", "restaurant": "str"},
    content={
        "status": "str", "guest": "str?", "time": "int", "party": "int", "arrived": "int", "table": "str?",
        "updatedAt": "int",
    },
    subject="bookingId",
)  # fmt: skip
UPLOAD: Final = Declaration(
    name="UploadAttributes",
    attributes={"cardId": "str", "uploadId": "str", "megabytes": "int"},
    content={
        "status": "str", "fileName": "str?", "percent": "int", "doneAt": "int?", "reason": "str?", "updatedAt": "int",
    },
    subject="uploadId",
)  # fmt: skip
MODULES: Final = ("tests.cards.booking", "app.demo.upload_card")
MADE: Final[dict[str, Any]] = {
    "customerId": "customer-1",
    "restaurant": "Taverna Ilios",
    "party": 2,
    "guestName": "Eleni Papadáki",
    "expectedAt": "2030-11-01T19:00:00Z",
}


@pytest.fixture
async def world(dsn: str, clock: Clock, certificates: Path, cards: Registry) -> AsyncIterator[World]:
    """A service that knows bookings and uploads beside orders."""
    async with running_world(dsn, clock, certificates, cards=MODULES) as made:
        assert cards.modules == MODULES
        yield made


async def three_cards(world: World) -> PhoneAgent:
    """Let a phone show an order, a booking and an upload."""
    phone = await world.phone(declarations=(ORDER, BOOKING, UPLOAD))
    await world.place()
    await world.happen("booking-1", "booking.made", **MADE)
    await world.happen("upload-1", "upload.started", customerId="customer-1", fileName="wedding.mov", sizeBytes=7)
    await world.until(lambda: len([each for each in cards_of(phone) if each.update_token is not None]) == 3)
    await world.come_to_rest()
    return phone


def shown(phone: PhoneAgent, type_: str) -> Card:
    """Give the one card of a type."""
    [card] = [each for each in cards_of(phone) if each.declaration.name == type_]
    return card


async def test_cards_of_several_kinds_live_side_by_side(world: World) -> None:
    """Each moves with its own events and ends with them; a replay in several processes gives the same."""
    phone = await three_cards(world)
    for percent in (10, 60, 95):
        await world.happen("upload-1", "upload.progressed", percent=percent)
    await world.happen("booking-1", "booking.guest_arrived", guestId="g-1")
    await world.happen("booking-1", "booking.table_ready", table="12")
    await world.happen_and_rest("order-1", "order.picked_up")
    table, film = shown(phone, "BookingAttributes").content, shown(phone, "UploadAttributes").content

    assert (table["table"], table["arrived"], table["guest"]) == ("12", 1, "Eleni Papadáki")
    assert (film["percent"], film["status"], film["fileName"]) == (95, "under_way", "wedding.mov")
    assert shown(phone, "OrderAttributes").content["status"] == "picked_up"

    await world.happen("upload-1", "upload.finished")
    await world.happen("booking-1", "booking.cancelled")
    await world.happen_and_rest("order-1", "order.delivered")
    dsn, modules = world.settings.database_url, ",".join(MODULES)
    done = await lockstep(
        "replay", "verify", "--full-speed", "--workers", "2", "--json", dsn=dsn, LOCKSTEP_CARDS=modules
    )

    assert (done.code, done.json["same"], done.json["orders"]) == (0, True, 3)
    assert {(each.declaration.name, each.state, each.content["status"]) for each in cards_of(phone)} == {
        ("OrderAttributes", "ended", "delivered"),
        ("BookingAttributes", "ended", "cancelled"),
        ("UploadAttributes", "ended", "finished"),
    }
    assert phone.complaints == []


async def test_an_erased_booking_shows_nothing_personal_any_more(world: World) -> None:
    """The card goes on without it, and a replay comes to the same."""
    phone = await three_cards(world)
    service = world.service
    await Eraser(service.pool, service.store, service._registry()).erase_order("booking-1")
    await world.happen_and_rest("booking-1", "booking.table_ready", table="12")
    card = shown(phone, "BookingAttributes")

    assert (card.state, card.content["table"], "guest" in card.content) == ("active", "12", False)
    assert (await verify(service.pool, service.keyring)).same


async def explained(world: World, order: str) -> Any:
    """Let support ask until nobody is at its card."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with world.shop.get(f"{world.service.url}/v1/orders/{order}/explain") as answer:
                told = await answer.json()
            if told["cards"][0]["finding"]["reason"] != "under_way":
                return told


async def test_a_render_that_raises_fails_its_card_alone(world: World, cards: Registry) -> None:
    """Over HTTP it is told which line raised; once it is mended, the card goes on with the next news."""

    def breaks(_: object) -> Any:
        raise KeyError("Eleni Papadáki")

    phone = await three_cards(world)
    cards.install([replace(booking.CARD, render=breaks), upload.CARD], MODULES)
    await world.happen("booking-1", "booking.table_ready", table="12")
    await world.happen("upload-1", "upload.progressed", percent=50)
    await world.happen("order-1", "order.picked_up")
    # the card that failed is due again and again: nothing comes to rest
    await world.until(lambda: shown(phone, "UploadAttributes").content["percent"] == 50)
    await world.until(lambda: shown(phone, "OrderAttributes").content["status"] == "picked_up")
    told = await explained(world, "booking-1")
    page = await world.order("booking-1")

    assert "table" not in shown(phone, "BookingAttributes").content
    assert told["cards"][0]["finding"]["reason"] == "not_made"
    assert "render raised KeyError in test_own_cards.py, line" in told["cards"][0]["finding"]["why"]
    assert (page["status"], page["contentState"], "KeyError" in page["whyNot"]) == ("table_ready", None, True)
    assert "Eleni" not in str(told) + str(page)

    cards.install([booking.CARD, upload.CARD], MODULES)
    await world.happen_and_rest("booking-1", "booking.guest_arrived", guestId="g-1")
    assert shown(phone, "BookingAttributes").content["table"] == "12"


async def test_an_event_that_a_kind_does_not_allow_is_refused(world: World) -> None:
    """With its field, as for orders; and the types that are known are told."""
    await world.happen("booking-1", "booking.made", expected=422, **MADE | {"party": 0})
    await world.happen("booking-1", "booking.teleported", expected=422)


async def test_orders_are_shown_by_a_card_of_ones_own(
    dsn: str, clock: Clock, certificates: Path, cards: Registry
) -> None:
    """Its type, its attributes, its content and its words; the order and its history stay as they are."""
    async with running_world(dsn, clock, certificates, cards=["tests.cards.order_in_brief"]) as world:
        phone = await world.phone(declarations=(ORDER, BRIEF))
        await world.place()
        await world.until(lambda: is_live(phone))
        await world.come_to_rest()
        await world.happen_and_rest("order-1", "order.picked_up")
        card, page = card_of(phone), await world.order()

        assert cards.modules == ("tests.cards.order_in_brief",)
        assert (card.declaration.name, card.attributes["merchant"]) == ("BriefAttributes", "Taverna Ilios")
        assert card.content["line"] == "On its way"
        assert page["contentState"] == {each: card.content[each] for each in ("line", "updatedAt")}
        assert [(push.payload or {})["aps"]["alert"]["body"] for push in world.pushes] == [
            "Your order is in.",
            "Your order has moved.",
        ]
        assert phone.complaints == []
