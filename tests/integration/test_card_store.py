"""Claims, intents and settlements on a real Postgres."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from events.postgres.migrator import migrate
from events.postgres.pool import Connection, Pool, connect
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from projections.card import Card, Intent, Kind, Phase, Settlement
from projections.card_store import CLAIMS_A_SLOT, Claimed, Receipt
from projections.view_store import ALL_SLOTS
from tests.conftest import Clock
from tests.database import new_database
from tests.integration.flow import Flow


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """One card in debt."""
    made = Flow(pool, keyring)
    await made.register()
    await made.happen("order-1", "order.placed")
    await made.settle("order-1")
    return made


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
        "why": "The order is open and the phone can take a start.",
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


async def row_of(flow: Flow) -> Any:
    """Give the one card."""
    [row] = await flow.rows()
    return row


async def test_a_claim_takes_a_card_under_a_new_lease(flow: Flow) -> None:
    """With the database's time; nobody else gets it while the lease runs."""
    claimed = await claim_one(flow)

    assert (claimed.card.lease, claimed.card.lease_ran_out, claimed.card.phase, claimed.token) == (
        1,
        False,
        Phase.WANTED,
        None,
    )
    assert await flow.claim() == []
    await add_debt(flow)
    assert await flow.claim() == []


async def test_many_dispatchers_never_hold_the_same_lease(pool: Pool, keyring: Keyring) -> None:
    """Eight claim at once until nothing is left: every card once."""
    flow = Flow(pool, keyring)
    subjects = [f"order-{number}" for number in range(120)]
    await flow.register()
    await flow.append(*(flow.event(each, "order.placed") for each in subjects))
    await flow.settle(*subjects)

    async def claim() -> list[Claimed]:
        mine: list[Claimed] = []
        while some := await flow.claim(most=7):
            mine += some
        return mine

    held = [each.card.subject_id for some in await asyncio.gather(*(claim() for _ in range(8))) for each in some]
    assert sorted(held) == sorted(subjects)


async def test_the_longest_due_comes_first_and_no_slot_takes_all(pool: Pool, keyring: Keyring) -> None:
    """Of one slot at most so many at once."""
    flow = Flow(pool, keyring)
    for number in range(CLAIMS_A_SLOT + 5):
        await flow.register(f"phone-{number:03}")
    await flow.happen("order-1", "order.placed")
    await flow.settle("order-1")
    await flow.pool.execute("UPDATE cards SET due_at = due_at - interval '1 hour' WHERE device_id = 'phone-042'")

    first = await flow.claim(most=1)
    assert [each.card.device_id for each in first] == ["phone-042"]
    assert len(await flow.claim(most=200)) == CLAIMS_A_SLOT
    assert len(await flow.claim(most=200)) == 4


async def test_a_lease_that_ran_out_says_so(flow: Flow, clock: Clock) -> None:
    """The next worker knows that nobody settled it, and the intent that has no answer."""
    first = await claim_one(flow, lease_seconds=30)
    card, intent = intend(first)
    assert await flow.cards.record_intents([(card, intent)]) == {card.card_id}
    await clock.advance(seconds=31)
    second = await claim_one(flow)

    assert (second.card.lease, second.card.lease_ran_out, second.card.phase) == (2, True, Phase.STARTING)
    assert second.card.intent is not None
    assert (second.card.intent.apns_id, second.card.intent.timestamp) == (intent.apns_id, intent.timestamp)
    assert second.card.alerted_version == 1


async def test_a_stale_lease_settles_nothing_but_keeps_its_receipt(flow: Flow, clock: Clock) -> None:
    """What it sent is on record, what it believes is not."""
    first = await claim_one(flow, lease_seconds=30)
    await clock.advance(seconds=31)
    second = await claim_one(flow)
    before = await row_of(flow)
    due = await flow.cards.settle([settlement(first.card, phase=Phase.OVER)], [receipt(first)])

    assert due == set()
    assert dict(await row_of(flow)) == dict(before)
    assert [row["lease"] for row in await flow.pool.fetch("SELECT lease FROM receipts")] == [1]
    await flow.cards.settle([settlement(second.card)], [receipt(second)])
    assert (await row_of(flow))["phase"] == "shown"
    assert await flow.pool.fetchval("SELECT count(*) FROM receipts") == 2


async def test_a_stale_lease_writes_no_intent(flow: Flow, clock: Clock) -> None:
    """So it begins no push while another's lease runs."""
    first = await claim_one(flow, lease_seconds=30)
    await clock.advance(seconds=31)
    await claim_one(flow)

    assert await flow.cards.record_intents([intend(first)]) == set()
    assert (await row_of(flow))["intent_kind"] is None


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


