"""Lines of phones that Lockstep knows by another id: their tokens say so."""

from datetime import timedelta

import pytest

from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow
from tests.integration.test_takeover import phone, take

TOKEN = "00cc"
SECOND = timedelta(seconds=1)


@pytest.fixture
async def showing(flow: Flow, clock: Clock) -> Flow:
    """A phone that shows an order, by a card that Lockstep started."""
    await flow.register("our-id", start_tokens={"OrderAttributes": TOKEN})
    await flow.place()
    await flow.settle("order-1")
    await work(dispatcher(flow, Apns()))
    card_id = str((await flow.card())["card_id"])
    await flow.registry.report_card("our-id", card_id, reported(update_token=UPDATE_TOKEN))
    await clock.advance(seconds=3)
    return flow


async def taken(flow: Flow, clock: Clock, ago: timedelta) -> list[str]:
    """Take a line of the phone under another id, and give what it was told then."""
    apns = Apns()
    await take(flow, phone("their-id", ago=ago, startTokens={"OrderAttributes": TOKEN}, alertToken=None))
    await clock.advance(seconds=10)
    await flow.match()
    await work(dispatcher(flow, apns))
    return sorted(apns.events())


async def test_a_later_line_has_the_card_end_that_was_started_under_the_earlier_id(showing: Flow, clock: Clock) -> None:
    """Another is started in its place, and the phone shows no order twice."""
    assert await taken(showing, clock, ago=-2 * SECOND) == ["end", "start"]
    # for a day it is known under the earlier id, so that the end can be repeated
    signed_out = "SELECT customer_id IS NULL AND lockstep_now() - forgotten_at < interval '1 minute' FROM devices"
    assert await showing.pool.fetchval(f"{signed_out} WHERE device_id = 'our-id'")


async def test_an_earlier_line_changes_nothing_although_the_token_is_older(showing: Flow, clock: Clock) -> None:
    """The app has told of the token again with each launch, by its own id."""
    await showing.pool.execute("UPDATE push_tokens SET registered_at = registered_at - interval '1 day'")

    assert await taken(showing, clock, ago=timedelta(hours=1)) == []
    assert await showing.pool.fetchval("SELECT array_agg(device_id) FROM push_tokens") == ["our-id"]
