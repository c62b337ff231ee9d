"""Promise 18: what was erased is in no dump any more, also with the secret key in hand, and a replay says the same."""

import sys
from asyncio import create_subprocess_exec, sleep, subprocess
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

import projections.projector as projector_module
from app.erasure import SETTLED_SECONDS, Eraser, Extent
from app.housekeeping import Housekeeper, make_receipt_days
from app.takeover.judgement import Fate
from events.envelope import RecordedEvent
from events.event_sealing import seal_events
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import slot_of
from events.store import EventStore, Group
from events.subject_keys import SubjectKeys
from projections import rebuilder
from projections.log_scan import events_between
from projections.order_view import OrderView, fold
from projections.segment_store import SegmentStore
from projections.verifier import verify
from projections.view_store import ViewStore
from tests.conftest import Clock
from tests.examples.devices import reported
from tests.examples.events import FACTS
from tests.faults.held import HELD
from tests.integration.archiving import Archiving
from tests.integration.command_line import begin, lockstep, surroundings
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.dumped import dumped, found_in
from tests.integration.flow import Flow
from tests.integration.rebuilding import Rebuilding
from tests.integration.test_takeover import card, phone, take
from tests.integration.wire import backend_that_waits

COURIER: Final = "Eleni Papadáki"
ITEM: Final = "Moussaka without aubergine"
NOTE: Final = "Ring twice at Μαρία's"
IN_AN_ERROR: Final = "Konstantinos said so"
GUEST: Final = "Despina Xenou"
NAMES: Final = {COURIER, ITEM, NOTE, IN_AN_ERROR, GUEST}
PHONE: Final = "phone-of-the-erased"
TOKENS: Final = {"5a" * 32, "5b" * 32, "5c" * 32}
"""For starts, of the card, and for ordinary notifications."""
NEIGHBOUR: Final = "Jannis Nachbar"
ORDERS: Final = ("order-1", "order-2", "order-3", "order-4")
LAST: Final = max(ORDERS, key=slot_of)
"""The order whose slot comes last."""
ALL_BUT_ONE: Final = "(SELECT count(*) FROM subject_keys WHERE erased_at IS NOT NULL) = 3"


def fails_on_one(view: OrderView, events: Sequence[RecordedEvent]) -> OrderView:
    """Fold, save for one order, whose error names somebody."""
    if events and events[0].subject_id == "order-3":
        raise ValueError(IN_AN_ERROR)
    return fold(view, events)


@pytest.fixture
async def flow(flow: Flow, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """A customer's life: one order on a phone, one over, one set aside, one not folded yet; and a neighbour's order.

    All but the last were folded in two generations.
    """
    await make_receipt_days(flow.pool)
    start, update, alert = sorted(TOKENS)
    await flow.register(PHONE, "customer-7", start_tokens={"OrderAttributes": start}, alert_token=alert)
    await flow.register("phone-2", "customer-8")
    await flow.place("order-1", items=[{"name": ITEM, "quantity": 2}])
    await flow.append(flow.event("order-1", "order.courier_assigned", {"courierName": COURIER}))
    await flow.place("order-2")
    await flow.append(flow.event("order-2", "order.ready", {"note": NOTE}))
    await flow.append(flow.event("order-2", "order.delivered", {}, extensions=f'{{"guest":"{GUEST}"}}'.encode()))
    await flow.append(flow.event("order-3", "order.courier_assigned", {"courierName": IN_AN_ERROR}))
    await flow.place("order-3")
    await flow.place("order-8", "customer-8")
    await flow.append(flow.event("order-8", "order.courier_assigned", {"courierName": NEIGHBOUR}))
    with monkeypatch.context() as poisoned:
        poisoned.setattr(projector_module, "fold", fails_on_one)
        await flow.settle("order-1", "order-2", "order-3", "order-8")
    await work(dispatcher(flow, Apns()))
    for row in await flow.rows():
        report = reported(row["subject_id"], update_token=update if row["device_id"] == PHONE else "ee" * 32)
        await flow.registry.report_card(row["device_id"], str(row["card_id"]), report)
    await clock.advance(seconds=2)
    await Rebuilding(flow.pool, flow.keyring).run()
    await flow.place("order-4", items=[{"name": ITEM, "quantity": 1}])
    return flow


@pytest.fixture
def eraser(flow: Flow) -> Eraser:
    """What erases."""
    return Eraser(flow.pool, flow.store, flow.registry)


async def settled(flow: Flow, clock: Clock) -> Apns:
    """Let everything come of it that is to come now, and give what was sent."""
    apns = Apns()
    for _ in range(3):
        await flow.settle(*ORDERS, "order-8")
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=2)
    return apns


