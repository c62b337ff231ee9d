"""What was an order then: recorded by a time or a version, and accepted by APNs by then."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

import app.order_states as order_states_module
from app.apns.answer import Answer
from app.apns.errors import Ambiguous
from app.errors import PointError
from app.housekeeping import Housekeeper, KeepRules
from app.order_states import CARDS, StateReader
from app.point import AtTime, AtVersion, Point
from events.envelope import RecordedEvent
from projections.order_state import CardState, OrderState, attributes_at
from projections.order_view import EMPTY, OrderView
from tests.conftest import Clock
from tests.examples.views import on_its_way
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow, from_a_newer_release


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt, of an order with one event and nothing personal."""
    return owing


async def state(flow: Flow, point: Point, *, keep_days: int = 30) -> OrderState:
    """Ask what order-1 was."""
    found = await StateReader(flow.pool, flow.keyring, keep_receipts_days=keep_days).read("order-1", point)
    assert found is not None
    return found


async def card(flow: Flow, point: Point, *, keep_days: int = 30) -> CardState:
    """Ask what APNs had accepted for the one card."""
    [only] = (await state(flow, point, keep_days=keep_days)).cards
    return only


def content(raw: msgspec.Raw | None) -> Any:
    """Read a content state."""
    return None if raw is None else msgspec.json.decode(raw)


async def happen(flow: Flow, *types: str) -> None:
    """Let events be recorded and folded."""
    await flow.happen("order-1", *types)
    await flow.project("order-1")


async def test_recorded_and_accepted_are_told_apart_by_time(flow: Flow, clock: Clock) -> None:
    """An event that no dispatcher has seen is recorded, and what APNs had accepted is the one before it."""
    await live(flow, clock)
    started = await clock.now()
    await clock.advance(seconds=60)
    await happen(flow, "order.courier_assigned")
    owing = await clock.now()
    await clock.advance(seconds=60)
    apns = Apns()
    await work(dispatcher(flow, apns))
    await clock.advance(seconds=1)

    before = await state(flow, AtTime(started))
    between = await state(flow, AtTime(owing))
    after = await state(flow, AtTime(await clock.now()))
    seen = [(each.recorded.version, each.cards[0].accepted) for each in (before, between, after)]
    sent = json.loads(apns.requests[0].payload)["aps"]["content-state"]

    assert [(version, None if push is None else push.version) for version, push in seen] == [(1, 1), (2, 1), (2, 2)]
    assert (before.recorded.status, between.recorded.status) == ("placed", "courier_assigned")
    assert content(between.recorded.content_state)["courierName"] == "Anna Kaya"
    assert [each.changed for each in between.recorded.events] == [
        ("status", "progress", "history"),
        ("status", "courierName", "progress", "history", "imageKey"),
    ]
    accepted = after.cards[0].accepted
    assert accepted is not None
    assert content(accepted.content_state) == sent
    assert (accepted.kind, accepted.why_not, accepted.apns_id) == ("update", None, apns.requests[0].apns_id)
    assert accepted.content_bytes == len(bytes(accepted.content_state or b""))
    assert after.incomplete is None


async def test_a_version_is_asked_for_whenever_it_was_accepted(flow: Flow, clock: Clock) -> None:
    """Pushes count up to that version; the order is what it was then."""
    await live(flow, clock)
    await happen(flow, "order.accepted")
    await clock.advance(seconds=5)
    await happen(flow, "order.preparing")
    await work(dispatcher(flow, Apns()))

    first, second, third = [await state(flow, AtVersion(version)) for version in (1, 2, 3)]

    assert [each.recorded.status for each in (first, second, third)] == ["placed", "accepted", "preparing"]
    assert [each.cards[0].accepted and each.cards[0].accepted.version for each in (first, second, third)] == [1, 1, 3]
    assert [len(each.recorded.events) for each in (first, second, third)] == [1, 2, 3]
    assert (first.at, first.head_version) == (None, 3)


async def test_a_card_tells_what_it_is_started_with(flow: Flow, clock: Clock) -> None:
    """Of the order at that point, by the card's own type; of a type that is not known here there is nothing to say."""
    await live(flow, clock)
    there = await card(flow, AtVersion(1))

    assert content(there.attributes) == {"cardId": there.card_id, "orderId": "order-1", "merchantName": "Taverna Ilios"}
    ids = {"card_id": there.card_id, "subject_id": "order-1"}
    assert attributes_at(EMPTY, "OrderAttributes", **ids) is None
    assert attributes_at(on_its_way(), "OfAnotherRelease", **ids) is None


