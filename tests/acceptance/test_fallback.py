"""Phones that cannot show a card, and hear the news all the same."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.simulator.agent import PhoneAgent
from tests.acceptance.world import World, cards_of, running_world
from tests.conftest import Clock


@pytest.fixture
async def telling(dsn: str, clock: Clock, certificates: Path) -> AsyncIterator[World]:
    """A service that tells by ordinary notifications what cards cannot."""
    async with running_world(dsn, clock, certificates, fallback_alerts=True) as made:
        yield made


def heard(phone: PhoneAgent) -> int:
    """Count the notifications that the phone has shown, with those that were replaced."""
    told = [each for each in phone.phone.records if each.token_kind == "alert"]
    assert [each.effect for each in told] == ["applied"] * len(told)
    return len(told)


@pytest.mark.parametrize(
    "behaviour", [{"ios_version": "16.6"}, {"activities_enabled": False}], ids=["an old iOS", "switched off"]
)
async def test_a_phone_without_a_card_hears_what_a_card_would_have_alerted_of(
    telling: World, behaviour: dict[str, Any]
) -> None:
    """Each once; the newest stands in the place of the others, and opens the order."""
    phone = await telling.phone(**behaviour)
    await telling.place()
    await telling.come_to_rest()
    for type_ in ("order.accepted", "order.ready", "order.courier_arriving", "order.delivered"):
        await telling.happen_and_rest("order-1", type_)

    assert heard(phone) == 4
    assert (cards_of(phone), telling.kinds()) == ([], ["alert"] * 4)
    [newest] = phone.phone.notifications
    assert (newest.title, newest.body, newest.custom) == (
        "Taverna Ilios",
        "Your order was delivered.",
        {"orderId": "order-1"},
    )
    [told] = (await telling.order())["cards"]
    assert (told["phase"], told["outcome"]) == ("over", "never_shown")


@pytest.mark.parametrize("behaviour", [{"force_quit": True}, {"allow": "never"}], ids=["force-quit", "never allowed"])
async def test_a_card_that_nobody_tells_of_is_spoken_for(telling: World, behaviour: dict[str, Any]) -> None:
    """The card stands still on the Lock Screen; what happens is heard."""
    phone = await telling.phone(**behaviour)
    await telling.place()
    await telling.come_to_rest()
    assert len(cards_of(phone)) == 1
    await telling.pass_time(90)
    await telling.happen_and_rest("order-1", "order.courier_arriving")

    assert telling.kinds() == ["start", "alert"]
    assert [each.body for each in phone.phone.notifications] == ["Your courier is arriving."]


async def test_the_next_user_of_a_phone_hears_nothing_of_the_last(telling: World) -> None:
    """Not by an ordinary notification either."""
    phone = await telling.phone("customer-1", ios_version="16.6")
    await telling.place("order-1", "customer-1")
    await telling.come_to_rest()
    phone.sign_in("customer-2", ticket_for=telling.ticket)
    await telling.come_to_rest()
    before = len(phone.phone.records)
    await telling.happen_and_rest("order-1", "order.courier_arriving")

    assert len(phone.phone.records) == before


async def test_without_the_setting_nothing_is_told(world: World) -> None:
    """The phone reported its alert token, and that is all."""
    phone = await world.phone(ios_version="16.6")
    await world.place()
    await world.happen_and_rest("order-1", "order.delivered")

    assert (world.pushes, phone.phone.notifications) == ([], [])
