"""Subjects of a team's own kinds, through every stage that orders go through."""

import json
from typing import Any, Final

import pytest
from msgspec.structs import replace

from app.apns.dispatch_rules import DispatchRules
from app.demo import upload_card as upload
from app.erasure import Eraser
from app.explanations import Explainer
from app.housekeeping import Housekeeper
from app.order_states import StateReader
from app.orders import OrderReader
from app.point import AtVersion
from events.slot import ALL_SLOTS
from projections.comparison import OtherFold
from projections.eta import Eta, NotAnOrder
from projections.eta_keeper import EtaKeeper
from projections.explanation import Explanation
from projections.matcher import LEFT
from projections.order_replay import replay_order
from projections.own_view import OwnView
from projections.reasons import Reason
from projections.registry import Registry
from projections.verifier import verify
from projections.view_store import ViewStore
from tests.cards import booking, order_in_brief
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.examples.events import NOON
from tests.integration.archiving import Archiving
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.dumped import dumped, found_in
from tests.integration.flow import ROUTES, Flow
from tests.integration.rebuilding import Rebuilding

GUEST: Final = "Eleni Papadáki"
MADE: Final[dict[str, Any]] = {
    "customerId": "customer-7",
    "restaurant": "Taverna Ilios",
    "party": 4,
    "guestName": GUEST,
    "expectedAt": "2025-11-01T19:00:00Z",
}
STARTED: Final[dict[str, Any]] = {"customerId": "customer-7", "fileName": "wedding.mov", "sizeBytes": 7_000_000}
READY: Final = {"table": "12"}


@pytest.fixture(autouse=True)
def installed(cards: Registry) -> Registry:
    """Know bookings and uploads."""
    cards.install([booking.CARD, upload.CARD], ["tests.cards.booking", "app.demo.upload_card"])
    return cards


async def happen(flow: Flow, subject_id: str, *events: tuple[str, dict[str, Any]]) -> None:
    """Let events be recorded and folded."""
    await flow.append(*(flow.event(subject_id, type_, data) for type_, data in events))
    await flow.project(subject_id)


def tokens(phone: str) -> dict[str, str]:
    """Give the start tokens of a phone."""
    return {
        each: f"{phone} {each}".encode().hex() for each in ("OrderAttributes", "BookingAttributes", "UploadAttributes")
    }


async def stored(flow: Flow) -> list[tuple[Any, ...]]:
    """Give the live views as they stand in their table."""
    rows = await flow.pool.fetch(
        "SELECT subject_id, state::text, fingerprint FROM views JOIN slots USING (slot, generation) ORDER BY subject_id"
    )
    return [tuple(row) for row in rows]


async def side_by_side(flow: Flow) -> None:
    """Let an order, a booking and an upload of one customer be shown on one phone."""
    await flow.register(start_tokens=tokens("phone-1"))
    await flow.place()
    await flow.append(
        flow.event("booking-1", "booking.made", MADE),
        flow.event("upload-1", "upload.started", STARTED),
        flow.event("upload-1", "upload.progressed", {"percent": 40}),
    )
    await flow.settle("order-1", "booking-1", "upload-1")


async def view(flow: Flow, subject_id: str = "booking-1") -> OwnView:
    """Read the view of a subject of a team's own kind."""
    async with flow.pool.acquire() as connection:
        found = (await ViewStore(flow.keyring).read(connection, [subject_id]))[subject_id].view
    assert isinstance(found, OwnView)
    return found


async def explained(flow: Flow, subject_id: str = "booking-1") -> Explanation:
    """Ask why its cards do not move."""
    explanation = await Explainer(flow.pool, flow.keyring, DispatchRules(), lambda: ROUTES).explain(subject_id)
    assert explanation is not None
    return explanation


