"""Bookings whose cards appear at the same minute, two thousand for a release, beside an order that moves."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest

from app.apns.dispatch_rules import DispatchRules
from projections.pauses import Pauses
from tests.acceptance.world import World, card_of, cards_of, is_live
from tests.scale import scaled

pytestmark = pytest.mark.faults

PHONES: Final = scaled(40, 200)
BOOKINGS_A_PHONE: Final = 10
HERD: Final = PHONES * BOOKINGS_A_PHONE
BATCH: Final = 500
AHEAD_SECONDS: Final = 600
PATIENCE_SECONDS: Final = 120.0
"""When the test is given up; nothing is measured by it."""


async def book(world: World, show_at: str) -> None:
    """Let every customer book ten tables."""
    events = [
        {
            "specversion": "1.0",
            "id": f"booked-{number}",
            "source": "shop",
            "type": "order.placed",
            "subject": f"booking-{number}",
            "data": {"customerId": f"guest-{number % PHONES}", "merchantName": "Taverna Ilios", "showAt": show_at},
        }
        for number in range(HERD)
    ]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    for first in range(0, HERD, BATCH):
        url, some = f"{world.service.url}/v1/events", events[first : first + BATCH]
        async with world.shop.post(url, json=some, headers=headers) as answer:
            assert answer.status == 200, await answer.text()


async def until_counted(world: World, query: str, wanted: int) -> None:
    """Wait until a count has come so far."""
    counted = None
    async with asyncio.timeout(PATIENCE_SECONDS):
        while counted != wanted:
            counted = await world.service.pool.fetchval(query)
            # the database has no event for it
            await asyncio.sleep(0.05)


async def test_a_herd_at_one_minute_goes_out_and_holds_up_nobody(world: World) -> None:
    """Every start is accepted and shown, once; an order that moves when all of them are due already goes first."""
    walker = await world.phone("walker")
    herd = await asyncio.gather(*(world.phone(f"guest-{number}", allow="never") for number in range(PHONES)))
    await world.place("order-1", "walker")
    await world.until(lambda: is_live(walker))
    await book(world, (await world.clock.now() + timedelta(seconds=AHEAD_SECONDS)).isoformat())
    await world.come_to_rest()
    assert world.kinds() == ["start"]

    pauses = Pauses(world.service.pool)
    await pauses.pause("all", "*", reason="so that all of them are due")
    await world.pass_time(AHEAD_SECONDS)
    await until_counted(world, "SELECT count(*) FROM cards WHERE phase = 'wanted'", HERD)
    await world.happen("order-1", "order.preparing")
    await until_counted(world, "SELECT version FROM views WHERE subject_id = 'order-1'", 2)
    await pauses.resume("all", "*")
    await world.simulator.wait_until(
        lambda: all(len(cards_of(phone)) == BOOKINGS_A_PHONE for phone in herd), within_seconds=PATIENCE_SECONDS
    )
    await world.come_to_rest()

    assert {push.status for push in world.pushes} == {200}
    assert world.kinds().count("start") == HERD + 1
    assert card_of(walker).content["status"] == "preparing"
    # two claims at the most were before it: now and then the herd has its turn
    assert world.kinds().index("update") <= 2 * DispatchRules().batch
    assert await world.service.pool.fetchval("SELECT count(*) FROM cards WHERE lane = 1") == 0
