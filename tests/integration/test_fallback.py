"""News by ordinary notifications, on a real Postgres."""

import json
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.explanations import Explainer
from projections.fallback import BY_NOTIFICATION, FallbackRules
from projections.plan_rules import PlanRules
from tests.conftest import Clock
from tests.examples.devices import START_TOKEN, TYPE, UPDATE_TOKEN, reported
from tests.integration.dispatching import POLL_NEVER, Apns, dispatcher, live, work
from tests.integration.flow import Flow

ALERT_TOKEN = "dd" * 32
TOLD = PlanRules(fallback=FallbackRules(wanted=True))
NOTIFYING = replace(POLL_NEVER, plan=TOLD)
OLD: Any = {"ios_version": "16.4", "start_tokens": {}, "alert_token": ALERT_TOKEN}


async def placed(flow: Flow, **device: object) -> None:
    """Let a phone register that can show no card, and an order be placed."""
    await flow.register(**(OLD | device))
    await flow.place()
    await flow.settle("order-1")


async def news(flow: Flow, clock: Clock, *types: str) -> None:
    """Let something happen, and a second pass."""
    await flow.happen("order-1", *types)
    await flow.project("order-1")
    await clock.advance(seconds=2)


def texts(apns: Apns) -> list[str]:
    """Give what the notifications said."""
    return [json.loads(request.payload)["aps"]["alert"]["body"] for request in apns.requests]


async def alert_token(flow: Flow) -> asyncpg.Record:
    """Give the row of the phone's alert token."""
    row = await flow.pool.fetchrow(
        "SELECT t.* FROM push_tokens AS t JOIN devices AS d ON d.alert_token_hash = t.token_hash"
    )
    assert row is not None
    return row


async def test_every_alert_is_told_once_and_the_order_is_done_with(flow: Flow, clock: Clock) -> None:
    """From the first to the last: intents, receipts and explanations say so, and the card was never started."""
    await placed(flow)
    apns = Apns()
    seen: list[asyncpg.Record] = []

    async def look(_: object) -> None:
        seen.append(await flow.card())

    apns.look = look
    await work(dispatcher(flow, apns, NOTIFYING))
    await news(flow, clock, "order.accepted")
    await work(dispatcher(flow, apns, NOTIFYING))
    explained = await Explainer(flow.pool, flow.keyring, NOTIFYING, list).explain("order-1")
    await news(flow, clock, "order.picked_up")
    await work(dispatcher(flow, apns, NOTIFYING))
    await news(flow, clock, "order.delivered")
    for _ in range(2):
        await work(dispatcher(flow, apns, NOTIFYING))

    assert texts(apns) == ["We have your order.", "Your order is on its way.", "Your order was delivered."]
    assert {(request.push_type, request.topic, request.token) for request in apns.requests} == {
        ("alert", "com.example.shop", ALERT_TOKEN)
    }
    assert [(row["phase"], row["intent_kind"], row["intent_alert"]) for row in seen] == [
        ("wanted", "alert", 1),
        ("wanted", "alert", 3),
        ("wanted", "alert", 4),
    ]
    assert (
        await flow.pool.fetchval("SELECT array_agg(kind || ' ' || outcome ORDER BY sent_at) FROM receipts")
        == ["alert accepted"] * 3
    )
    assert explained is not None
    assert explained.cards[0].finding.why.endswith(BY_NOTIFICATION)
    assert [each.kind for each in explained.cards[0].sent] == ["alert"]
    row = await flow.card()
    assert (row["phase"], row["outcome"], row["started_at"]) == ("over", "never_shown", None)


async def test_nobody_is_notified_without_the_setting(flow: Flow, clock: Clock) -> None:
    """It is off by default."""
    await placed(flow)
    apns = Apns()
    await work(dispatcher(flow, apns))
    await news(flow, clock, "order.delivered")
    await work(dispatcher(flow, apns))

    assert apns.requests == []