async def test_what_a_push_showed_was_not_kept_where_nothing_was_personal(flow: Flow, clock: Clock) -> None:
    """Without a data key there is no sealed payload, which is said."""
    await live(flow, clock)
    accepted = (await card(flow, AtVersion(1))).accepted

    assert accepted is not None
    assert accepted.content_state is None
    assert "not kept" in (accepted.why_not or "")


async def test_before_the_first_event_there_is_nothing(flow: Flow, clock: Clock) -> None:
    """That is an answer, with the time of the first event."""
    found = await state(flow, AtTime(await clock.now() - timedelta(hours=1)))

    assert (found.recorded.version, found.recorded.content_state, found.cards) == (0, None, ())
    assert "the first event came at" in (found.recorded.why_not or "")


async def test_a_card_that_apns_had_accepted_nothing_for_is_listed(flow: Flow, clock: Clock) -> None:
    """It was there, and owed its start."""
    only = await card(flow, AtTime(await clock.now()))

    assert (only.device_id, only.accepted, only.unanswered) == ("phone-1", None, None)
    assert only.why_not == "Apple had accepted no push to it by then."


@pytest.mark.parametrize("answer", [Ambiguous("cut"), Answer(200)], ids=["never", "later"])
async def test_a_push_without_an_answer_by_then_is_told_beside_the_accepted_one(
    flow: Flow, clock: Clock, answer: Answer | Ambiguous
) -> None:
    """APNs may have taken it."""
    await live(flow, clock)
    await happen(flow, "order.accepted")
    apns = Apns(answer)
    sender = dispatcher(flow, apns)
    await work(sender)
    await flow.pool.execute("UPDATE receipts SET answered_at = answered_at + interval '30 s' WHERE version = 2")
    await clock.advance(seconds=10)
    then = await card(flow, AtTime(await clock.now()))

    assert then.accepted is not None
    assert then.accepted.version == 1
    assert then.unanswered is not None
    assert (then.unanswered.version, then.unanswered.kind) == (2, "update")


async def test_a_refused_push_is_not_called_unanswered(flow: Flow, clock: Clock) -> None:
    """APNs said no, so the phone cannot have it."""
    await live(flow, clock)
    await happen(flow, "order.accepted")
    await work(dispatcher(flow, Apns(Answer(400, "BadMessageId"))))
    then = await card(flow, AtTime(await clock.now()))

    assert then.accepted is not None
    assert (then.accepted.version, then.unanswered) == (1, None)


async def test_after_an_erasure_nobody_opens_what_was_sent(flow: Flow, clock: Clock) -> None:
    """Neither the events nor the payload give a personal value, at any time, and it is said why."""
    await live(flow, clock)
    await happen(flow, "order.courier_assigned")
    await work(dispatcher(flow, Apns()))
    await clock.advance(seconds=1)
    assigned = await clock.now()
    await flow.store.erase("order-1")
    then = await state(flow, AtTime(assigned))
    accepted = then.cards[0].accepted

    assert then.recorded.erased
    assert "courierName" not in content(then.recorded.content_state)
    assert accepted is not None
    assert (accepted.version, accepted.content_state) == (2, None)
    assert "erased" in (accepted.why_not or "")
    assert b"Anna" not in msgspec.json.encode(then)


async def test_a_damaged_receipt_does_not_hide_the_others(flow: Flow, clock: Clock) -> None:
    """What it showed cannot be said, and the rest can."""
    await happen(flow, "order.courier_assigned")
    await live(flow, clock)
    await flow.pool.execute("UPDATE receipts SET sealed = '\\x00'")
    accepted = (await card(flow, AtVersion(2))).accepted

    assert accepted is not None
    assert (accepted.version, accepted.content_state) == (2, None)
    assert "damaged" in (accepted.why_not or "")