async def is_same(flow: Flow) -> bool:
    """Tell whether live views equal replayed views, each at its head."""
    return (await verify(flow.pool, flow.keyring)).same


async def test_an_erased_customer_is_in_no_dump(flow: Flow, eraser: Eraser, dsn: str, clock: Clock) -> None:
    """Neither in the log nor in views of any generation, errors, cards or receipts; the phone's rows go in a day."""
    wanted = NAMES | TOKENS | {PHONE, NEIGHBOUR}
    assert found_in(await dumped(dsn), wanted) == wanted
    assert await eraser.extent_of_customer("customer-7") == Extent(orders=4, events=8, phones=1, tokens=2, open_cards=1)
    asked = await eraser.ask("customer-7")
    await eraser.carry_out(asked)
    assert found_in(await dumped(dsn), NAMES) == set()
    apns = await settled(flow, clock)

    assert apns.events() == ["end"]
    assert found_in(apns.requests[0].payload, NAMES) == set()
    assert found_in(await dumped(dsn), NAMES | {NEIGHBOUR}) == {NEIGHBOUR}
    assert await is_same(flow)

    await clock.advance(days=1.1)
    await eraser.go_on()
    await Housekeeper(flow.pool, flow.due.extend).prune()
    assert found_in(await dumped(dsn), wanted) == {NEIGHBOUR}
    assert await flow.pairs() == [("order-8", "phone-2", "customer-8")]
    assert await flow.pool.fetchval("SELECT done_at > asked_at FROM erasures")
    assert (await settled(flow, clock)).requests == []
    assert await is_same(flow)


async def test_an_erased_customer_is_in_no_segment(flow: Flow, eraser: Eraser) -> None:
    """Their tags and their place in lists of ids go; what is written later stays, and so do others."""
    segments = SegmentStore(flow.pool)
    for customer in ("customer-7", "customer-8"):
        await segments.put_customer_tags(customer, ["vip"])
    await segments.put_ids("fans", "customers", ["customer-7", "customer-8"])
    asked = await eraser.ask("customer-7")
    await eraser.carry_out(asked)
    await segments.put_ids("friends", "customers", ["customer-7"])
    await eraser.carry_out(asked)

    assert await flow.pool.fetchval("SELECT array_agg(customer_id) FROM customer_tags") == ["customer-8"]
    rows = await flow.pool.fetch("SELECT name, id FROM segment_ids ORDER BY name")
    assert [tuple(row) for row in rows] == [("fans", "customer-8"), ("friends", "customer-7")]


async def test_a_file_does_not_bring_back_who_was_erased(pool: Pool, keyring: Keyring) -> None:
    """Not even a phone that was unknown when that was asked for; one that signed in again later is taken."""
    flow = Flow(pool, keyring)
    eraser = Eraser(pool, flow.store, flow.registry)
    await eraser.carry_out(await eraser.ask("customer-7"))
    later = phone("phone-2", ago=-timedelta(seconds=30))
    [refused, taken] = await take(flow, phone("phone-1", card()), later)

    assert (refused.fate, [each.pointer for each in refused.faults]) == (Fate.REFUSED, ["/device/customerId"])
    assert taken.fate is Fate.NEW
    assert await pool.fetchval("SELECT array_agg(device_id) FROM devices") == ["phone-2"]
    assert await flow.rows() == []


@pytest.mark.usefixtures("flow")
async def test_an_export_is_told_apart(dsn: str) -> None:
    """It has opened values, which no erasure reaches; one made after it has none."""
    before = await lockstep("events", "export", "--with-personal-values", dsn=dsn)
    erased = await lockstep("erase", "customer", "customer-7", "--yes", dsn=dsn)
    after = await lockstep("events", "export", "--with-personal-values", dsn=dsn)

    assert found_in(before.out.encode(), NAMES) == NAMES
    assert "exports with personal values" in erased.out
    assert found_in(after.out.encode(), NAMES | {NEIGHBOUR}) == {NEIGHBOUR}


