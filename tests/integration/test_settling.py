"""Settlements on a real Postgres: what a lease leaves behind."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from events.slot import slot_of
from projections.card import Card, Intent, Kind, Phase, Settlement
from projections.card_store import Claimed
from projections.receipt import Receipt
from tests.conftest import Clock
from tests.integration.flow import Flow


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt."""
    return owing


async def claim_one(flow: Flow, **how: Any) -> Claimed:
    """Claim the one card that is due."""
    [claimed] = await flow.claim(**how)
    return claimed


def settlement(card: Card, **changes: Any) -> Settlement:
    """Give an example of what a lease leaves: the card is shown, and due when there is a reason."""
    fields: dict[str, Any] = {
        "phase": Phase.SHOWN,
        "considered_version": 1,
        "outcome": "accepted",
        "why": "The order is open, and the phone can be sent a card.",
    }
    return Settlement(card=card, **(fields | changes))


def receipt(claimed: Claimed, **changes: Any) -> Receipt:
    """Give an example of a receipt."""
    fields: dict[str, Any] = {
        "card": claimed.card,
        "sent_at": claimed.now,
        "answered_at": claimed.now,
        "folded_at": None,
        "kind": Kind.START,
        "version": 1,
        "why": "why",
        "outcome": "accepted",
        "apns_id": uuid4(),
        "timestamp": 1,
        "priority": 10,
        "demoted": False,
        "status": 200,
        "reason": None,
        "sealed": None,
    }
    return Receipt(**(fields | changes))


def intend(claimed: Claimed, kind: Kind = Kind.START, **changes: Any) -> tuple[Card, Intent]:
    """Give an example of an intent for a claimed card, with the timestamp a plan would give it."""
    timestamp = max(int(claimed.now.timestamp()), claimed.card.timestamp_used + 1)
    fields: dict[str, Any] = {
        "kind": kind,
        "version": 1,
        "alert": 1,
        "timestamp": timestamp,
        "apns_id": uuid4(),
        "at": claimed.now,
    }
    return claimed.card, Intent(**(fields | changes))


async def add_debt(flow: Flow, *, times: int = 1) -> None:
    """Let something happen to the order."""
    for _ in range(times):
        await flow.happen("order-1", "order.accepted")
        await flow.project("order-1")


async def test_a_stale_lease_settles_nothing_but_keeps_its_receipt(flow: Flow, clock: Clock) -> None:
    """What it sent is on record, what it believes is not."""
    first = await claim_one(flow, lease_seconds=30)
    await clock.advance(seconds=31)
    second = await claim_one(flow)
    before = await flow.card()
    due = await flow.cards.settle([settlement(first.card, phase=Phase.OVER)], [receipt(first)])

    assert due == set()
    assert dict(await flow.card()) == dict(before)
    assert [row["lease"] for row in await flow.pool.fetch("SELECT lease FROM receipts")] == [1]
    await flow.cards.settle([settlement(second.card)], [receipt(second)])
    assert (await flow.card())["phase"] == "shown"
    assert await flow.pool.fetchval("SELECT count(*) FROM receipts") == 2


async def test_a_settled_card_waits_for_its_time(flow: Flow, clock: Clock) -> None:
    """Without news it is due when the settlement said, and not before."""
    claimed = await claim_one(flow)
    later = claimed.now + timedelta(hours=7)
    assert await flow.cards.settle([settlement(claimed.card, due_at=later)], []) == set()
    assert await flow.claim() == []
    await clock.advance(hours=6.9)
    assert await flow.claim() == []
    await clock.advance(hours=0.2)
    assert len(await flow.claim()) == 1


async def test_debt_that_is_added_meanwhile_makes_the_card_due_at_once(flow: Flow) -> None:
    """The claimed number is compared on the card's own row."""
    claimed = await claim_one(flow)
    await add_debt(flow)
    later = claimed.now + timedelta(hours=7)
    due = await flow.cards.settle([settlement(claimed.card, due_at=later)], [])

    assert due == {slot_of("order-1")}
    assert (await claim_one(flow)).card.debt == claimed.card.debt + 1


async def test_a_card_that_is_over_is_never_claimed_again(flow: Flow) -> None:
    """Also when debt was added while its end was under way."""
    claimed = await claim_one(flow)
    await add_debt(flow)
    await flow.cards.settle([settlement(claimed.card, phase=Phase.OVER)], [])
    await add_debt(flow)

    assert await flow.claim() == []