async def test_several_kinds_are_folded_and_shown_side_by_side(flow: Flow) -> None:
    """In one batch, each with its own type; and a replay gives the same."""
    await side_by_side(flow)
    apns = Apns()
    await work(dispatcher(flow, apns))
    sent = {each["attributes-type"]: each for each in (json.loads(one.payload)["aps"] for one in apns.requests)}

    assert {row["subject_id"]: row["attributes_type"] for row in await flow.rows()} == {
        "order-1": "OrderAttributes",
        "booking-1": "BookingAttributes",
        "upload-1": "UploadAttributes",
    }
    assert sent["UploadAttributes"]["content-state"]["percent"] == 40
    assert sent["BookingAttributes"]["attributes"]["restaurant"] == "Taverna Ilios"
    assert sent["BookingAttributes"]["alert"] == {
        "title": "Taverna Ilios",
        "body": "Your table is booked.",
        "sound": "default",
    }
    assert (await verify(flow.pool, flow.keyring)).same
    page = await OrderReader(flow.pool, flow.keyring).read("booking-1")
    assert page is not None
    assert (page.status, page.customer_id, json.loads(bytes(page.content_state or b""))["guest"]) == (
        "made",
        "customer-7",
        GUEST,
    )


async def test_a_rebuild_makes_them_anew(flow: Flow) -> None:
    """The same views, in the next generation; and a state of before can be told."""
    await side_by_side(flow)
    before = await stored(flow)
    done = await Rebuilding(flow.pool, flow.keyring).run()
    past = await StateReader(flow.pool, flow.keyring, keep_receipts_days=30).read("upload-1", AtVersion(1))

    assert (done.changed, done.stopped.count) == (0, 0)
    assert await stored(flow) == before
    assert past is not None
    assert json.loads(bytes(past.recorded.content_state or b""))["percent"] == 0


async def test_a_worker_without_the_module_holds_and_counts_them(flow: Flow, installed: Registry, clock: Clock) -> None:
    """It goes on with every other subject; one with the module takes up what it held, also for phones."""
    installed.install([upload.CARD])
    await flow.register(start_tokens=tokens("phone-1"))
    installed.install([booking.CARD, upload.CARD])
    made = flow.event("booking-1", "booking.made", MADE)
    installed.install([upload.CARD])
    await flow.place()
    await flow.append(made)
    await flow.settle("order-1", "booking-1")
    held, said = await Housekeeper(flow.pool, lambda _: None).count_trouble(), await explained(flow)
    await flow.projector.sweep(ALL_SLOTS)

    assert (held, said.finding.reason, flow.projector.waiting) == ((0, 1), Reason.NEWER_EVENT, 0)
    assert [row["subject_id"] for row in await flow.rows()] == ["order-1"]

    installed.install([booking.CARD, upload.CARD])
    await flow.project("booking-1")
    installed.install([upload.CARD])
    await flow.match()
    await flow.register("phone-2", start_tokens=tokens("phone-2"))
    await flow.match()
    unread = await explained(flow)

    assert (unread.finding.reason, "LOCKSTEP_CARDS" in unread.finding.why) == (Reason.UNREADABLE, True)
    assert [row["subject_id"] for row in await flow.rows()] == ["order-1", "order-1"]

    installed.install([booking.CARD, upload.CARD])
    await clock.advance(seconds=LEFT.total_seconds())
    await flow.match()
    assert [(row["subject_id"], row["device_id"]) for row in await flow.rows("booking-1")] == [
        ("booking-1", "phone-1"),
        ("booking-1", "phone-2"),
    ]
    assert (await verify(flow.pool, flow.keyring)).same


async def test_a_fold_that_raises_stops_its_subject_alone_and_says_where(flow: Flow, installed: Registry) -> None:
    """Until its definition is mended."""

    def breaks(state: booking.Booking, fact: Any, at: Any) -> booking.Booking:
        if isinstance(fact, booking.TableReady):
            raise KeyError(GUEST)
        return booking.evolve(state, fact, at)

    await side_by_side(flow)
    installed.install([replace(booking.CARD, evolve=breaks), upload.CARD])
    await flow.append(
        flow.event("booking-1", "booking.table_ready", READY), flow.event("upload-1", "upload.finished", {})
    )
    await flow.project("booking-1", "upload-1")
    said = (await explained(flow)).finding

    assert (await view(flow, "upload-1")).status == "finished"
    assert said.reason is Reason.QUARANTINED
    assert "in the definition of its card. booking: evolve raised KeyError in test_own_kinds.py, line" in said.why
    assert GUEST not in said.why

    installed.install([booking.CARD, upload.CARD])
    done = await replay_order(flow.pool, flow.keyring, "booking-1")
    await flow.project("booking-1")
    assert done is not None
    assert done.released
    assert (await view(flow)).status == "table_ready"