async def test_a_backup_opens_what_was_erased_since(eraser: Eraser, dsn: str) -> None:
    """Whoever restores one has to erase again: so it is said, and found here."""
    backup = await dumped(dsn)
    await eraser.carry_out(await eraser.ask("customer-7"))

    assert found_in(backup, NAMES) == NAMES


@pytest.fixture(params=["read_work", "write"])
def during_a_fold(request: pytest.FixtureRequest, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Erase once a fold has read the events and the key, or has written the view and not committed."""
    original, todo = getattr(ViewStore, request.param), ["order-1"]

    async def erase_meanwhile(*given: Any) -> Any:
        done = await original(*given)
        while todo:
            await flow.store.erase(todo.pop())
        return done

    monkeypatch.setattr(ViewStore, request.param, erase_meanwhile)


@pytest.mark.usefixtures("during_a_fold")
async def test_an_erasure_during_a_fold_leaves_nothing(flow: Flow, dsn: str, clock: Clock) -> None:
    """The view that it writes is sealed with a key that is gone, and is behind: the next fold clears it."""
    await flow.append(flow.event("order-1", "order.note", {"text": NOTE}))
    await flow.project("order-1")
    assert found_in(await dumped(dsn), {COURIER}) == set()
    await settled(flow, clock)

    assert found_in(await dumped(dsn), {COURIER}) == set()
    assert (await Rebuilding(flow.pool, flow.keyring).versions())["order-1"] == 4
    assert await is_same(flow)


async def test_an_erasure_while_a_projector_is_killed_leaves_nothing(
    flow: Flow, eraser: Eraser, dsn: str, clock: Clock
) -> None:
    """It holds the locks of its slots, and views that it has written; the erasure does not wait for it."""
    place = surroundings(dsn, LOCKSTEP_ROLES="projector")
    process = await create_subprocess_exec(
        sys.executable, "-m", "tests.faults.held", "after_write", env=place, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        while await process.stdout.readline() != HELD:
            assert process.returncode is None
        await eraser.carry_out(await eraser.ask("customer-7"))
    finally:
        process.kill()
        await process.communicate()
    await settled(flow, clock)

    assert found_in(await dumped(dsn), NAMES) == set()
    assert await is_same(flow)


async def test_an_erasure_during_a_rebuild_leaves_nothing(
    flow: Flow, eraser: Eraser, dsn: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page has been read, with its keys, and is not yet written."""
    original, todo = events_between, ["customer-7"]

    async def erase_meanwhile(*given: Any) -> AsyncIterator[Any]:
        async for each in original(*given):
            while todo:
                await eraser.carry_out(await eraser.ask(todo.pop()))
            yield each

    monkeypatch.setattr(rebuilder, events_between.__name__, erase_meanwhile)
    rebuilding = Rebuilding(flow.pool, flow.keyring)
    await flow.project(*ORDERS)
    await rebuilding.begin()
    await rebuilding.build()
    assert todo == []
    assert found_in(await dumped(dsn), NAMES) == set()
    await settled(flow, clock)
    await rebuilding.run()

    assert await rebuilding.live() == {3}
    assert found_in(await dumped(dsn), NAMES) == set()
    assert await is_same(flow)
    await rebuilding.roll_back()
    assert await is_same(flow)


@pytest.mark.parametrize(
    ("table", "condition", "before"),
    [
        ("devices", f"device_id = '{PHONE}'", "EXISTS (SELECT FROM erasures)"),
        ("heads", f"subject_id = '{LAST}'", ALL_BUT_ONE),
        ("subject_keys", f"subject_id = '{LAST}'", ALL_BUT_ONE),
    ],
)  # fmt: skip
async def test_a_command_that_is_killed_is_brought_to_its_end(
    table: str, condition: str, before: str, flow: Flow, eraser: Eraser, dsn: str, clock: Clock
) -> None:
    """By the running service, wherever it was; or by the same command once more."""
    async with flow.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"SELECT FROM {table} WHERE {condition} FOR UPDATE")
        process = await begin("erase", "customer", "customer-7", "--yes", dsn=dsn)
        try:
            async with flow.pool.acquire() as looking:
                while not await looking.fetchval(f"SELECT {before}"):
                    assert process.returncode is None
                    await sleep(0.02)
                await backend_that_waits(looking)
        finally:
            process.kill()
            await process.communicate()
    await eraser.go_on()
    await settled(flow, clock)

    assert found_in(await dumped(dsn), NAMES) == set()
    again = await lockstep("erase", "customer", "customer-7", "--yes", "--json", dsn=dsn)
    assert (again.code, again.json["orders"], again.json["erasedOrders"]) == (0, 0, 4)
    assert {each.type async for each in flow.store.read_subject(LAST)} >= {"order.erased"}
    assert await is_same(flow)


