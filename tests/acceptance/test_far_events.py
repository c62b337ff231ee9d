"""Bookings: a card whose time is far away, from the shop's event to the Lock Screen."""

from datetime import timedelta
from typing import Any, Final

import pytest

from app.simulator.agent import PhoneAgent
from tests.acceptance.world import World, card_of, cards_of, is_live

DAY: Final = 86_400
MONTH: Final = 30 * DAY
TRACES: Final = (
    "SELECT (SELECT count(*) FROM cards) AS cards, (SELECT count(*) FROM receipts) AS receipts, "
    "(SELECT count(*) FROM views WHERE match_due_at IS NOT NULL) AS flags, "
    "(SELECT count(*) FROM devices WHERE match_due_at IS NOT NULL) AS phones"
)


async def at(world: World, seconds: float) -> str:
    """Give the time in so many seconds, as an event says it."""
    return (await world.clock.now() + timedelta(seconds=seconds)).isoformat()


async def book(world: World, *, seconds: float = MONTH, **data: Any) -> None:
    """Let a customer book a table for two hours after the card is to appear."""
    await world.place(showAt=await at(world, seconds), deliveryTime=await at(world, seconds + 7_200), **data)
    await world.come_to_rest()


async def move(world: World, seconds: float) -> None:
    """Let the shop move the booking, so that its card is to appear in so many seconds."""
    await world.happen("order-1", "order.rescheduled", showAt=await at(world, seconds))


async def traces(world: World) -> dict[str, int]:
    """Count what there is of the order besides its view."""
    [row] = await world.service.pool.fetch(TRACES)
    return dict(row)


async def shown(world: World) -> PhoneAgent:
    """Give a phone that shows the card of a booking whose time has come."""
    phone = await world.phone()
    await book(world, seconds=DAY)
    await world.pass_time(DAY)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    return phone


async def test_a_booking_next_month_starts_by_the_token_of_then(world: World) -> None:
    """Nobody opens the app; iOS replaced its start token, and the old one is dead. What came before sends nothing."""
    phone = await world.phone()
    await book(world)
    await world.happen_and_rest("order-1", "order.accepted")
    await world.happen_and_rest("order-1", "order.note", text="A table by the window", alert=True)
    phone.rotate_start_tokens()
    await world.pass_time(MONTH - 60)
    await world.come_to_rest()
    assert (world.pushes, await traces(world)) == ([], {"cards": 0, "receipts": 0, "flags": 1, "phones": 0})
    await world.pass_time(60)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()

    assert [(push.event, push.status) for push in world.pushes] == [("start", 200)]
    content = card_of(phone).content
    assert (content["status"], content["note"], content["freshness"]) == ("accepted", "A table by the window", "fresh")


async def test_a_cancelled_booking_leaves_no_trace(world: World) -> None:
    """No card, no push and no flag, at once and for ever."""
    phone = await world.phone()
    await book(world)
    await world.happen_and_rest("order-1", "order.cancelled", reason="The guest is ill.")
    nothing = {"cards": 0, "receipts": 0, "flags": 0, "phones": 0}
    assert await traces(world) == nothing
    await world.pass_time(MONTH + 60)
    await world.come_to_rest()

    assert (world.pushes, cards_of(phone), await traces(world)) == ([], [], nothing)


async def test_a_booking_that_moves_later_starts_then(world: World) -> None:
    """At the old time nothing happens."""
    phone = await world.phone()
    await book(world, seconds=DAY)
    await move(world, 2 * DAY)
    await world.come_to_rest()
    await world.pass_time(DAY + 60)
    await world.come_to_rest()
    assert (world.pushes, await traces(world)) == ([], {"cards": 0, "receipts": 0, "flags": 1, "phones": 0})
    await world.pass_time(DAY)
    await world.until(lambda: is_live(phone))

    assert world.kinds() == ["start"]


@pytest.mark.parametrize("seconds", [3_600.0, -60.0])
async def test_a_booking_that_moves_earlier_starts_earlier(world: World, seconds: float) -> None:
    """Also where the new time is past already: then at once; and the time that was meant first brings nothing more."""
    phone = await world.phone()
    await book(world)
    await move(world, seconds)
    await world.come_to_rest()
    assert len(world.pushes) == (seconds < 0)
    await world.pass_time(3_600)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    phone.dismiss(card_of(phone).activity_id)
    await world.come_to_rest()
    await world.pass_time(MONTH)
    await world.come_to_rest()

    assert world.kinds() == ["start"]


async def test_a_card_whose_booking_moves_away_is_taken_back_and_comes_anew(world: World) -> None:
    """It goes at once and without a word; at the new time there is another, with a life of its own."""
    phone = await shown(world)
    await move(world, 7 * DAY)
    await world.come_to_rest()
    assert ([card.state for card in cards_of(phone)], world.kinds()) == (["ended"], ["start", "end"])
    await world.happen_and_rest("order-1", "order.note", text="See you next week")
    await world.pass_time(7 * DAY)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()

    assert [card.state for card in cards_of(phone)] == ["ended", "active"]
    assert cards_of(phone)[1].content["note"] == "See you next week"
    assert world.kinds() == ["start", "end", "start"]
    [end] = [push for push in world.pushes if push.event == "end"]
    assert end.payload is not None
    assert "alert" not in end.payload["aps"]


async def test_a_card_whose_booking_moves_into_the_past_stays(world: World) -> None:
    """It is there already; nothing is sent for a time that no card shows."""
    phone = await shown(world)
    await move(world, -3_600)
    await world.come_to_rest()

    assert (card_of(phone).state, world.kinds()) == ("active", ["start"])


