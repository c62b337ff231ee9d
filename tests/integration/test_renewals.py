"""Renewals: behind what is urgent, for a whole crowd has them within minutes, and never too late."""

import pytest

from app.apns.errors import NotSent, NotSentCause
from app.housekeeping import Housekeeper
from events.slot import ALL_SLOTS
from projections.card import Lane
from tests.conftest import Clock
from tests.examples.devices import reported
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow


async def lanes(flow: Flow) -> list[int]:
    """Give the lanes of the card's generations."""
    return [row["lane"] for row in await flow.rows("order-1")]


@pytest.fixture
async def renewing(owing: Flow, clock: Clock) -> Flow:
    """A card that is near its eight hours; the start of its next generation does not get out at first."""
    await live(owing, clock)
    await work(dispatcher(owing, Apns()))
    await clock.advance(hours=7.7)
    await work(dispatcher(owing, Apns(NotSent("nobody listens", cause=NotSentCause.CONNECT))))
    assert [row["phase"] for row in await owing.rows()] == ["shown", "wanted"]
    return owing


async def test_a_renewal_goes_behind_what_is_urgent(renewing: Flow, clock: Clock) -> None:
    """Its start does, and then the end of the card of before; what comes to the new card is urgent."""
    assert await lanes(renewing) == [Lane.URGENT, Lane.BULK]
    await clock.advance(seconds=90)
    await work(dispatcher(renewing, Apns()))
    newer = (await renewing.rows())[-1]
    await renewing.registry.report_card("phone-1", str(newer["card_id"]), reported(activity_id="activity-2"))

    assert await lanes(renewing) == [Lane.BULK, Lane.URGENT]
    apns = Apns()
    await work(dispatcher(renewing, apns))
    assert apns.events() == ["end"]


async def test_a_renewal_does_not_wait_till_the_eight_hours_are_over(renewing: Flow, clock: Clock) -> None:
    """What is bulk may be very much: after five minutes it is urgent."""
    keeper = Housekeeper(renewing.pool, renewing.due.extend)
    await clock.advance(minutes=4)
    assert await keeper.hurry_renewals(ALL_SLOTS) == 0
    await clock.advance(minutes=3)

    assert await keeper.hurry_renewals(ALL_SLOTS) == 1
    assert await lanes(renewing) == [Lane.URGENT, Lane.URGENT]
    assert await keeper.hurry_renewals(ALL_SLOTS) == 0