async def test_what_was_being_written_meanwhile_goes_too(flow: Flow, eraser: Eraser, clock: Clock) -> None:
    """An order that was recorded before, and committed after the look, is found by the next; then it is done."""
    slow = EventStore(flow.pool, flow.keyring)
    placed = flow.event("order-9", "order.placed", FACTS["order.placed"] | {"customerId": "customer-7"})
    async with flow.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        sealed = await seal_events(connection, SubjectKeys(flow.keyring), [placed])
        await slow._append_fast(connection, [Group(slot_of("order-9"), "order-9", (placed,))], sealed)
        asked = await eraser.ask("customer-7")
        await eraser.carry_out(asked)
        await transaction.commit()
    await clock.advance(seconds=SETTLED_SECONDS + 1)
    await settled(flow, clock)
    await eraser.go_on()
    assert [each.type async for each in flow.store.read_subject("order-9")] == ["order.placed", "order.erased"]
    assert await flow.pool.fetchval("SELECT done_at FROM erasures") is None
    await eraser.go_on()

    assert await flow.pool.fetchval("SELECT done_at FROM erasures") is not None


async def test_whoever_comes_back_is_a_customer_like_any_other(
    flow: Flow, eraser: Eraser, dsn: str, clock: Clock
) -> None:
    """An order that is placed after the erasure is kept, and shown on a phone that has launched since."""
    await eraser.carry_out(await eraser.ask("customer-7"))
    await settled(flow, clock)
    await flow.register(PHONE, "customer-7", start_tokens={"OrderAttributes": "5d" * 32})
    await flow.place("order-10", items=[{"name": "Tzatziki", "quantity": 1}])
    await flow.settle("order-10")
    await clock.advance(seconds=SETTLED_SECONDS + 1)
    for _ in range(2):
        await eraser.go_on()

    assert await flow.pool.fetchval("SELECT done_at FROM erasures") is not None
    assert found_in(await dumped(dsn), NAMES | {"Tzatziki"}) == {"Tzatziki"}
    assert ("order-10", PHONE, "customer-7") in await flow.pairs()


async def test_an_order_belongs_to_the_customer_of_its_first_event(flow: Flow, eraser: Eraser) -> None:
    """Who is named later, as nobody should be, takes nothing from the first."""
    await flow.place("order-8", "customer-9")
    extent = await eraser.extent_of_customer("customer-9")
    await eraser.carry_out(await eraser.ask("customer-9"))

    assert not extent
    assert await flow.pool.fetchval("SELECT erased_at FROM subject_keys WHERE subject_id = 'order-8'") is None


async def test_an_archived_order_loses_its_key(
    flow: Flow, eraser: Eraser, dsn: str, clock: Clock, tmp_path: Path
) -> None:
    """Its log is closed, and in a file: what that says can be opened by nobody, nor is it when it comes back."""
    archiving = Archiving(flow, clock, tmp_path)
    await archiving.settle("order-2")
    [name] = (await archiving.run()).files
    assert (await eraser.extent_of_customer("customer-7")).orders == 4
    await eraser.carry_out(await eraser.ask("customer-7"))
    assert await flow.pool.fetchval("SELECT wrapped IS NULL FROM subject_keys WHERE subject_id = 'order-2'")
    assert (await eraser.extent_of_customer("customer-7")).orders == 0
    await archiving.put_back(name)
    await settled(flow, clock)

    assert [each.type async for each in flow.store.read_subject("order-2")][-1] == "order.erased"
    assert found_in(await dumped(dsn), NAMES) == set()
    assert await is_same(flow)