async def test_news_during_a_lease_does_not_lower_it(flow: Flow) -> None:
    """Two columns, two owners: debt makes a card due, it does not free it."""
    await claim_one(flow, lease_seconds=60)
    before = await row_of(flow)
    await add_debt(flow)
    after = await row_of(flow)

    assert after["blocked_until"] == before["blocked_until"]
    assert after["claim_at"] == before["blocked_until"]


async def test_timestamps_rise_across_workers_that_vanish(flow: Flow, clock: Clock) -> None:
    """Each lease plans later than anything a lost worker may have sent, also with the clock going back."""
    sent: list[int] = []
    for ahead in (0, 0, 0, 31, 0, -3600, 0, 5, 0):
        await flow.pool.execute("UPDATE cards SET blocked_until = NULL, due_at = '-infinity'")
        await clock.advance(seconds=ahead)
        claimed = await claim_one(flow)
        # a plain update writes no intent: only the reservation of its claim remembers it
        sent.append(max(int(claimed.now.timestamp()), claimed.card.timestamp_used + 1))

    assert sent == sorted(set(sent))


async def test_a_plain_update_that_is_settled_uses_no_more_than_its_own_second(flow: Flow) -> None:
    """The reservation is for workers that vanish; settled cards do not run ahead of the clock."""
    claimed = await claim_one(flow)
    used = int(claimed.now.timestamp())
    await flow.cards.settle([settlement(claimed.card, due_at=claimed.now, timestamp_used=used)], [])

    assert (await claim_one(flow)).card.timestamp_used == used


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
    row = await row_of(flow)

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


async def test_a_phone_is_read_with_the_token_that_it_holds(flow: Flow) -> None:
    """A value that another device registered since belongs to that one."""
    claimed = await claim_one(flow)
    async with flow.pool.acquire() as connection:
        [first] = (await flow.cards.read_phones(connection, [claimed.card])).values()
        await flow.register("phone-2", "customer-8", start_tokens={"OrderAttributes": b"phone-1".hex()})
        [second] = (await flow.cards.read_phones(connection, [claimed.card])).values()
    assert (first.start_token, first.phone.ios, first.phone.customer_id) == (b"phone-1".hex(), (18, 2), "customer-7")
    assert (second.start_token, second.phone.start_token_hash) == (None, None)


async def test_a_refused_start_token_is_refused_until_its_value_changes(flow: Flow) -> None:
    """Registering the same value again does not bring it back; a new one does."""
    claimed = await claim_one(flow)

    async def refused() -> bool:
        async with flow.pool.acquire() as connection:
            [phone] = (await flow.cards.read_phones(connection, [claimed.card])).values()
        return phone.phone.start_token_refused

    async with flow.pool.acquire() as connection:
        [phone] = (await flow.cards.read_phones(connection, [claimed.card])).values()
    assert phone.phone.start_token_hash is not None
    await flow.cards.refuse_tokens([("com.example.shop", "sandbox", phone.phone.start_token_hash)])
    assert await refused()
    await flow.register()
    assert await refused()
    await flow.register(start_tokens={"OrderAttributes": "cc" * 32})
    assert not await refused()


@pytest.fixture(scope="module")
async def crowded(server: str) -> AsyncIterator[Connection]:
    """A connection to a database with 50,000 cards that are not due, and ten that are."""
    async with new_database(server) as dsn:
        await migrate(dsn)
        connection = await connect(dsn, name="lockstep-test")
        await connection.execute(
            "INSERT INTO cards (slot, subject_id, card_id, device_id, app, attributes_type, generation, starter, "
            "created_at, due_at) SELECT n % 256, 'order-' || n, gen_random_uuid(), 'phone-' || n, 'shop', 'Order', 1, "
            "'server', now(), now() + CASE WHEN n % 5000 = 0 THEN -1 ELSE 1 END * interval '7 hours' "
            "FROM generate_series(1, 50000) AS n; ANALYZE cards"
        )
        yield connection
        await connection.close()


async def test_a_claim_reads_what_is_due_by_its_index(crowded: Connection) -> None:
    """50,000 cards that wait for their renewal cost it nothing."""
    transaction = crowded.transaction()
    await transaction.start()
    [told] = json.loads(
        await crowded.fetchval(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement("projections/claim_cards"),
            ALL_SLOTS,
            0,
            50,
            200,
            60.0,
        )
    )
    await transaction.rollback()
    nodes = [told["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])

    assert "cards_to_claim" in {node.get("Index Name") for node in nodes}
    assert [node for node in nodes if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "cards"] == []
    assert told["Plan"]["Actual Rows"] == 10
    assert told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"] < 2_500
