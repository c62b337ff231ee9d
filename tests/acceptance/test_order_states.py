"""What the phone showed at some time, asked for later."""

from typing import Any

from tests.acceptance.world import World, card_of, is_live


async def test_what_a_phone_showed_then_can_be_told_later(world: World) -> None:
    """For each moment that is asked about, what APNs had accepted is what the phone showed at that moment."""
    phone = await world.phone()
    await world.place(items=[{"name": "Moussaka"}])
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    seen: list[tuple[str, dict[str, Any]]] = []
    for type_, data in (
        ("order.accepted", {"note": "No onions for Eleni"}),
        ("order.courier_assigned", {"courierName": "Anna Kaya"}),
        ("order.delivered", {}),
    ):
        await world.happen_and_rest("order-1", type_, **data)
        seen.append(((await world.clock.now()).isoformat(), dict(card_of(phone).content)))
        await world.pass_time(5)

    told = []
    for moment, _ in seen:
        query = {"at": moment}
        async with world.shop.get(f"{world.service.url}/v1/orders/order-1/state", params=query) as answer:
            [card] = (await answer.json())["cards"]
            told.append((moment, card["accepted"]["contentState"]))
    assert told == seen
    assert [content["status"] for _, content in told] == ["accepted", "courier_assigned", "delivered"]
