"""Claims, intents and settlements on a real Postgres."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from app.apns.settlement import settle_unbegun
from events.postgres.migrator import migrate
from events.postgres.pool import Connection, Pool, connect
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from projections.card import Card, Intent, Kind, Lane, Phase, Settlement
from projections.card_store import CLAIMS_A_SLOT, ENVIRONMENTS, Claimed
from tests.conftest import Clock
from tests.database import new_database
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


async def test_a_claim_takes_a_card_under_a_new_lease(flow: Flow) -> None:
    """With the database's time; nobody else gets it while the lease runs."""
    claimed = await claim_one(flow)

    assert (claimed.card.lease, claimed.card.lease_ran_out, claimed.card.phase, claimed.token_sealed) == (
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


async def in_bulk(flow: Flow, *subjects: str) -> None:
    """Put the cards of these orders among many, in debt for an hour."""
    await flow.pool.execute(
        "UPDATE cards SET lane = 1, due_at = due_at - interval '1 hour' WHERE subject_id = ANY ($1)", list(subjects)
    )


async def test_what_is_bulk_is_claimed_after_what_is_urgent(pool: Pool, keyring: Keyring) -> None:
    """However long it has been due; the other way round where the caller says so."""
    flow = Flow(pool, keyring)
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.happen("order-2", "order.placed")
    await flow.settle("order-1", "order-2")
    await in_bulk(flow, "order-2")
    [other] = await flow.claim(most=1, lanes=(Lane.BULK, Lane.URGENT))
    [first] = await flow.claim(most=1)

    assert (other.card.subject_id, first.card.subject_id) == ("order-2", "order-1")


async def test_a_card_that_was_started_is_bulk_no_more(flow: Flow) -> None:
    """What waits for its start stays where it is; all that comes after a start is news."""
    await in_bulk(flow, "order-1")
    waiting = await claim_one(flow)
    await flow.cards.settle([settlement(waiting.card, phase=Phase.WANTED, due_at=waiting.now)], [])
    assert (await flow.card())["lane"] == Lane.BULK
    started = await claim_one(flow)
    await flow.cards.settle([settlement(started.card)], [])

    assert (await flow.card())["lane"] == Lane.URGENT


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


async def test_a_second_start_is_counted_with_its_intent(flow: Flow, clock: Clock) -> None:
    """Workers that vanish one after another do not make a start that is sent once more be sent for ever."""
    restarts = []
    for _ in range(3):
        claimed = await claim_one(flow, lease_seconds=30)
        restarts.append(claimed.card.restarts)
        await flow.cards.record_intents([intend(claimed)])
        await clock.advance(seconds=31)

    assert restarts == [0, 0, 1]


async def test_a_stale_lease_writes_no_intent(flow: Flow, clock: Clock) -> None:
    """So it begins no push while another's lease runs."""
    first = await claim_one(flow, lease_seconds=30)
    await clock.advance(seconds=31)
    await claim_one(flow)

    assert await flow.cards.record_intents([intend(first)]) == set()
    assert (await flow.card())["intent_kind"] is None


async def test_news_during_a_lease_does_not_lower_it(flow: Flow) -> None:
    """Two columns, two owners: debt makes a card due, it does not free it."""
    await claim_one(flow, lease_seconds=60)
    before = await flow.card()
    await add_debt(flow)
    after = await flow.card()

    assert after["leased_until"] == before["leased_until"]
    assert await flow.claim() == []


async def test_a_claim_writes_to_no_index(flow: Flow) -> None:
    """Most of what it would cost: the new version of the row stays on its page, and the indexes lead to the old one."""
    updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'cards'"
    async with flow.pool.acquire() as connection, connection.transaction():
        before = await connection.fetchrow(updates)
        slots, lanes, places = ALL_SLOTS, [0] * len(ALL_SLOTS), ["sandbox"] * len(ALL_SLOTS)
        await connection.fetch(statement("projections/claim_cards"), slots, lanes, 1, 1, 30.0, [], [], [], places, [])
        after = await connection.fetchrow(updates)

    assert before is not None
    assert after is not None
    assert (after["n_tup_upd"] - before["n_tup_upd"], after["n_tup_hot_upd"] - before["n_tup_hot_upd"]) == (1, 1)


async def test_timestamps_rise_across_workers_that_vanish(flow: Flow, clock: Clock) -> None:
    """Each lease plans later than anything a lost worker may have sent, also with the clock going back."""
    sent: list[int] = []
    for ahead in (0, 0, 0, 31, 0, -3600, 0, 5, 0):
        await flow.pool.execute("UPDATE cards SET leased_until = NULL, due_at = '-infinity'")
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


async def test_a_phone_is_read_with_the_token_that_it_holds(flow: Flow) -> None:
    """A value that another device registered since belongs to that one."""
    claimed = await claim_one(flow)
    await flow.cards.settle([settle_unbegun(claimed.card, claimed.now)], [])
    async with flow.pool.acquire() as connection:
        [first] = (await flow.cards.read_phones(connection, [claimed.card])).values()
        await flow.register("phone-2", "customer-8", start_tokens={"OrderAttributes": b"phone-1".hex()})
        [second] = (await flow.cards.read_phones(connection, [claimed.card])).values()
    assert first.token_sealed is not None
    assert flow.keyring.open_token(first.token_sealed) == b"phone-1".hex()
    assert (first.phone.ios, first.phone.customer_id) == ((18, 2), "customer-7")
    assert (second.token_sealed, second.phone.start_token_hash) == (None, None)


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
            "INSERT INTO cards (slot, subject_id, card_id, device_id, app, environment, attributes_type, generation, "
            "starter, created_at, due_at) SELECT n % 256, 'order-' || n, gen_random_uuid(), 'phone-' || n, 'shop', "
            "'sandbox', 'Order', 1, 'server', now(), "
            "now() + CASE WHEN n % 5000 = 0 THEN -1 ELSE 1 END * interval '7 hours' "
            "FROM generate_series(1, 50000) AS n; ANALYZE cards"
        )
        yield connection
        await connection.close()


