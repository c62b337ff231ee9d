"""Tokens of the other environment: tried there once, remembered where they work, retired where they do not."""

import pytest

from app.apns.answer import Answer
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import EVERYTHING, OK, Apns, dispatcher, live, work
from tests.integration.flow import Flow

BAD = Answer(400, "BadDeviceToken")


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt, of a phone that says that it is a sandbox's."""
    return owing


async def work_through(flow: Flow, clock: Clock, apns: Apns) -> None:
    """Dispatch until what is to be tried again at once has been."""
    for _ in range(3):
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=2)


def places(apns: Apns) -> list[str]:
    """Give where the pushes went."""
    return [request.environment for request in apns.requests]


async def test_a_start_token_that_works_in_the_other_environment_is_remembered_there(flow: Flow, clock: Clock) -> None:
    """The card is shown, and the next order's card goes to the right place at once."""
    apns = Apns(BAD, OK)
    await work_through(flow, clock, apns)
    await flow.place("order-2")
    await flow.settle("order-2")
    await work_through(flow, clock, apns)

    assert places(apns) == ["sandbox", "production", "production"]
    assert [row["phase"] for row in await flow.rows()] == ["shown", "shown"]
    assert await flow.pool.fetchval("SELECT refused_at FROM push_tokens") is None


async def test_a_start_token_that_works_nowhere_is_retired(flow: Flow, clock: Clock) -> None:
    """After one try in each environment, whatever comes."""
    apns = Apns(*[BAD] * 9)
    await work_through(flow, clock, apns)
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    await work_through(flow, clock, apns)

    assert places(apns) == ["sandbox", "production"]
    assert await flow.pool.fetchval("SELECT refused_at IS NOT NULL FROM push_tokens")


async def test_a_key_that_does_not_serve_the_other_environment_pauses_nothing(flow: Flow, clock: Clock) -> None:
    """It was a try of ours: the token is the one that is wrong."""
    apns = Apns(BAD, Answer(403, "BadEnvironmentKeyInToken"))
    await work_through(flow, clock, apns)

    assert places(apns) == ["sandbox", "production"]
    assert await Pauses(flow.pool).list() == []
    assert await flow.pool.fetchval("SELECT refused_at IS NOT NULL FROM push_tokens")


async def test_an_update_token_is_tried_and_remembered_the_same_way(flow: Flow, clock: Clock) -> None:
    """Also when the app reports the same value again; another value begins where the app says it is."""
    card_id = await live(flow, clock)
    apns = Apns(BAD, OK)
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    await work_through(flow, clock, apns)
    await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
    await flow.happen("order-1", "order.preparing")
    await flow.project("order-1")
    await work_through(flow, clock, apns)
    assert places(apns) == ["sandbox", "production", "production"]
    await flow.registry.report_card("phone-1", card_id, reported(update_token="cc" * 32))
    await flow.happen("order-1", "order.ready")
    await flow.project("order-1")
    await work_through(flow, clock, apns)
    assert places(apns)[3:] == ["sandbox"]


async def test_a_start_token_that_gets_too_much_waits_for_every_card(flow: Flow, clock: Clock) -> None:
    """429 is about the token: the phone's other orders wait as long, and other phones do not."""
    await flow.place("order-2")
    await flow.register("phone-2", "customer-8")
    await flow.place("order-3", "customer-8")
    apns = Apns(Answer(429, "TooManyRequests"))
    await work(dispatcher(flow, apns))
    await flow.settle("order-2", "order-3")
    await work(dispatcher(flow, apns))
    assert len(apns.requests) == 2
    assert [row["outcome"] for row in await flow.rows()] == ["retrying", "waiting", "accepted"]
    await clock.advance(seconds=11)
    await work(dispatcher(flow, apns))
    assert [row["outcome"] for row in await flow.rows()] == ["accepted"] * 3


async def test_a_service_that_is_overloaded_is_sent_less_at_once(flow: Flow, clock: Clock) -> None:
    """503 halves what is under way; what is accepted brings it back."""
    sending = dispatcher(flow, Apns(Answer(503, "ServiceUnavailable")))
    before = sending._sender.pace.limit
    await work(sending)
    assert sending._sender.pace.limit == before // 2
    await clock.advance(seconds=61)
    sending.hear(EVERYTHING)
    await work(sending)
    assert (await flow.card())["phase"] == "shown"