async def test_receipts_that_are_gone_are_said_to_be(flow: Flow, clock: Clock) -> None:
    """Nobody takes what is not known any more for what never was."""
    await live(flow, clock)
    then = await clock.now()
    await clock.advance(days=40)
    await Housekeeper(flow.pool, lambda _: None, keep=KeepRules(receipts=30)).prune()
    found = await state(flow, AtTime(then))

    assert await flow.pool.fetchval("SELECT count(*) FROM receipts") == 0
    assert found.cards[0].accepted is None
    assert "Not known any more" in (found.cards[0].why_not or "")
    assert "kept for 30 days" in (found.incomplete or "")
    for_ever = await card(flow, AtVersion(1), keep_days=10_000_000)
    assert "Not known any more" in str(for_ever.why_not)


async def test_an_event_that_is_newer_than_this_release_is_named(flow: Flow) -> None:
    """What came before it can still be asked for."""
    await from_a_newer_release(flow.pool, "order-1", 2)
    newer, older = await state(flow, AtVersion(2)), await state(flow, AtVersion(1))

    assert newer.recorded.content_state is None
    assert "order.teleported" in (newer.recorded.why_not or "")
    assert [each.changed is None for each in newer.recorded.events] == [False, True]
    assert older.recorded.status == "placed"


async def test_a_fold_that_fails_is_told_without_the_words_of_its_error(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may quote a personal value."""

    def evolve(_view: OrderView, _event: RecordedEvent) -> OrderView:
        raise ValueError("Anna Kaya")

    monkeypatch.setattr(order_states_module, "evolve", evolve)
    found = await state(flow, AtVersion(1))

    assert "ValueError" in (found.recorded.why_not or "")
    assert b"Anna" not in msgspec.json.encode(found)


async def test_an_event_that_cannot_be_opened_hides_what_came_after_it(flow: Flow) -> None:
    """What came before it can still be asked for."""
    await happen(flow, "order.courier_assigned")
    await flow.pool.execute(
        "ALTER TABLE events DISABLE TRIGGER events_are_facts; UPDATE events SET sealed = '\\x00' WHERE version = 2; "
        "ALTER TABLE events ENABLE TRIGGER events_are_facts"
    )
    damaged, before = await state(flow, AtVersion(2)), await state(flow, AtVersion(1))

    assert (damaged.recorded.version, damaged.recorded.content_state) == (1, None)
    assert "Event 2 cannot be opened" in (damaged.recorded.why_not or "")
    assert (before.recorded.status, before.recorded.why_not) == ("placed", None)


async def test_before_order_placed_there_is_nothing_to_show(flow: Flow) -> None:
    """The events are listed all the same."""
    await flow.happen("order-2", "order.ready", "order.placed")
    found = await StateReader(flow.pool, flow.keyring, keep_receipts_days=30).read("order-2", AtVersion(1))

    assert found is not None
    assert (found.recorded.status, found.recorded.content_state) == (None, None)
    assert "order.placed had not come" in (found.recorded.why_not or "")
    assert [each.type for each in found.recorded.events] == ["order.ready"]


async def test_a_long_history_and_a_crowd_of_cards_have_a_bound(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer says that there is more; the state is that of all events."""
    monkeypatch.setattr(order_states_module, "EVENTS", 2)
    await flow.happen("order-1", "order.accepted", "order.preparing", "order.ready")
    for number in range(CARDS + 1):
        await flow.register(f"phone-{number}")
    await flow.settle("order-1")
    found = await state(flow, AtVersion(4))

    assert [each.version for each in found.recorded.events] == [3, 4]
    assert found.recorded.more_events
    assert [each.changed for each in found.recorded.events] == [("status", "progress", "history", "note")] * 2
    assert len(content(found.recorded.content_state)["history"]) == 4
    assert (len(found.cards), found.more_cards) == (CARDS, True)


async def test_what_has_not_come_is_refused_in_words(flow: Flow, clock: Clock) -> None:
    """The future, and a version beyond the head; an order nobody knows has no state."""
    with pytest.raises(PointError, match="has not come"):
        await state(flow, AtTime(await clock.now() + timedelta(minutes=1)))
    with pytest.raises(PointError, match="the order is at version 1"):
        await state(flow, AtVersion(2))

    reader = StateReader(flow.pool, flow.keyring, keep_receipts_days=30)
    assert await reader.read("order-9", AtVersion(1)) is None