async def claim_explained(
    crowded: Connection, *, environments: Sequence[str], due: bool = False
) -> list[dict[str, Any]]:
    """Give the nodes of a claim's plan with what they did, the claim itself first; with every card due, if asked."""
    places = [(slot, lane, environment) for lane in Lane for slot in ALL_SLOTS for environment in environments]
    transaction = crowded.transaction()
    await transaction.start()
    if due:
        await crowded.execute("UPDATE cards SET due_at = now() - interval '1 hour'")
    [told] = json.loads(
        await crowded.fetchval(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement("projections/claim_cards"),
            [slot for slot, _, _ in places],
            [lane for _, lane, _ in places],
            50,
            200,
            60.0,
            ["*", "*"],
            ["sandbox", "production"],
            ["KEY1234567", "KEY1234567"],
            [environment for _, _, environment in places],
            [],
        )
    )
    await transaction.rollback()
    if due:
        # what was undone is not to be in the way of other tests
        await crowded.execute("VACUUM cards")
    nodes: list[dict[str, Any]] = [told["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
    assert "cards_to_claim" in {node.get("Index Name") for node in nodes}
    assert [node for node in nodes if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "cards"] == []
    return nodes


async def test_a_claim_reads_what_is_due_by_its_index(crowded: Connection) -> None:
    """50,000 cards that wait for their renewal cost it nothing."""
    [claim, *_] = await claim_explained(crowded, environments=ENVIRONMENTS)

    assert claim["Actual Rows"] == 10
    assert claim["Shared Hit Blocks"] + claim["Shared Read Blocks"] < 5_000, json.dumps(claim)


async def test_a_claim_does_not_read_what_is_due_elsewhere(crowded: Connection) -> None:
    """50,000 cards that are due in an environment that cannot be reached cost a claim for the other one nothing."""
    [claim, *nodes] = await claim_explained(crowded, environments=["production"], due=True)
    [scan] = [node for node in nodes if node.get("Index Name") == "cards_to_claim"]

    assert claim["Actual Rows"] == 0
    assert scan.get("Rows Removed by Filter", 0) == 0
    assert claim["Shared Hit Blocks"] + claim["Shared Read Blocks"] < 5_000, json.dumps(claim)
