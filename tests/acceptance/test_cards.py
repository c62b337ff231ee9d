"""From a shop's event to a phone's Lock Screen: the life of a card."""

import asyncio
from datetime import timedelta

from tests.acceptance.world import World, card_of, cards_of, is_live


async def test_a_card_starts_moves_and_ends_with_its_order(world: World) -> None:
    """Start, updates, end: the phone shows what the order became, and each push was applied."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    for type_, data in (
        ("order.preparing", {}),
        ("order.courier_assigned", {"courierName": "Anna Kaya"}),
        ("order.delivered", {}),
    ):
        await world.happen_and_rest("order-1", type_, **data)
    card = card_of(phone)

    assert world.kinds() == ["start", "update", "update", "end"]
    assert (card.state, card.content["status"], card.content["courierName"]) == ("ended", "delivered", "Anna Kaya")
    assert [line["step"] for line in card.content["history"]] == [
        "placed",
        "preparing",
        "courier_assigned",
        "delivered",
    ]
    assert [record.effect for record in phone.phone.records] == ["applied"] * 4
    timestamps = [record.timestamp or 0 for record in phone.phone.records]
    assert timestamps == sorted(set(timestamps))
    [told] = (await world.order())["cards"]
    assert (told["phase"], told["acceptedVersion"], told["consideredVersion"]) == ("over", 4, 4)
    assert phone.complaints == []


async def test_a_burst_of_events_is_one_push_of_the_newest_state(world: World) -> None:
    """Nothing is queued: the card moves to where its order is."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await asyncio.gather(*(world.happen("order-1", "order.note", text=f"note {n}") for n in range(20)))
    await world.happen_and_rest("order-1", "order.note", text="the last")

    assert card_of(phone).content["note"] == "the last"
    assert world.kinds().count("update") <= 4


async def test_a_card_whose_token_comes_late_is_caught_up_at_once(world: World) -> None:
    """Until the customer taps Allow there is no token; then one update brings what was missed."""
    phone = await world.phone(allow="later")
    await world.place()
    await world.until(lambda: bool(cards_of(phone)))
    await world.happen("order-1", "order.preparing")
    await world.happen_and_rest("order-1", "order.ready")
    assert world.kinds() == ["start"]
    phone.allow()
    await world.until(lambda: card_of(phone).content["status"] == "ready")

    assert world.kinds() == ["start", "update"]


async def test_a_phone_that_never_allows_gets_one_start_and_no_more(world: World) -> None:
    """The order goes on; nothing is sent that could not arrive."""
    phone = await world.phone(allow="never")
    await world.place()
    await world.until(lambda: bool(cards_of(phone)))
    for type_ in ("order.preparing", "order.ready", "order.delivered"):
        await world.happen_and_rest("order-1", type_)
    [told] = (await world.order())["cards"]

    assert world.kinds() == ["start"]
    assert (told["phase"], told["consideredVersion"]) == ("shown", 4)
    assert told["why"].startswith("The order is over. The app has not reported the card's update token")


async def test_a_dismissed_card_gets_nothing_more(world: World) -> None:
    """What the customer swiped away does not come back."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    phone.dismiss(card_of(phone).activity_id)
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    await world.happen_and_rest("order-1", "order.delivered")

    assert world.kinds() == ["start"]
    [told] = (await world.order())["cards"]
    assert (told["phase"], told["outcome"]) == ("over", "gone")


async def test_every_phone_of_a_customer_has_its_card(world: World) -> None:
    """Two phones, the second in the middle of the order; both end where the order ended."""
    first = await world.phone()
    await world.place()
    await world.until(lambda: is_live(first))
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    second = await world.phone()
    await world.until(lambda: is_live(second))
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.delivered")

    assert [card_of(phone).content["status"] for phone in (first, second)] == ["delivered"] * 2
    assert [card_of(phone).state for phone in (first, second)] == ["ended"] * 2


async def test_a_card_that_the_app_started_is_moved_and_not_started_again(world: World) -> None:
    """The app was faster than the order: its report is kept and matched when the order comes."""
    phone = await world.phone()
    phone.start_activity("order-1")
    await world.come_to_rest()
    await world.place()
    await world.happen_and_rest("order-1", "order.preparing")
    card = card_of(phone)

    assert (card.content["status"], card.by_push) == ("preparing", False)
    assert "start" not in world.kinds()
    await world.happen_and_rest("order-1", "order.delivered")
    assert card_of(phone).state == "ended"


async def test_a_card_lives_on_in_its_next_generation(world: World) -> None:
    """Near the eighth hour the next card is started, the old one is ended, and the new one moves."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await world.pass_time(3_700)
    await world.come_to_rest()
    await world.pass_time(24_000)
    await world.until(lambda: len(cards_of(phone)) == 2 and cards_of(phone)[0].state != "active")
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    old, new = cards_of(phone)

    assert world.kinds() == ["start", "update", "start", "end", "update"]
    assert (old.ended_by, new.state, new.content["status"]) == ("a push", "active", "preparing")
    await world.pass_time(1_200)
    assert [card.state for card in cards_of(phone)] == ["ended", "active"]


async def test_a_card_for_later_appears_at_its_time(world: World) -> None:
    """Nothing is sent before `showAt`."""
    phone = await world.phone()
    show_at = await world.clock.now() + timedelta(hours=2)
    await world.place(showAt=show_at.isoformat())
    await world.come_to_rest()
    assert world.pushes == []
    await world.pass_time(7_201)
    await world.until(lambda: is_live(phone))

    assert world.kinds() == ["start"]