@pytest.mark.parametrize(
    ("failure", "pushes"),
    [
        (NotSent("connection refused", cause=NotSentCause.CONNECT), 2),
        (Answer(503, "ServiceUnavailable"), 2),
        (Answer(400, "PayloadEmpty"), 2),
        (Ambiguous("connection lost"), 1),
    ],
    ids=["not sent", "not now", "our fault", "perhaps"],
)
async def test_a_notification_is_sent_again_only_if_it_was_not_heard(
    flow: Flow, clock: Clock, failure: Answer | NotSent | Ambiguous, pushes: int
) -> None:
    """What may have lit the screen is not told again."""
    await placed(flow)
    apns = Apns(failure)
    await work(dispatcher(flow, apns, NOTIFYING))
    await clock.advance(hours=1.1)
    await work(dispatcher(flow, apns, NOTIFYING))

    assert len(apns.requests) == pushes


async def test_a_dispatcher_that_dies_after_the_intent_does_not_tell_twice(flow: Flow, clock: Clock) -> None:
    """Nobody knows whether the notification left; the next news is told all the same."""
    await placed(flow)
    dying = dispatcher(flow, Apns(), NOTIFYING)

    async def die(*_: object) -> None:
        raise SystemError

    dying._sender.send = die  # type: ignore[assignment,method-assign] # where a kill would strike
    assert await dying.dispatch_some() == 1
    row = await flow.card()
    assert (row["intent_kind"], row["leased_at"] is None) == ("alert", False)
    await clock.advance(minutes=2)
    apns = Apns()
    await work(dispatcher(flow, apns, NOTIFYING))
    assert apns.requests == []
    await news(flow, clock, "order.courier_arriving")
    await work(dispatcher(flow, apns, NOTIFYING))

    assert texts(apns) == ["Your courier is arriving."]


@pytest.mark.parametrize(
    "answer",
    [Answer(410, "Unregistered", timestamp_ms=4_000_000_000_000), Answer(400, "BadDeviceToken")],
    ids=["gone", "bad"],
)
async def test_a_refused_alert_token_is_retired_and_nothing_else_is(flow: Flow, clock: Clock, answer: Answer) -> None:
    """The phone's start token, its cards and the app's other pushes go on; a new alert token begins anew."""
    await flow.register(alert_token=ALERT_TOKEN, activities_enabled=False)
    await flow.place()
    await flow.settle("order-1")
    apns = Apns(answer)
    await work(dispatcher(flow, apns, NOTIFYING))
    await news(flow, clock, "order.ready")
    await work(dispatcher(flow, apns, NOTIFYING))
    assert len(apns.requests) == 1
    assert (await alert_token(flow))["refused_at"] is not None
    row = await flow.card()
    assert (row["phase"], row["refused_hash"], row["tried_hash"], row["environment"]) == (
        "wanted",
        None,
        None,
        "sandbox",
    )
    assert await flow.pool.fetchval("SELECT count(*) FROM pauses") == 0

    await flow.register(alert_token="ee" * 32, activities_enabled=False)
    await flow.match()
    await work(dispatcher(flow, apns, NOTIFYING))
    assert texts(apns)[1:] == ["We have your order."]
    await flow.register(alert_token="ee" * 32)
    await flow.match()
    await clock.advance(seconds=2)
    await work(dispatcher(flow, apns, NOTIFYING))
    assert apns.requests[-1].push_type == "liveactivity"


@pytest.mark.parametrize("word", ["TopicDisallowed", "BadTopic"])
async def test_a_topic_that_takes_no_notifications_still_takes_cards(flow: Flow, word: str) -> None:
    """The key may not serve alerts; that is no reason to hold the app's cards back."""
    await placed(flow)
    await work(dispatcher(flow, Apns(Answer(400, word)), NOTIFYING))

    assert (await flow.card())["outcome"] == "failed"
    assert await flow.pool.fetchval("SELECT count(*) FROM pauses") == 0