async def test_news_does_not_shorten_a_back_off(flow: Flow, clock: Clock) -> None:
    """APNs asked for a pause: events only add to what is due after it."""
    claimed = await claim_one(flow)
    await flow.cards.settle(
        [settlement(claimed.card, phase=Phase.WANTED, outcome="retrying", due_at=claimed.now, block_seconds=40)], []
    )
    await add_debt(flow, times=3)
    assert await flow.claim() == []
    await clock.advance(seconds=39)
    assert await flow.claim() == []
    await clock.advance(seconds=2)
    assert len(await flow.claim()) == 1


async def test_a_settlement_writes_what_it_says(flow: Flow) -> None:
    """Every column of the dispatcher's, and the intent is gone unless its answer is unknown."""
    claimed = await claim_one(flow)
    await flow.cards.record_intents([intend(claimed)])
    await flow.cards.settle(
        [
            settlement(
                claimed.card,
                considered_version=4,
                timestamp_used=17_000_000_000,
                alerted_version=3,
                accepted_version=4,
                accepted_hash=b"hash",
                started=True,
                refused_hash=b"refused",
                suspect_hash=b"suspect",
                attempts=2,
            )
        ],
        [],
    )
    row = await flow.card()

    assert {name: row[name] for name in (
        "phase", "considered_version", "timestamp_used", "alerted_version", "accepted_version", "accepted_hash",
        "refused_hash", "suspect_hash", "attempts", "outcome", "intent_kind", "leased_at", "blocked_until", "due_at",
    )} == {
        "phase": "shown", "considered_version": 4, "timestamp_used": 17_000_000_000, "alerted_version": 3,
        "accepted_version": 4, "accepted_hash": b"hash", "refused_hash": b"refused", "suspect_hash": b"suspect",
        "attempts": 2, "outcome": "accepted", "intent_kind": None, "leased_at": None, "blocked_until": None,
        "due_at": None,
    }  # fmt: skip
    assert row["started_at"] == row["accepted_at"] == row["outcome_at"]


async def test_an_unknown_answer_keeps_its_intent(flow: Flow) -> None:
    """Until the app reports, or its silence decides."""
    claimed = await claim_one(flow)
    await flow.cards.record_intents([intend(claimed)])
    await flow.cards.settle(
        [settlement(claimed.card, phase=Phase.STARTING, intent_stands=True, due_at=claimed.now)], []
    )
    again = await claim_one(flow)

    assert again.card.intent is not None
    assert again.card.intent.kind is Kind.START


async def test_a_renewal_adds_the_next_generation_once(flow: Flow) -> None:
    """In debt, started by the server; the old card knows of it."""
    claimed = await claim_one(flow)
    next_card_id = uuid4()
    renewal = settlement(claimed.card, due_at=claimed.now, next_card_id=next_card_id)
    assert await flow.cards.settle([renewal], []) == {slot_of("order-1")}
    rows = await flow.rows()

    assert [(row["generation"], row["phase"], row["starter"]) for row in rows] == [
        (1, "shown", "server"),
        (2, "wanted", "server"),
    ]
    assert rows[1]["card_id"] == next_card_id
    claimed_again = {each.card.generation: each.card for each in await flow.claim()}
    assert (claimed_again[1].next_generation, claimed_again[2].next_generation) == (True, False)
    await flow.cards.settle([replace(renewal, card=claimed_again[1], next_card_id=uuid4())], [])
    assert len(await flow.rows()) == 2


async def test_a_receipt_is_kept_once(flow: Flow) -> None:
    """The same settlement written twice, because its answer was lost, adds nothing."""
    claimed = await claim_one(flow)
    kept = receipt(claimed)
    await flow.cards.settle([settlement(claimed.card)], [kept])
    await flow.cards.settle([settlement(claimed.card)], [kept])

    assert await flow.pool.fetchval("SELECT count(*) FROM receipts") == 1


async def test_a_start_without_an_answer_began_when_it_left(flow: Flow, clock: Clock) -> None:
    """Whether the app may put the card up is counted from the push, and not from when nobody waited any longer."""
    claimed = await claim_one(flow)
    card, intent = intend(claimed)
    await flow.cards.record_intents([(card, intent)])
    before = await flow.card()
    await clock.advance(minutes=3)
    await flow.cards.settle([settlement(card, outcome="waiting", started=True)], [])

    assert (await flow.card())["started_at"] == before["intent_at"]
