"""Alerts in the language of each phone, from the shop's event to what it says."""

from datetime import timedelta
from pathlib import Path

from projections.registry import Registry
from tests.acceptance.world import World, is_live, running_world
from tests.cards.order_with_strings import STRINGS
from tests.conftest import Clock


async def test_each_phone_says_it_in_its_language(dsn: str, clock: Clock, certificates: Path, cards: Registry) -> None:
    """One order, a phone in Greek and one in German: by the app's strings, and by words from the server."""
    module = "tests.cards.order_with_strings"
    async with running_world(dsn, clock, certificates, cards=[module], fallback_alerts=True) as world:
        greek = await world.phone(strings=STRINGS, locale="el-GR")
        german = await world.phone(strings=STRINGS, locale="de-DE")
        old = await world.phone(strings=STRINGS, locale="el", ios_version="16.4")
        await world.place(orderNumber="A-7")
        await world.until(lambda: is_live(greek) and is_live(german))
        await world.come_to_rest()
        await world.happen_and_rest("order-1", "order.picked_up")
        said = [[(each.alert, each.alert_body, each.sound) for each in on.phone.records if each.alert] for on in
                (greek, german)]  # fmt: skip

    assert cards.modules == (module,)
    assert said == [
        [
            ("Taverna Ilios", "Λάβαμε την παραγγελία A-7.", "default"),
            ("Lockstep", "Έρχεται!", "horn.caf"),
        ],
        [
            ("Taverna Ilios", "Thanks! Order A-7 is in.", "default"),
            ("Lockstep", "Taverna Ilios: unterwegs", "horn.caf"),
        ],
    ]
    assert [(each.title, each.body, each.sound) for each in old.phone.notifications] == [
        ("Lockstep", "Έρχεται!", "horn.caf")
    ]


async def test_a_booking_that_appears_is_no_order_that_came_in(world: World) -> None:
    """Its first alert says what is so on the evening."""
    phone = await world.phone()
    evening = await world.clock.now() + timedelta(days=1)
    await world.place(showAt=evening.isoformat())
    await world.come_to_rest()
    await world.pass_time(86_400)
    await world.until(lambda: is_live(phone))

    assert [each.alert_body for each in phone.phone.records if each.alert] == ["Your booking is coming up."]
