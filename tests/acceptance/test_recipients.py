"""Whose cards a phone shows: never those of somebody else."""

from tests.acceptance.world import World, card_of, cards_of, is_live


async def test_a_sign_out_ends_the_card_and_the_next_customer_sees_only_theirs(world: World) -> None:
    """Invariant 9: the first one's card goes at once and without content, and its order moves nothing here any more."""
    phone = await world.phone("customer-1")
    await world.place("order-1", "customer-1")
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    first = card_of(phone).activity_id
    await world.place("order-2", "customer-2")
    phone.sign_in("customer-2", ticket_for=world.ticket)
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.courier_arriving")
    await world.happen_and_rest("order-2", "order.preparing")
    cards = cards_of(phone)

    assert [(card.subject, card.state) for card in cards] == [("order-1", "ended"), ("order-2", "active")]
    assert cards[1].content["status"] == "preparing"
    after = [push for push in world.pushes if push.payload is not None and push.payload["aps"]["event"] == "end"]
    assert all("content-state" not in (push.payload or {})["aps"] for push in after)
    events = [record.event for record in phone.phone.records if record.activity_id == first]
    assert events == ["start", *["end"] * len(after)]


async def test_an_app_that_signs_out_without_ending_its_cards_has_them_ended(world: World) -> None:
    """Nobody is signed in by the app's next report: the card is dismissed at once, by a push without content."""
    phone = await world.phone("customer-1")
    await world.place("order-1", "customer-1")
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    url = f"{world.service.url}/v1/devices/{phone.phone.device_id}"
    async with world.shop.delete(url) as answer:
        assert answer.status < 300
    await world.come_to_rest()
    [end] = [push for push in world.pushes if push.event == "end"]

    assert card_of(phone).state == "ended"
    assert end.payload is not None
    assert "content-state" not in end.payload["aps"]
    assert "alert" not in end.payload["aps"]
    await world.happen_and_rest("order-1", "order.courier_arriving")
    assert world.kinds() == ["start", "end"]


async def test_a_start_whose_answer_was_lost_is_not_repeated_on_the_phone_of_another(world: World) -> None:
    """The phone has changed hands while the answer was awaited."""
    phone = await world.phone("customer-1")
    world.fault("never_answers")
    await world.place("order-1", "customer-1")
    await world.until(lambda: len(world.pushes) == 1)
    phone.sign_in("customer-2", ticket_for=world.ticket)
    await world.come_to_rest()
    await world.pass_time(120)
    await world.happen_and_rest("order-1", "order.preparing")

    assert world.kinds() == []
    assert cards_of(phone) == []


async def test_a_phone_that_comes_back_to_its_customer_shows_the_order_again(world: World) -> None:
    """Signing out is no dismissal: whoever signs in again sees what is still open."""
    phone = await world.phone("customer-1")
    await world.place("order-1", "customer-1")
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    phone.sign_out()
    await world.come_to_rest()
    phone.sign_in("customer-1", ticket_for=world.ticket)
    await world.until(lambda: is_live(phone))

    assert [card.state for card in cards_of(phone)] == ["ended", "active"]
