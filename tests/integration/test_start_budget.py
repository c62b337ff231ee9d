"""The budget of starts of a phone, and starts of which its app never tells."""

import asyncio
from typing import Any

import pytest

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from events.postgres.pool import Pool
from projections.card_store import CardStore
from tests.conftest import Clock
from tests.examples.devices import TYPE, UPDATE_TOKEN, at_launch, reported
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow

ORDERS = [f"order-{number}" for number in range(12)]


async def twelve_orders(flow: Flow) -> None:
    """Put twelve cards of one phone in debt."""
    await flow.register()
    for each in ORDERS:
        await flow.place(each)
    await flow.settle(*ORDERS)


async def outcomes(flow: Flow, word: str) -> int:
    """Count the cards whose last plan ended so."""
    return sum(row["outcome"] == word for row in await flow.rows())


async def test_a_phone_is_sent_no_more_starts_than_it_takes(flow: Flow, clock: Clock) -> None:
    """IOS would drop the eleventh and APNs say 200: it waits, says why, and is sent when there is room."""
    await twelve_orders(flow)
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert apns.events() == ["start"] * 10
    assert (await outcomes(flow, "accepted"), await outcomes(flow, "waiting")) == (10, 2)
    assert {row["phase"] for row in await flow.rows() if row["outcome"] == "waiting"} == {"wanted"}
    await clock.advance(seconds=361)
    await work(dispatcher(flow, apns))
    assert len(apns.requests) == 11
    await clock.advance(seconds=361)
    await work(dispatcher(flow, apns))
    assert len(apns.requests) == 12


@pytest.mark.parametrize(
    ("failure", "left"),
    [
        (NotSent("connection refused", cause=NotSentCause.CONNECT), 10),
        (Answer(503, "ServiceUnavailable"), 10),
        (Answer(410, "Unregistered", timestamp_ms=4_000_000_000_000), 10),
        (Ambiguous("connection lost"), 9),
        (Answer(200), 9),
    ],
    ids=["not sent", "not now", "refused", "perhaps", "accepted"],
)
async def test_a_start_that_did_not_reach_the_phone_costs_nothing(
    owing: Flow, failure: Answer | NotSent | Ambiguous, left: int
) -> None:
    """An outage of APNs must not use up what the phone can take."""
    await work(dispatcher(owing, Apns(failure)))

    assert await owing.pool.fetchval("SELECT start_credit FROM devices") == left


async def test_racing_workers_take_no_more_than_there_is(flow: Flow, pool: Pool) -> None:
    """Five that want four each are given ten in all."""
    await flow.register()
    granted = await asyncio.gather(*(CardStore(pool).take_starts({"phone-1": 4}) for _ in range(5)))

    assert sum(each["phone-1"] for each in granted) == 10


async def silence(flow: Flow) -> int:
    """Read how many starts in a row the phone did not tell of."""
    count: int = await flow.pool.fetchval("SELECT unreported_starts FROM devices")
    return count


async def unreported(flow: Flow, clock: Clock, order: str) -> None:
    """Let an order start a card of which the app never tells, until that is certain."""
    await flow.place(order)
    await flow.settle(order)
    await work(dispatcher(flow, Apns()))
    await clock.advance(minutes=32)
    await work(dispatcher(flow, Apns()))


async def test_two_starts_of_which_the_app_says_nothing_are_told_of(flow: Flow, clock: Clock) -> None:
    """Each counts once; the cards themselves say what may be wrong."""
    await flow.register()
    await unreported(flow, clock, "order-1")
    assert await silence(flow) == 1
    await unreported(flow, clock, "order-2")
    await work(dispatcher(flow, Apns()))
    assert await silence(flow) == 2
    await flow.happen("order-2", "order.accepted")
    await flow.project("order-2")
    await work(dispatcher(flow, Apns()))

    [_, second] = await flow.rows()
    assert "(start token) is out of date" in second["why"]
    assert await silence(flow) == 2


@pytest.mark.parametrize("how", ["a card's report", "a launch with a card", "a new start token"])
async def test_a_phone_that_tells_again_is_not_suspected_any_more(flow: Flow, clock: Clock, how: str) -> None:
    """By whichever way it tells; a mere launch with the same token tells nothing."""
    await flow.register()
    await unreported(flow, clock, "order-1")
    await flow.register()
    assert await silence(flow) == 1
    match how:
        case "a card's report":
            card_id = str((await flow.card())["card_id"])
            await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
        case "a launch with a card":
            await flow.register(cards=(at_launch(),))
        case _:
            await flow.register(start_tokens={TYPE: "ee" * 32})

    assert await silence(flow) == 0


@pytest.mark.parametrize(
    ("launches", "suspect"),
    [
        ([{"ios_version": "26.4"}, {"ios_version": "27.0"}], True),
        ([{"ios_version": "26.4"}, {"ios_version": "27.0", "start_tokens": {TYPE: "ee" * 32}}], False),
        ([{"ios_version": "26.4"}, {"ios_version": "26.5"}], False),
        ([{"ios_version": "27.0"}], False),
        ([{"ios_version": "26.4"}, {"ios_version": "27.0"}, {"ios_version": "27.1"}], True),
    ],
    ids=["upgraded", "with a new token", "a minor version", "never", "and once more"],
)
async def test_a_start_token_from_before_an_upgrade_is_suspected_after_one_silence(
    flow: Flow, clock: Clock, launches: list[dict[str, Any]], *, suspect: bool
) -> None:
    """Tokens have gone stale with new versions of iOS, and apps went on reporting them."""
    for each in launches:
        await flow.register(**each)
    await unreported(flow, clock, "order-1")
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    await work(dispatcher(flow, Apns()))
    why = (await flow.card())["why"]

    assert ("from iOS 26, is out of date since the update to iOS 27" in why) == suspect
    assert why.startswith("The app has not reported this" if suspect else "The app has not reported the card's update")