async def test_too_many_requests_hold_the_alert_token_back_for_every_card_of_the_phone(
    flow: Flow, clock: Clock
) -> None:
    """And no other token."""
    await placed(flow)
    await work(dispatcher(flow, Apns(Answer(429, "TooManyRequests")), NOTIFYING))
    assert (await alert_token(flow))["blocked_until"] > await clock.now()
    await flow.place("order-2")
    await flow.settle("order-2")
    apns = Apns()
    await work(dispatcher(flow, apns, NOTIFYING))
    assert apns.requests == []
    await clock.advance(minutes=2)
    await work(dispatcher(flow, apns, NOTIFYING))

    assert len(apns.requests) == 2


async def test_a_card_without_a_token_is_spoken_for_until_it_has_one(flow: Flow, clock: Clock) -> None:
    """A minute after its start; once the app reports a token the card moves, and nothing is told twice."""
    await flow.register(alert_token=ALERT_TOKEN)
    await flow.place()
    await flow.settle("order-1")
    apns = Apns()
    await work(dispatcher(flow, apns, NOTIFYING))
    await news(flow, clock, "order.ready")
    await work(dispatcher(flow, apns, NOTIFYING))
    assert [request.push_type for request in apns.requests] == ["liveactivity"]
    await clock.advance(minutes=1)
    await work(dispatcher(flow, apns, NOTIFYING))
    assert texts(apns) == ["We have your order.", "Your order is ready."]
    row = await flow.card()
    assert (row["phase"], row["accepted_version"], row["due_at"] is None) == ("shown", 1, False)

    await flow.registry.report_card("phone-1", str(row["card_id"]), reported(update_token=UPDATE_TOKEN))
    await clock.advance(seconds=2)
    await work(dispatcher(flow, apns, NOTIFYING))
    aps = json.loads(apns.requests[-1].payload)["aps"]
    assert (aps["event"], aps.get("alert")) == ("update", None)


async def test_a_card_that_moves_needs_no_notification(owing: Flow, clock: Clock) -> None:
    """Its alerts are its own."""
    await live(owing, clock)
    await owing.register(alert_token=ALERT_TOKEN)
    await news(owing, clock, "order.ready")
    apns = Apns()
    await work(dispatcher(owing, apns, NOTIFYING))

    assert [request.push_type for request in apns.requests] == ["liveactivity"]


@pytest.mark.parametrize("how", ["signed out", "nobody", "somebody else", "the token moved"])
async def test_news_never_goes_to_the_phone_of_another(flow: Flow, clock: Clock, how: str) -> None:
    """Whoever holds the phone now, by whichever way they came to it."""
    await placed(flow)
    match how:
        case "signed out":
            await flow.registry.forget("phone-1")
        case "nobody":
            await flow.register(customer_id=None, **OLD)
        case "somebody else":
            await flow.register(customer_id="customer-8", **OLD)
        case _:
            # the same phone under a new id: the token says so
            await flow.register("phone-2", "customer-8", **OLD)
    await flow.match()
    apns = Apns()
    await news(flow, clock, "order.courier_arriving")
    await work(dispatcher(flow, apns, NOTIFYING))

    assert apns.requests == []


async def test_two_dispatchers_tell_each_thing_once(flow: Flow) -> None:
    """Whatever both look at, one has the lease."""
    orders = [f"order-{number}" for number in range(40)]
    await flow.register(**OLD)
    await flow.append(*(flow.event(each, "order.placed") for each in orders))
    await flow.settle(*orders)
    apns = Apns()
    await work(*(dispatcher(flow, apns, NOTIFYING) for _ in range(2)))

    assert sorted(request.collapse_id or "" for request in apns.requests) == sorted(orders)


async def test_what_a_notification_says_is_sealed_in_its_receipt(flow: Flow, clock: Clock) -> None:
    """As with every push."""
    await placed(flow, start_tokens={TYPE: START_TOKEN})
    await news(flow, clock, "order.courier_assigned")
    await work(dispatcher(flow, Apns(), NOTIFYING))
    sealed = await flow.pool.fetchval("SELECT sealed FROM receipts")

    assert sealed
    assert b"Taverna" not in sealed
