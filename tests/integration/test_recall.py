"""Customers who come back while their card is being taken from the phone."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from app.apns.answer import Answer
from app.apns.errors import Ambiguous
from app.apns.request import ApnsRequest
from projections.card import Card, Intent
from tests.conftest import Clock
from tests.examples.devices import at_launch, reported
from tests.integration.courier import Courier
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt."""
    return owing


async def phases(flow: Flow) -> list[tuple[int, str]]:
    """Give generation and phase of each card."""
    return [(row["generation"], row["phase"]) for row in await flow.rows()]


async def test_a_customer_who_comes_back_before_the_end_is_written_gets_a_new_card(
    flow: Flow, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The matcher met the old card before it was recalled; its settlement flags the phone again and rings."""
    await live(flow, clock)
    await flow.register(customer_id="customer-8")
    await flow.match()
    apns, returning = Apns(), list[asyncio.Task[object]]()
    record = flow.cards.record_intents

    async def come_back(intents: Sequence[tuple[Card, Intent]]) -> set[UUID]:
        # the answer to the launch waits for the end to land; what the matcher reads is there before
        returning.append(asyncio.ensure_future(flow.register()))
        while await flow.registry.owner("phone-1") != "customer-7":
            pass
        await flow.match()
        flow.flagged.clear()
        return await record(intents)

    sending = dispatcher(flow, apns)
    monkeypatch.setattr(sending._cards, "record_intents", come_back)
    await work(sending)
    await asyncio.gather(*returning)
    assert (apns.events(), await phases(flow), flow.flagged) == (["end"], [(1, "over")], [True])
    await flow.match()
    assert await phases(flow) == [(1, "over"), (2, "wanted")]


async def test_a_customer_who_comes_back_during_the_end_gets_a_new_card_at_once(flow: Flow, clock: Clock) -> None:
    """What is being taken away is written before the end is sent, so nobody waits for its answer."""
    await live(flow, clock)
    await flow.register(customer_id="customer-8")
    await flow.match()
    apns, returning = Apns(), list[asyncio.Task[object]]()

    async def look(_: ApnsRequest) -> None:
        apns.look = None
        returning.append(asyncio.ensure_future(flow.register()))
        while await flow.registry.owner("phone-1") != "customer-7":
            pass
        await flow.match()
        assert await phases(flow) == [(1, "ending"), (2, "wanted")]

    apns.look = look
    await work(dispatcher(flow, apns))
    await asyncio.gather(*returning)


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


async def test_an_end_whose_answer_was_lost_still_lets_the_customer_have_a_new_card(flow: Flow, clock: Clock) -> None:
    """The phone says that the old card has ended, after its customer came back: that was our doing, not a swipe."""
    card_id = await live(flow, clock)
    await flow.register(customer_id=None)
    await flow.match()
    await work(dispatcher(flow, Apns(Ambiguous("connection lost"))))
    await flow.register()
    await flow.registry.report_card("phone-1", card_id, reported(state="ended"))
    await clock.advance(seconds=61)
    await work(dispatcher(flow, Apns()))
    await flow.match()

    assert await phases(flow) == [(1, "over"), (2, "wanted")]


async def test_a_card_that_is_being_taken_away_is_not_brought_back(flow: Flow, clock: Clock) -> None:
    """Its customer returns while the end is still to be sent: the old card ends all the same, and a new one comes."""
    card_id = await live(flow, clock)
    await flow.register(customer_id=None)
    await flow.match()
    await work(dispatcher(flow, Apns(Answer(503, "ServiceUnavailable"))))
    answer = await flow.register(cards=(at_launch(card_id=card_id),))
    await flow.match()
    assert [each.end for each in answer.cards] == [True]
    assert await phases(flow) == [(1, "shown"), (2, "wanted")]
    await clock.advance(seconds=61)
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert sorted(apns.events()) == ["end", "start"]
    assert await phases(flow) == [(1, "over"), (2, "shown")]