async def test_a_render_that_raises_fails_its_card_alone_and_says_where(
    flow: Flow, installed: Registry, clock: Clock
) -> None:
    """The others are sent; the order is read, a launch is answered, and the card ends where it must not be."""

    def breaks(_: OwnView) -> Any:
        raise KeyError(GUEST)

    await side_by_side(flow)
    await work(dispatcher(flow, Apns()))
    [card] = await flow.rows("booking-1")
    await flow.registry.report_card(
        "phone-1",
        str(card["card_id"]),
        reported(subject="booking-1", attributes_type="BookingAttributes", update_token=UPDATE_TOKEN),
    )
    await clock.advance(seconds=2)
    installed.install([replace(booking.CARD, render=breaks), upload.CARD])
    await happen(flow, "booking-1", ("booking.table_ready", READY))
    await flow.register("phone-2", start_tokens=tokens("phone-2"))
    await flow.match()
    apns = Apns()
    await work(dispatcher(flow, apns))
    where = "BookingAttributes: render raised KeyError in test_own_kinds.py, line"
    told = await explained(flow)
    page = await OrderReader(flow.pool, flow.keyring).read("booking-1")

    assert [json.loads(each.payload)["aps"]["attributes-type"] for each in apns.requests] == [
        "OrderAttributes",
        "UploadAttributes",
    ]
    assert {row["outcome"] for row in await flow.rows("booking-1")} == {"failed"}
    assert {each.finding.reason for each in told.cards} == {Reason.NOT_MADE}
    assert all(where in each.finding.why and GUEST not in each.finding.why for each in told.cards)
    assert page is not None
    assert (page.content_state, where in str(page.why_not)) == (None, True)

    await clock.advance(seconds=2)
    away = Apns()
    await flow.register(customer_id="somebody-else", start_tokens=tokens("phone-1"))
    await flow.match()
    await work(dispatcher(flow, away))
    [end] = [each for each in (json.loads(one.payload)["aps"] for one in away.requests) if each["event"] == "end"]
    assert "content-state" not in end


async def test_a_view_of_another_version_is_read_anew_and_told_apart(flow: Flow, installed: Registry) -> None:
    """Readers fold it in memory, its next event writes it, a rebuild writes all."""
    await side_by_side(flow)
    await happen(flow, "booking-2", ("booking.made", MADE), ("booking.table_ready", READY))

    def counts(state: booking.Booking, fact: Any, at: Any) -> booking.Booking:
        after = booking.evolve(state, fact, at)
        return replace(after, arrived=after.arrived + 1)

    installed.install([replace(booking.CARD, evolve=counts, version=2), upload.CARD])
    found = await verify(flow.pool, flow.keyring)
    read = await view(flow, "booking-2")

    assert (found.same, found.other_folds) == (True, (OtherFold(1, 2, 2, "booking"),))
    assert (read.card_version, read.state.arrived, read.version) == (2, 2, 2)

    await happen(flow, "booking-1", ("booking.table_ready", READY))
    assert (await verify(flow.pool, flow.keyring)).other_folds == (OtherFold(1, 1, 1, "booking"),)
    assert (await view(flow)).state.arrived == 2
    assert (await Rebuilding(flow.pool, flow.keyring).run()).changed == 1
    again = await verify(flow.pool, flow.keyring)
    assert (again.same, again.other_folds) == (True, ())