async def test_a_booking_that_moves_away_and_back_has_a_card_again(world: World) -> None:
    """The second move comes while the first one's end may be on its way."""
    phone = await shown(world)
    await move(world, 7 * DAY)
    await move(world, -60)
    await world.come_to_rest()

    assert is_live(phone)
    assert [card.state for card in cards_of(phone)].count("active") == 1


async def test_a_card_that_was_swiped_away_stays_away_though_its_booking_moves(world: World) -> None:
    """The customer's word counts for the order."""
    phone = await shown(world)
    phone.dismiss(card_of(phone).activity_id)
    await world.come_to_rest()
    await move(world, DAY)
    await world.come_to_rest()
    await world.pass_time(DAY + 60)
    await world.come_to_rest()

    assert world.kinds() == ["start"]


@pytest.mark.parametrize("seconds", [float(DAY), 0.0], ids=["tomorrow", "now"])
async def test_a_card_that_ran_out_is_followed_by_another_when_its_booking_moves(world: World, seconds: float) -> None:
    """Its app was force-quit, so its eight hours ended unheard; the booking moves after that."""
    phone = await world.phone(force_quit=True)
    await book(world, seconds=DAY)
    await world.pass_time(DAY)
    await world.until(lambda: bool(cards_of(phone)))
    await world.come_to_rest()
    await world.pass_time(8 * 3_600 + 60)
    await world.come_to_rest()
    await move(world, seconds)
    await world.come_to_rest()
    await world.pass_time(seconds)
    await world.until(lambda: len(cards_of(phone)) == 2)

    assert world.kinds() == ["start", "start"]


async def test_the_apps_own_card_is_left_alone_before_the_time_and_counts_at_it(world: World) -> None:
    """An app may show a booking when it likes; at its time no second card comes."""
    phone = await world.phone()
    await book(world, seconds=3_600)
    phone.start_activity("order-1")
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.accepted")
    assert card_of(phone).content["status"] == "accepted"
    await world.pass_time(3_660)
    await world.come_to_rest()

    assert ("start" in world.kinds(), card_of(phone).state) == (False, "active")


async def test_the_apps_own_card_that_ran_out_before_the_time_is_followed_by_ours(world: World) -> None:
    """It confirmed the booking a month ago."""
    phone = await world.phone()
    await book(world)
    phone.start_activity("order-1")
    await world.come_to_rest()
    await world.pass_time(DAY)
    await world.come_to_rest()
    assert card_of(phone).state != "active"
    await world.pass_time(MONTH)
    await world.until(lambda: is_live(phone))

    assert world.kinds().count("start") == 1


async def test_a_start_token_that_died_is_replaced_by_the_next_launch(world: World) -> None:
    """APNs answers 410 at the time; the card comes as soon as the app is opened."""
    phone = await world.phone()
    await book(world, seconds=DAY)
    await world.pass_time(DAY - 60)
    world.fault("reason:ExpiredToken")
    await world.pass_time(60)
    await world.come_to_rest()
    assert [push.status for push in world.pushes] == [410]
    phone.rotate_start_tokens()
    await world.until(lambda: is_live(phone))

    assert world.kinds() == ["start"]


async def test_whoever_is_the_customer_then_gets_the_card(world: World) -> None:
    """One phone was signed out, one changed hands, one was installed anew, and one is new since the booking."""
    signed_out, handed_on, reinstalled = [await world.phone() for _ in range(3)]
    await book(world)
    signed_out.sign_out()
    handed_on.sign_in("customer-2", ticket_for=world.ticket)
    reinstalled.reinstall()
    new = await world.phone()
    await world.come_to_rest()
    assert (world.pushes, await traces(world)) == ([], {"cards": 0, "receipts": 0, "flags": 1, "phones": 0})
    await world.pass_time(MONTH)
    await world.until(lambda: is_live(reinstalled) and is_live(new))
    await world.come_to_rest()

    assert (cards_of(signed_out), cards_of(handed_on), world.kinds()) == ([], [], ["start", "start"])


async def test_a_card_lives_its_eight_hours_from_its_start(world: World) -> None:
    """Not from the booking: it grows stale an hour after it appeared, and is renewed near the end of its life."""
    phone = await world.phone()
    await world.place(showAt=await at(world, MONTH))
    await world.pass_time(MONTH)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    [start] = world.pushes
    assert start.payload is not None
    began = start.payload["aps"]["timestamp"]
    assert start.payload["aps"]["stale-date"] - began == pytest.approx(3_600, abs=60)
    assert card_of(phone).content["freshness"] == "fresh"
    await world.pass_time(3_540)
    await world.come_to_rest()
    assert world.kinds() == ["start"]
    await world.pass_time(120)
    await world.come_to_rest()
    assert card_of(phone).content["freshness"] == "stale"
    await world.pass_time(27_600 - 3_660)
    await world.until(lambda: len(cards_of(phone)) == 2)
    await world.come_to_rest()

    assert world.kinds() == ["start", "update", "start", "end"]


async def test_many_bookings_of_one_customer_take_their_starts_when_they_begin(world: World) -> None:
    """Twelve at the same minute: ten start, and two wait for the phone's budget, which nothing had touched before."""
    phone = await world.phone()
    show_at = await at(world, MONTH)
    for number in range(12):
        await world.place(f"order-{number}", showAt=show_at)
    await world.pass_time(MONTH)
    await world.until(lambda: len(cards_of(phone)) == 10)
    await world.come_to_rest()
    assert world.kinds() == ["start"] * 10
    waiting = "SELECT count(*) FROM cards WHERE phase = 'wanted' AND due_at > lockstep_now()"
    assert await world.service.pool.fetchval(waiting) == 2
