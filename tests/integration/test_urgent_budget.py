"""The budget of urgent pushes of a phone, on a real Postgres and by several dispatchers."""

import asyncio

import pytest
from msgspec.structs import replace

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.explanations import Explainer
from events.postgres.statements import statement
from projections.budget import UrgentRules
from projections.plan_rules import PlanRules
from tests.conftest import Clock
from tests.examples.devices import reported
from tests.integration.dispatching import EVERYTHING, POLL_NEVER, Apns, dispatcher, live, work
from tests.integration.flow import Flow

THREE = PlanRules(urgent=UrgentRules(most=3, an_hour=3, most_seldom=1, an_hour_seldom=1))
RATIONED = replace(POLL_NEVER, plan=THREE)


async def alert(flow: Flow, clock: Clock, *orders: str) -> None:
    """Let something happen to orders that the customer is to notice, and a second pass."""
    for each in orders:
        await flow.append(flow.event(each, "order.note", {"text": "Ring twice.", "alert": True}))
    await flow.project(*orders)
    await clock.advance(seconds=2)


async def priorities(flow: Flow) -> list[tuple[int, bool]]:
    """Read what the updates were sent with, and whether they were demoted, the oldest first."""
    rows = await flow.pool.fetch("SELECT priority, demoted FROM receipts WHERE kind = 'update' ORDER BY sent_at")
    return [(row["priority"], row["demoted"]) for row in rows]


async def credit(flow: Flow) -> float:
    """Read what is left of the phone's urgent pushes."""
    left: float = await flow.pool.fetchval("SELECT urgent_credit FROM devices")
    return left


async def test_an_empty_budget_takes_the_urgency_and_nothing_else(owing: Flow, clock: Clock) -> None:
    """The push goes at once, with its alert; the receipt and the explanation say what it lacks, and time mends it."""
    await live(owing, clock)
    apns = Apns()
    for _ in range(4):
        await alert(owing, clock, "order-1")
        await work(dispatcher(owing, apns, RATIONED))

    assert await priorities(owing) == [(10, False)] * 3 + [(5, True)]
    assert [request.priority for request in apns.requests] == [10, 10, 10, 5]
    assert b"alert" in apns.requests[-1].payload
    explained = await Explainer(owing.pool, owing.keyring, RATIONED, list).explain("order-1")
    assert explained is not None
    assert explained.cards[0].sent[0].demoted
    assert "all the urgent pushes that it takes in an hour" in " ".join(explained.cards[0].perhaps)
    await clock.advance(minutes=21)
    await alert(owing, clock, "order-1")
    await work(dispatcher(owing, apns, RATIONED))
    assert apns.requests[-1].priority == 10


async def test_a_phone_without_frequent_updates_takes_fewer(owing: Flow, clock: Clock) -> None:
    """From the launch on that says so."""
    await live(owing, clock)
    await owing.register(frequent_pushes_enabled=False)
    apns = Apns()
    for _ in range(2):
        await alert(owing, clock, "order-1")
        await work(dispatcher(owing, apns, RATIONED))

    assert [request.priority for request in apns.requests] == [10, 5]


async def test_an_end_is_urgent_even_so_and_what_follows_pays_for_it(owing: Flow, clock: Clock) -> None:
    """Nothing comes after an end; a phone that owes pushes waits longer for the next urgent one."""
    await live(owing, clock)
    await owing.pool.execute("UPDATE devices SET urgent_credit = 0, urgent_credit_at = lockstep_now()")
    await owing.happen("order-1", "order.delivered")
    await owing.project("order-1")
    apns = Apns()
    await work(dispatcher(owing, apns, RATIONED))

    assert (apns.events(), apns.requests[0].priority) == (["end"], 10)
    assert -1.0 <= await credit(owing) < -0.99


@pytest.mark.parametrize(
    ("failure", "left"),
    [
        (NotSent("connection refused", cause=NotSentCause.CONNECT), None),
        (Answer(503, "ServiceUnavailable"), None),
        (Ambiguous("connection lost"), 2),
        (Answer(200), 2),
    ],
    ids=["not sent", "not now", "perhaps", "accepted"],
)
async def test_what_did_not_reach_the_phone_costs_nothing(
    owing: Flow, clock: Clock, failure: Answer | NotSent | Ambiguous, left: float | None
) -> None:
    """What may have reached it does."""
    await live(owing, clock)
    await alert(owing, clock, "order-1")
    await work(dispatcher(owing, Apns(failure), RATIONED))

    assert await owing.pool.fetchval("SELECT urgent_credit FROM devices") == left


async def test_several_dispatchers_go_beyond_by_the_other_cards_of_the_phone_at_most(flow: Flow, clock: Clock) -> None:
    """Four cards on one phone, two dispatchers: each card waits for its own push to be counted, and for no other."""
    orders = [f"order-{number}" for number in range(4)]
    await flow.register()
    for each in orders:
        await flow.place(each)
    await flow.settle(*orders)
    await work(dispatcher(flow, Apns()))
    for row in await flow.rows():
        token = row["card_id"].bytes.hex()
        card = reported(row["subject_id"], update_token=token, activity_id=token)
        await flow.registry.report_card("phone-1", str(row["card_id"]), card)
    await clock.advance(seconds=2)
    apns = Apns()
    two = [dispatcher(flow, apns, RATIONED) for _ in range(2)]
    for _ in range(4):
        await alert(flow, clock, *orders)
        for one in two:
            one.hear(EVERYTHING)
        await work(*two)

    urgent = sum(request.priority == 10 for request in apns.requests)
    assert len(apns.requests) == 16
    assert 3 <= urgent <= 3 + len(orders) - 1


async def test_pushes_counted_at_the_same_time_are_all_counted(flow: Flow) -> None:
    """Ten transactions, one phone: none is forgotten."""
    await flow.register()
    one = (["phone-1"], [False], [0], [0], [1], 10.0, 60.0, 60.0, 15.0, 15.0)
    await asyncio.gather(*(flow.pool.execute(statement("projections/note_phones"), *one) for _ in range(10)))

    assert await credit(flow) == pytest.approx(50, abs=0.1)
