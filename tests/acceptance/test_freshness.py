"""A card whose order falls silent, on a phone."""

from datetime import timedelta

from tests.acceptance.world import World, card_of, is_live


async def test_a_card_says_that_its_order_is_late_and_takes_it_back_with_the_news(world: World) -> None:
    """Nobody posts anything: the card wakes by itself, once for each level, and is fresh with the next event."""
    phone = await world.phone()
    expected = await world.clock.now() + timedelta(minutes=20)
    await world.place(deliveryTime=expected.isoformat())
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    said = [card_of(phone).content["freshness"]]
    for minutes in (24, 2, 30, 10, 60):
        await world.pass_time(minutes * 60)
        await world.come_to_rest()
        said.append(card_of(phone).content["freshness"])
    await world.happen_and_rest("order-1", "order.picked_up")
    said.append(card_of(phone).content["freshness"])

    assert said == ["fresh", "fresh", "late", "late", "stale", "stale", "fresh"]
    updates = [each for each in phone.phone.records if each.event == "update"]
    assert [(each.applied, each.priority, each.alert) for each in updates[:2]] == [(True, 5, None)] * 2
    assert len(updates) == 3
