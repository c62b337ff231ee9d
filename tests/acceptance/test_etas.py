"""A courier who says every second when the order will come, and the phone of who waits for it."""

from datetime import timedelta
from typing import Any

from tests.acceptance.world import World, card_of, is_live


async def put(world: World, delivery_time: str, *, order: str = "order-1", expected: int = 200) -> Any:
    """Put a delivery time, to be answered by this status."""
    body = {"deliveryTime": delivery_time, "source": "courier"}
    async with world.shop.put(f"{world.service.url}/v1/orders/{order}/eta", json=body) as answer:
        assert answer.status == expected, await answer.text()
        return await answer.json()


async def test_a_ping_a_second_is_a_few_events_and_the_phone_shows_the_last(world: World) -> None:
    """Two minutes of drift within one: an event for each minute that the card was off, and what is left in the end."""
    phone = await world.phone()
    promised = (await world.clock.now()).replace(microsecond=0) + timedelta(minutes=30)
    await world.place(deliveryTime=promised.isoformat())
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    outcomes = []
    for ping in range(60):
        await world.pass_time(1)
        later = promised + timedelta(seconds=2 * ping + 1)
        outcomes.append((await put(world, later.isoformat()))["outcome"])
    last = int(later.timestamp())
    await world.pass_time(5)
    await world.until(lambda: card_of(phone).content["deliveryTime"] == last)
    await world.come_to_rest()
    page = await world.order()

    assert outcomes.count("recorded") <= 2
    assert page["version"] <= 4
    assert page["contentState"]["deliveryTime"] == last
    assert len([each for each in phone.phone.records if each.event == "update"]) <= 3


async def test_a_delay_of_five_minutes_lights_the_phone_at_once(world: World) -> None:
    """It is an event as if it had been posted, with its alert; once the order is over no time is taken."""
    phone = await world.phone()
    promised = (await world.clock.now()).replace(microsecond=0) + timedelta(minutes=30)
    await world.place(deliveryTime=promised.isoformat())
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    answer = await put(world, (promised + timedelta(minutes=5)).isoformat())
    await world.come_to_rest()
    alerts = [each.alert for each in phone.phone.records if each.event == "update"]
    await world.happen_and_rest("order-1", "order.delivered")
    refused = await put(world, promised.isoformat(), expected=409)

    assert answer == {"outcome": "recorded", "version": 2}
    assert [each is not None for each in alerts] == [True]
    assert refused["type"] == "urn:lockstep:problem:order-over"
