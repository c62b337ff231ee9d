"""Cards that say how old their news is, on a real Postgres."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from app.apns.answer import Answer
from projections.plan_rules import PlanRules
from tests.conftest import Clock
from tests.examples.devices import at_launch
from tests.integration.dispatching import POLL_NEVER, Apns, dispatcher, live, work
from tests.integration.flow import Flow

SILENT = replace(POLL_NEVER, plan=PlanRules(tell_age=False))


def told(apns: Apns) -> list[str | None]:
    """Give what each push said of the age of its news."""
    states = [json.loads(request.payload)["aps"].get("content-state", {}) for request in apns.requests]
    return [state.get("freshness") for state in states]


async def expected_in(flow: Flow, clock: Clock, minutes: float) -> None:
    """Place an order that is expected in so many minutes, and bring its card to the phone."""
    await flow.register()
    when = (await clock.now()) + timedelta(minutes=minutes)
    await flow.place(deliveryTime=when.isoformat())
    await flow.settle("order-1")
    await live(flow, clock)


async def test_a_card_grows_late_and_stale_and_fresh_again_by_itself(flow: Flow, clock: Clock) -> None:
    """One push for each level, of priority 5; nobody has to say anything for it, and nothing is due between."""
    await expected_in(flow, clock, 30)
    apns = Apns()
    await work(dispatcher(flow, apns))
    for minutes in (34, 2, 2, 30, 60):
        await clock.advance(minutes=minutes)
        await work(dispatcher(flow, apns))
    assert told(apns) == ["late", "stale"]
    assert {request.priority for request in apns.requests} == {5}

    await flow.happen("order-1", "order.ready")
    await flow.project("order-1")
    await work(dispatcher(flow, apns))
    assert told(apns)[2:] == ["fresh"]
    assert (await flow.card())["freshness"] == "fresh"


async def test_news_that_shows_nothing_is_news(flow: Flow, clock: Clock) -> None:
    """What the card shows is the same as before; that something was heard is not."""
    await expected_in(flow, clock, 30)
    apns = Apns()
    await work(dispatcher(flow, apns))
    await clock.advance(minutes=40)
    await work(dispatcher(flow, apns))
    await clock.advance(seconds=2)
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    await work(dispatcher(flow, apns))

    assert told(apns) == ["late", "fresh"]


async def test_a_level_that_did_not_arrive_is_told_again(flow: Flow, clock: Clock) -> None:
    """Only what APNs accepted counts as told."""
    await expected_in(flow, clock, 30)
    await work(dispatcher(flow, Apns()))
    await clock.advance(minutes=36)
    apns = Apns(Answer(503, "ServiceUnavailable"))
    await work(dispatcher(flow, apns))
    assert (await flow.card())["freshness"] != "late"
    await clock.advance(minutes=2)
    await work(dispatcher(flow, apns))

    assert told(apns) == ["late", "late"]
    assert (await flow.card())["freshness"] == "late"


async def test_a_launch_is_told_the_same(flow: Flow, clock: Clock) -> None:
    """The app shows what it is answered, so the answer is as old as a push would say."""
    await expected_in(flow, clock, 30)
    await work(dispatcher(flow, Apns()))
    await clock.advance(minutes=36)
    answer = await flow.register(cards=(at_launch(),))
    [card] = answer.cards

    assert card.content_state is not None
    assert json.loads(bytes(card.content_state))["freshness"] == "late"


@pytest.mark.parametrize("minutes", [36, 120])
async def test_without_the_setting_no_push_is_sent_for_it(flow: Flow, clock: Clock, minutes: float) -> None:
    """And none carries the field."""
    await flow.register()
    await flow.place()
    await flow.settle("order-1")
    apns = Apns()
    await work(dispatcher(flow, apns, SILENT))
    await live(flow, clock)
    await clock.advance(minutes=minutes)
    await work(dispatcher(flow, apns, SILENT))

    assert told(apns) == [None]
