"""Customers who come back while their card is being taken from the phone."""

import asyncio

import pytest

from app.apns.request import ApnsRequest
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.courier import Courier
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """One card in debt."""
    made = Flow(pool, keyring)
    await made.register()
    await made.place()
    await made.settle("order-1")
    return made


async def phases(flow: Flow) -> list[tuple[int, str]]:
    """Give generation and phase of each card."""
    return [(row["generation"], row["phase"]) for row in await flow.rows()]


async def test_a_customer_who_comes_back_during_the_end_gets_a_new_card(flow: Flow, clock: Clock) -> None:
    """The matcher met the old card before it was over; its settlement flags the phone again and rings."""
    await work(dispatcher(flow, Apns()))
    [card] = await flow.rows()
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported(update_token=UPDATE_TOKEN))
    await clock.advance(seconds=2)
    await flow.register(customer_id="customer-8")
    await flow.match()
    apns, returning = Apns(), list[asyncio.Task[object]]()

    async def look(_: ApnsRequest) -> None:
        # the answer to the launch waits for the end to land; what the matcher reads is there before
        returning.append(asyncio.ensure_future(flow.register()))
        while await flow.registry.owner("phone-1") != "customer-7":
            pass
        await flow.match()
        flow.flagged.clear()

    apns.look = look
    await work(dispatcher(flow, apns))
    await asyncio.gather(*returning)
    assert (apns.events(), await phases(flow), flow.flagged) == (["end"], [(1, "over")], [True])
    await flow.match()
    assert await phases(flow) == [(1, "over"), (2, "wanted")]


async def test_a_settlement_that_recalls_flags_its_phone_alone(flow: Flow) -> None:
    """Also where nothing was sent; what recalls nothing flags nobody."""
    await flow.register("phone-2", "customer-9")
    await flow.match()
    await Courier(flow, {}).dispatch()
    flagged = "SELECT array_agg(device_id) FROM devices WHERE match_due_at IS NOT NULL"
    assert await flow.pool.fetchval(flagged) is None
    await flow.place("order-2")
    await flow.settle("order-2")
    await flow.registry.forget("phone-1")
    await flow.match()
    await Courier(flow, {}).dispatch()

    assert await flow.pool.fetchval("SELECT phase FROM cards WHERE subject_id = 'order-2'") == "over"
    assert await flow.pool.fetchval(flagged) == ["phone-1"]
