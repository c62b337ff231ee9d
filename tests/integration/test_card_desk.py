"""What people ask of cards: found, ended, sent again, doubted, and planned without being sent."""

import json

import pytest

from projections.card_desk import CardDesk, Doubted
from projections.shadows import Shadows
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt."""
    return owing


@pytest.fixture
def desk(flow: Flow) -> CardDesk:
    """The desk."""
    return CardDesk(flow.pool)


async def test_a_card_that_a_person_ends_leaves_the_phone_for_good(flow: Flow, desk: CardDesk, clock: Clock) -> None:
    """Its order goes on, and moves no card any more."""
    card_id = await live(flow, clock)
    assert await desk.ask("order-1", "end") == [card_id]
    apns = Apns()
    await work(dispatcher(flow, apns))
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    await flow.register()
    await flow.match()
    await work(dispatcher(flow, apns))

    assert apns.events() == ["end"]
    assert ((await flow.card())["phase"], (await flow.card())["why"]) == ("over", "An operator ended the card.")
    assert await desk.ask("order-1", "end") == []


async def test_a_card_that_was_not_started_is_ended_without_a_push(flow: Flow, desk: CardDesk) -> None:
    """There is nothing on the phone to end."""
    await desk.ask("order-1", "end")
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert apns.events() == []
    assert (await flow.card())["outcome"] == "ended"


async def test_a_card_is_sent_again_once(flow: Flow, desk: CardDesk, clock: Clock) -> None:
    """What APNs accepted already, under a later timestamp; then it is as any other card."""
    card_id = await live(flow, clock)
    apns = Apns()
    for _ in range(2):
        await desk.ask("order-1", "resend")
        await work(dispatcher(flow, apns))
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=2)
    sent = [json.loads(request.payload)["aps"] for request in apns.requests]

    assert [each["event"] for each in sent] == ["update", "update"]
    assert sent[0]["content-state"] == sent[1]["content-state"]
    assert sent[0]["timestamp"] < sent[1]["timestamp"]
    [found] = await desk.find(order_id="order-1")
    assert (found.card_id, found.asked, found.outcome) == (card_id, None, "accepted")


async def test_cards_that_should_have_moved_are_found(flow: Flow, desk: CardDesk, clock: Clock) -> None:
    """Due for long, behind their order, or failed; a card that waits for its app is none of these."""
    assert await desk.find(stuck_seconds=60) == []
    await clock.advance(minutes=2)
    assert [each.order_id for each in await desk.find(stuck_seconds=60)] == ["order-1"]
    await work(dispatcher(flow, Apns()))
    assert await desk.find(stuck_seconds=60) == []
    assert [each.phase for each in await desk.find()] == ["shown"]
    assert await desk.find(phase="over") == []
    assert await desk.find(device_id="phone-2") == []


async def test_after_a_restore_no_card_is_started_a_second_time(flow: Flow, desk: CardDesk, clock: Clock) -> None:
    """The start that the backup does not know of is on the phone: its app is waited for, and its report is believed."""
    assert await desk.doubt() == Doubted(cards=1, open=1)
    apns = Apns()
    await work(dispatcher(flow, apns))
    assert apns.events() == []
    card_id = str((await flow.card())["card_id"])
    await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
    await clock.advance(seconds=2)
    await work(dispatcher(flow, apns))
    assert apns.events() == ["update"]


async def test_after_a_restore_a_card_on_the_phone_gets_what_it_should_show(
    flow: Flow, desk: CardDesk, clock: Clock
) -> None:
    """Later than anything that was sent before: the backup does not know those timestamps."""
    await live(flow, clock)
    now = int((await clock.now()).timestamp())
    assert await desk.doubt() == Doubted(cards=0, open=1)
    apns = Apns()
    await work(dispatcher(flow, apns))
    await clock.advance(seconds=2)
    await work(dispatcher(flow, apns))
    [sent] = [json.loads(request.payload)["aps"] for request in apns.requests]

    assert (sent["event"], sent["timestamp"] > now) == ("update", True)


@pytest.mark.parametrize(
    ("kind", "key"), [("all", "*"), ("app", "com.example.shop"), ("type", "OrderAttributes"), ("share", "100")]
)
async def test_what_is_in_shadow_is_recorded_and_not_sent(flow: Flow, kind: str, key: str) -> None:
    """The receipt has the push, whole; once the shadow is lifted the card gets what holds then, once."""
    shadows = Shadows(flow.pool)
    await shadows.cast(kind, key, reason="a test")
    apns = Apns()
    await work(dispatcher(flow, apns))
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    await work(dispatcher(flow, apns))
    receipts = await flow.pool.fetch("SELECT kind, version, outcome, status FROM receipts ORDER BY version")

    assert apns.events() == []
    assert [tuple(row) for row in receipts] == [("start", 1, "shadow", None), ("start", 2, "shadow", None)]
    assert "Shadow mode" in (await flow.card())["why"]
    assert await shadows.lift(kind, key)
    assert not await shadows.lift(kind, key)
    await work(dispatcher(flow, apns))
    assert apns.events() == ["start"]
    assert (await flow.card())["phase"] == "shown"


async def test_a_share_of_the_customers_is_always_the_same(flow: Flow) -> None:
    """About so many of them, and none of them twice on the other side."""
    customers = [f"shared-{number}" for number in range(60)]
    for each in customers:
        await flow.register(each, each)
        await flow.place(each, each)
    await flow.settle(*customers)
    await Shadows(flow.pool).cast("share", "50", reason="a test")
    apns = Apns()
    await work(dispatcher(flow, apns))
    first = {row["subject_id"] for row in await flow.rows() if row["outcome"] == "shadow"}
    for each in customers:
        await flow.happen(each, "order.accepted")
    await flow.project(*customers)
    await work(dispatcher(flow, apns))

    assert 15 < len(first) < 45
    assert {row["subject_id"] for row in await flow.rows() if row["outcome"] == "shadow"} == first


async def test_a_shadow_of_something_else_hides_nothing(flow: Flow) -> None:
    """Only what it names is not sent."""
    shadows = Shadows(flow.pool)
    await shadows.cast("app", "com.example.other", reason="a test")
    await shadows.cast("type", "RideAttributes", reason="a test")
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert apns.events() == ["start"]
