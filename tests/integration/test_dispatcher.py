"""The dispatcher on a real Postgres, with an APNs that answers as it is told."""

import asyncio
import json
from typing import Any

import pytest

import app.apns.pictures as pictures_module
from app.apns.answer import Answer
from app.apns.dispatch_rules import DispatchRules
from app.apns.dispatcher import BULK_SHARE
from app.apns.request import ApnsRequest
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.sealing import Keyring, unseal
from events.slot import slot_of
from projections.budget import BudgetRules
from projections.card_store import CLAIMS_A_SLOT, Claimed
from projections.face import Face, face_of
from projections.order_view import OrderView
from projections.plan_rules import PlanRules
from projections.receipt import receipt_context
from projections.view_store import ViewStore
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow
from tests.integration.holding import table_locked, until_waiting

MANY_STARTS = PlanRules(budget=BudgetRules(most=1_000))


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt."""
    return owing


async def test_an_intent_is_written_before_its_push_goes(flow: Flow) -> None:
    """What APNs receives is on record already: kind, version, timestamp and apns-id."""
    apns = Apns()
    seen: list[Any] = []

    async def look(_: ApnsRequest) -> None:
        seen.append(await flow.card())

    apns.look = look
    await work(dispatcher(flow, apns))
    [row], [request] = seen, apns.requests
    aps = json.loads(request.payload)["aps"]

    assert (row["phase"], row["intent_kind"], row["intent_version"], row["intent_alert"]) == ("starting", "start", 1, 1)
    assert (str(row["intent_apns_id"]), row["intent_timestamp"]) == (request.apns_id, aps["timestamp"])
    settled = await flow.card()
    assert (settled["phase"], settled["intent_kind"], settled["accepted_version"]) == ("shown", None, 1)


async def test_a_receipt_tells_what_was_sent_and_keeps_the_payload_sealed(flow: Flow) -> None:
    """Only the subject's data key opens it, so that an erasure reaches it too."""
    await flow.happen("order-1", "order.courier_assigned")
    await flow.project("order-1")
    apns = Apns()
    await work(dispatcher(flow, apns))
    receipt = await flow.pool.fetchrow("SELECT * FROM receipts")
    [request] = apns.requests
    async with flow.pool.acquire() as connection:
        key = (await ViewStore(flow.keyring).read(connection, ["order-1"]))["order-1"].data_key

    assert receipt is not None
    assert (receipt["kind"], receipt["version"], receipt["status"], receipt["outcome"], receipt["why"]) == (
        "start",
        2,
        200,
        "accepted",
        "The order is open, and the phone can be sent a card.",
    )
    assert receipt["sent_at"] <= receipt["answered_at"]
    assert receipt["folded_at"] <= receipt["sent_at"]
    assert key is not None
    assert b"Anna Kaya" not in receipt["sealed"]
    context = receipt_context(receipt["apns_id"])
    assert unseal(key, receipt["sealed"], context=context) == request.payload


async def many_owing(flow: Flow, count: int) -> list[str]:
    """Put a card of each of so many orders in debt, all on one phone, and give the orders."""
    subjects = [f"order-{number}" for number in range(count)]
    await flow.register()
    await flow.append(*(flow.event(each, "order.placed") for each in subjects))
    await flow.settle(*subjects)
    return subjects


async def test_two_dispatchers_send_each_card_once(pool: Pool, keyring: Keyring) -> None:
    """Whatever both look at, one has the lease."""
    flow = Flow(pool, keyring)
    subjects = await many_owing(flow, 150)
    apns = Apns()
    rules = DispatchRules(batch=20, plan=MANY_STARTS)
    await work(dispatcher(flow, apns, rules), dispatcher(flow, apns, rules))
    started = [json.loads(request.payload)["aps"]["attributes"]["orderId"] for request in apns.requests]

    assert sorted(started) == sorted(subjects)


async def test_a_slot_with_more_than_one_claim_takes_is_looked_at_again_at_once(pool: Pool, keyring: Keyring) -> None:
    """A hundred phones of one customer do not wait for the next poll."""
    flow = Flow(pool, keyring)
    for number in range(2 * CLAIMS_A_SLOT + 3):
        await flow.register(f"phone-{number}")
    await flow.place()
    await flow.settle("order-1")
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert len(apns.requests) == 2 * CLAIMS_A_SLOT + 3