async def test_what_is_of_another_kind_changes_nothing_and_is_told(flow: Flow) -> None:
    """The first event decides."""
    await happen(flow, "booking-1", ("booking.made", MADE), ("order.accepted", {}), ("upload.finished", {}))
    told = await explained(flow)

    assert [(each.type, each.foreign) for each in told.events] == [
        ("upload.finished", True),
        ("order.accepted", True),
        ("booking.made", False),
    ]
    assert ((await view(flow)).version, (await view(flow)).status) == (3, "made")


async def test_what_lacks_its_opening_event_says_which(flow: Flow) -> None:
    """In the words of its kind."""
    await happen(flow, "booking-1", ("booking.table_ready", READY))
    told = await explained(flow)
    past = await StateReader(flow.pool, flow.keyring, keep_receipts_days=30).read("booking-1", AtVersion(1))

    assert (told.finding.reason, told.opening) == (Reason.NOT_PLACED, "booking.made")
    assert "Without booking.made" in told.finding.why
    assert past is not None
    assert past.recorded.why_not == "Event booking.made had not come, so there was nothing to show."


async def test_a_booking_takes_no_delivery_times(flow: Flow) -> None:
    """Its times come with its own events."""
    await happen(flow, "booking-1", ("booking.made", MADE))
    keeper = EtaKeeper(flow.pool, flow.keyring, flow.store, lambda _: None)
    put = Eta(subject_id="booking-1", delivery_time=NOON, at=NOON, source="courier")

    assert await keeper.put(put) == NotAnOrder("booking")
    assert (await view(flow)).version == 1


async def test_an_erased_customer_is_in_no_dump(flow: Flow, dsn: str) -> None:
    """Also not one whose booking has no view yet; and a replay comes to the same."""
    await side_by_side(flow)
    await flow.append(flow.event("booking-2", "booking.made", MADE))
    await flow.append(flow.event("booking-3", "booking.made", MADE | {"customerId": "customer-8", "guestName": "Jan"}))
    eraser = Eraser(flow.pool, flow.store, flow.registry)
    extent = await eraser.extent_of_customer("customer-7")
    await eraser.carry_out(await eraser.ask("customer-7"))
    await flow.project("order-1", "booking-1", "booking-2", "booking-3", "upload-1")
    erased = await view(flow)

    assert extent.orders == 4
    assert (erased.erased, erased.state) == (True, booking.Booking("Taverna Ilios", 4))
    assert found_in(await dumped(dsn), {GUEST, "wedding.mov", "Jan"}) == {"Jan"}
    assert (await verify(flow.pool, flow.keyring)).same


async def test_a_finished_booking_is_archived_and_put_back(archiving: Archiving) -> None:
    """With its state, and its personal values sealed."""
    flow = archiving.flow
    await happen(flow, "booking-1", ("booking.made", MADE), ("booking.completed", {}))
    await archiving.settle("booking-1")
    before = await view(flow)
    await archiving.run()
    [file] = archiving.folder.glob("*.gz")

    assert GUEST.encode() not in file.read_bytes()
    assert (await archiving.put_back(file.name)).orders == 1
    assert await view(flow) == before
    assert (await archiving.verify()).same


async def test_a_phone_keeps_the_card_that_it_shows_when_a_look_takes_its_place(
    flow: Flow, installed: Registry, clock: Clock
) -> None:
    """It is not shown the same order twice; its next order has the new look."""
    await flow.wanted()
    await live(flow, clock)
    installed.install([order_in_brief.CARD])
    await flow.register(start_tokens={**tokens("phone-1"), "BriefAttributes": "ee"})
    await flow.place("order-2")
    await flow.happen("order-1", "order.picked_up")
    await flow.settle("order-1", "order-2")
    apns = Apns()
    await work(dispatcher(flow, apns))
    sent = [json.loads(each.payload)["aps"] for each in apns.requests]

    assert [(row["subject_id"], row["attributes_type"]) for row in await flow.rows()] == [
        ("order-1", "OrderAttributes"),
        ("order-2", "BriefAttributes"),
    ]
    assert {each["event"]: each["content-state"].get("line") for each in sent} == {"update": None, "start": "Placed"}