async def test_a_hint_that_comes_during_a_claim_is_kept(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim may not have seen what it speaks of."""
    apns = Apns()
    one = dispatcher(flow, apns)
    claim = one._cards.claim

    async def blind(*_: Any, **__: Any) -> list[Claimed]:
        monkeypatch.setattr(one._cards, "claim", claim)
        one.hear(Ring("somebody", due=[slot_of("order-1")]))
        return []

    monkeypatch.setattr(one._cards, "claim", blind)
    assert await one.dispatch_some() == 0
    await work(one)
    assert apns.events() == ["start"]


async def test_no_push_is_begun_when_the_lease_has_grown_short(flow: Flow) -> None:
    """It is put back untouched; another look sends it."""
    apns = Apns()
    short = dispatcher(flow, apns, DispatchRules(lease=10, deadline=15))
    stop = asyncio.Event()
    settling = asyncio.ensure_future(short._settler.run(stop))
    assert await short.dispatch_some() == 1
    await short.drained()
    stop.set()
    await settling
    row = await flow.card()
    assert (apns.requests, row["phase"], row["outcome"], row["attempts"]) == ([], "wanted", "postponed", 0)
    assert row["intent_kind"] is None


async def test_a_card_that_cannot_be_rendered_does_not_stop_its_batch(
    pool: Pool, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails with the kind of the error; the others are sent."""
    flow = Flow(pool, keyring)
    await flow.register()
    await flow.place("order-1")
    await flow.place("order-2", merchantName="Broken")
    await flow.settle("order-1", "order-2")

    def broken(view: OrderView, *how: Any) -> Face:
        if view.merchant_name == "Broken":
            raise ValueError("Anna Kaya")
        return face_of(view, *how)

    monkeypatch.setattr(pictures_module, "face_of", broken)
    apns = Apns()
    await work(dispatcher(flow, apns))
    good, bad = await flow.rows()

    assert apns.events() == ["start"]
    assert (good["phase"], bad["phase"], bad["outcome"]) == ("shown", "wanted", "failed")
    assert bad["why"] == (
        "The card could not be made (ValueError): a bug; it is tried again with the next news, or in an hour."
    )
    monkeypatch.setattr(pictures_module, "face_of", face_of)
    await flow.happen("order-2", "order.accepted")
    await flow.project("order-2")
    await work(dispatcher(flow, apns))
    assert apns.events() == ["start", "start"]


async def test_a_dispatcher_that_stops_finishes_what_is_in_flight(flow: Flow) -> None:
    """The answer is waited for and written."""
    apns, answer = Apns(), asyncio.Event()

    async def look(_: ApnsRequest) -> None:
        await answer.wait()

    apns.look = look
    one, stop = dispatcher(flow, apns), asyncio.Event()
    running = asyncio.ensure_future(one.run(stop))
    await apns.came.wait()
    stop.set()
    answer.set()
    await running

    assert (await flow.card())["phase"] == "shown"
    assert await flow.pool.fetchval("SELECT count(*) FROM receipts") == 1


async def test_a_sweep_finds_no_card_behind_its_view_when_all_is_done(flow: Flow, clock: Clock) -> None:
    """The head, the view and what the last plan saw are one number."""
    await live(flow, clock)
    for type_ in ("order.accepted", "order.ready", "order.delivered"):
        await flow.happen("order-1", type_)
        await flow.project("order-1")
        await work(dispatcher(flow, Apns()))
        await clock.advance(seconds=2)
    numbers = await flow.pool.fetchrow(
        "SELECT h.version AS head, v.version AS view, c.considered_version AS card, c.phase "
        "FROM heads AS h JOIN views AS v USING (slot, subject_id) JOIN cards AS c USING (slot, subject_id)"
    )
    assert numbers is not None
    assert dict(numbers) == {"head": 4, "view": 4, "card": 4, "phase": "over"}


async def test_nothing_is_claimed_beyond_what_may_be_unsettled(pool: Pool, keyring: Keyring) -> None:
    """What a push did is known only here until it is written: while it cannot be, nothing more is begun."""
    flow = Flow(pool, keyring)
    await many_owing(flow, 12)
    apns = Apns()
    one = dispatcher(flow, apns, DispatchRules(unsettled=5, poll=1_000_000, plan=MANY_STARTS))
    assert await one.dispatch_some() == 5
    await asyncio.gather(*one._sending)
    assert [await one.dispatch_some() for _ in range(3)] == [0, 0, 0]
    stop = asyncio.Event()
    settling = asyncio.ensure_future(one._settler.run(stop))
    await one.drained()
    while await one.dispatch_some():
        await one.drained()
    stop.set()
    await settling

    assert len(apns.requests) == 12


async def test_nothing_is_claimed_beyond_what_may_be_in_flight(pool: Pool, keyring: Keyring) -> None:
    """There is no queue behind the pushes under way."""
    flow = Flow(pool, keyring)
    await many_owing(flow, 12)
    apns, answer = Apns(), asyncio.Event()

    async def look(_: ApnsRequest) -> None:
        await answer.wait()

    apns.look = look
    one = dispatcher(flow, apns, DispatchRules(in_flight=5, poll=1_000_000, plan=MANY_STARTS))
    stop = asyncio.Event()
    settling = asyncio.ensure_future(one._settler.run(stop))
    assert [await one.dispatch_some() for _ in range(3)] == [5, 0, 0]
    answer.set()
    while await one.dispatch_some() or one._sending or one._settler.waiting:
        await one.drained()
    stop.set()
    await settling

    assert len(apns.requests) == 12


async def test_what_is_bulk_has_a_share_of_the_claims(pool: Pool, keyring: Keyring) -> None:
    """Where what is urgent never ends, one claim of eight is for the others."""
    flow = Flow(pool, keyring)
    await flow.register()
    orders = [f"order-{number}" for number in range(9)]
    for each in orders:
        await flow.happen(each, "order.placed")
    await flow.settle(*orders)
    await flow.pool.execute(
        "UPDATE cards SET lane = 1, due_at = due_at - interval '1 hour' WHERE subject_id = 'order-0'"
    )
    apns = Apns()
    await work(dispatcher(flow, apns, DispatchRules(poll=1_000_000, batch=1)))
    sent = [json.loads(request.payload)["aps"]["attributes"]["orderId"] for request in apns.requests]

    assert sent.index("order-0") == BULK_SHARE - 1
    assert sorted(sent) == orders


async def test_what_is_due_now_is_so_at_once_although_its_claim_took_long(flow: Flow) -> None:
    """The time of an answer counts from when its claim was there, not from when that was asked for."""
    apns = Apns(Answer(410, "Unregistered"))
    async with table_locked(flow.pool, "cards") as connection:
        working = asyncio.ensure_future(work(dispatcher(flow, apns)))
        await until_waiting(connection, working)
        await connection.execute("SELECT pg_sleep(0.3)")
    await working

    due, answered = await flow.pool.fetchrow(
        "SELECT due_at <= lockstep_now(), answered_at <= lockstep_now() FROM cards CROSS JOIN receipts"
    ) or (None, None)
    assert (len(apns.requests), due, answered) == (1, True, True)
