"""The fold of a team's own kind: the order's law, with its table of steps and its state."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.demo import upload_card as upload
from events.codec import encode_new
from events.envelope import RecordedEvent, as_recorded
from events.errors import NewerEventError
from events.vocabulary import SHAPES
from projections.errors import EvolveError, OutdatedViewError, UnknownCardError
from projections.order_view import EMPTY, OrderView
from projections.own_view import OwnView
from projections.registry import CARDS, Registry
from projections.view import View, decode_view, encode_view, evolve, fingerprint, fold
from tests.cards import booking
from tests.examples.events import KEY, NOON, happened

MADE = {
    "customerId": "customer-7",
    "restaurant": "Taverna Ilios",
    "party": 4,
    "guestName": "Anna Kaya",
    "expectedAt": "2025-11-01T19:00:00Z",
}


@pytest.fixture(autouse=True)
def installed(cards: Registry) -> None:
    """Know bookings and uploads."""
    cards.install([booking.CARD, upload.CARD])


def event(version: int, type_: str, data: dict[str, Any], *, at: int | None = None) -> RecordedEvent:
    """Give an event that occurred so many minutes after noon, by default its version."""
    minutes = timedelta(minutes=version if at is None else at)
    new = encode_new(
        subject_id="booking-1",
        source="tables",
        event_id=f"e{version}",
        type=type_,
        data=data,
        occurred_at=NOON + minutes,
        key=KEY,
    )
    return as_recorded(new, version, NOON + timedelta(days=1))


def made(version: int = 1, **changes: Any) -> RecordedEvent:
    """Give the event that opens a booking."""
    return event(version, "booking.made", MADE | changes)


def own(view: View) -> OwnView:
    """See that a view is of a kind of one's own."""
    assert isinstance(view, OwnView)
    return view


def folded(*events: RecordedEvent) -> OwnView:
    """Fold the events of a booking."""
    return own(fold(EMPTY, events))


def lines(view: OwnView) -> list[str]:
    """Give the keys of the lines of its history."""
    return [line.key for line in view.history]


def test_a_booking_folds_by_its_own_steps() -> None:
    """Status, progress, time, history and state."""
    view = folded(
        made(showAt="2025-11-01T18:00:00Z"),
        event(2, "booking.table_ready", {"table": "12"}),
        event(3, "booking.guest_arrived", {"guestId": "g1"}),
        event(4, "booking.guest_arrived", {"guestId": "g2"}),
        event(5, "booking.moved", {"expectedAt": "2025-11-01T20:00:00Z"}),
    )

    assert (view.kind, view.customer_id, view.status, view.progress_percent) == (
        "booking",
        "customer-7",
        "table_ready",
        50,
    )
    assert view.state == booking.Booking("Taverna Ilios", 4, "Anna Kaya", "12", 2)
    assert str(view.next_expected_at) == "2025-11-01 20:00:00+00:00"
    assert str(view.show_at) == "2025-11-01 18:00:00+00:00"
    assert lines(view) == ["made", "table_ready", "guest:g1", "guest:g2"]
    assert [(each.rank, each.type) for each in view.alerts] == [
        (1, "booking.moved"),
        (2, "booking.made"),
        (3, "booking.table_ready"),
    ]
    assert (view.changed_version, view.version, view.over) == (5, 5, False)
    assert json.loads(booking.CARD.draw(view))["arrived"] == 2


def test_what_came_before_the_opening_event_folds_when_it_comes() -> None:
    """As with orders."""
    early = folded(event(1, "booking.table_ready", {"table": "3"}))
    view = own(evolve(early, made(2)))

    assert (early.placed, early.status) == (False, "")
    assert (view.status, view.state.table, view.early) == ("made", "3", ())
    assert own(evolve(view, made(3, customerId="thief"))) == replace(view, version=3)


def test_a_late_event_does_not_take_a_status_back() -> None:
    """It is in the history where it belongs."""
    view = folded(made(), event(2, "booking.table_ready", {"table": "3"}, at=9), event(3, "booking.made", MADE, at=10))
    late = folded(event(1, "booking.table_ready", {"table": "3"}, at=9), made(2))

    assert view.status == late.status == "table_ready"


@pytest.mark.parametrize(
    ("second", "at", "status"),
    [("cancelled", 9, "cancelled"), ("cancelled", 1, "completed"), ("table_ready", 9, "completed")],
)
def test_only_a_later_ending_replaces_an_ending(second: str, at: int, status: str) -> None:
    """The last one counts, whatever came after it that is none."""
    data = {"table": "3"} if second == "table_ready" else {}
    view = folded(made(), event(2, "booking.completed", {}, at=2), event(3, f"booking.{second}", data, at=at))

    assert (view.status, view.over) == (status, True)
    assert view.state.table is None


def test_an_ending_takes_effect_over_a_later_step() -> None:
    """The booking is over, even if somebody's clock was slow."""
    view = folded(
        made(), event(2, "booking.table_ready", {"table": "3"}, at=50), event(3, "booking.cancelled", {}, at=3)
    )

    assert (view.status, view.over) == ("cancelled", True)


def test_progress_comes_from_the_fact_and_never_falls() -> None:
    """An event that changes nothing that shows makes no change."""
    started = event(1, "upload.started", {"customerId": "c", "fileName": "a.mov", "sizeBytes": 7})
    view = folded(
        started,
        event(2, "upload.progressed", {"percent": 40}),
        event(3, "upload.progressed", {"percent": 20}, at=1),
        event(4, "upload.progressed", {"percent": 40}, at=2),
    )

    assert (view.progress_percent, view.changed_version, view.version) == (40, 2, 4)


def test_the_first_event_decides_the_kind_and_others_change_nothing() -> None:
    """Also in an order, and also before it was placed."""
    table = folded(made(), happened(2, "order.placed"), event(3, "upload.finished", {}))
    order = fold(EMPTY, [happened(1, "order.accepted"), made(2), happened(3, "order.placed"), made(4)])
    plain = fold(EMPTY, [happened(1, "order.accepted"), happened(3, "order.placed")])

    assert table == replace(folded(made()), version=3)
    assert isinstance(order, OrderView)
    assert order == replace(plain, version=4)


def test_a_kind_that_is_not_known_here_is_for_another_worker(cards: Registry) -> None:
    """Also where it is found in a view, and in the midst of a subject of another kind."""
    opened, foreign = made(), made(2)
    state, _ = encode_view(folded(opened))
    cards.install([upload.CARD])

    with pytest.raises(NewerEventError, match=r"booking\.made"):
        fold(EMPTY, [opened])
    with pytest.raises(NewerEventError):
        fold(EMPTY, [happened(1, "order.placed"), foreign])
    with pytest.raises(NewerEventError):
        fold(EMPTY, [event(1, "upload.started", {"customerId": "c", "fileName": "a", "sizeBytes": 7}), foreign])
    with pytest.raises(UnknownCardError, match="booking"):
        decode_view(state, None)
    assert not any(type_.startswith("booking.") for type_, _ in SHAPES)


def test_a_view_of_another_version_of_its_definition_says_so(cards: Registry) -> None:
    """It is folded again, and not read."""
    state, personal = encode_view(folded(made()))
    cards.install([replace(booking.CARD, version=2)])

    with pytest.raises(OutdatedViewError, match="folded by version 1 of booking, and this process has version 2"):
        decode_view(state, personal)
    assert folded(made()).card_version == 2


def test_personal_values_of_the_state_are_apart() -> None:
    """The stored state has none; without the other half they are absent."""
    view = folded(made())
    state, personal = encode_view(view)

    assert b"Anna" not in state
    assert personal == b'{"state":{"guest_name":"Anna Kaya"}}'
    assert decode_view(state, personal) == view
    assert own(decode_view(state, None)).state.guest_name is None
    early = encode_view(folded(event(1, "booking.table_ready", {"table": "3"})))
    assert encode_view(decode_view(*early)) == early


EVENTS: list[Callable[[int], RecordedEvent]] = [
    lambda version: made(version, guestName=f"Anna {version}"),
    lambda version: event(version, "booking.table_ready", {"table": str(version)}, at=30 - version),
    lambda version: event(version, "booking.guest_arrived", {"guestId": f"g{version % 3}"}),
    lambda version: event(version, "booking.moved", {"expectedAt": "2025-11-01T20:00:00Z"}, at=version % 4),
    lambda version: event(version, "booking.cancelled", {}, at=version % 5),
    lambda version: happened(version, "order.erased"),
    lambda version: happened(version, "order.note"),
]


@given(st.lists(st.sampled_from(EVENTS), max_size=20), st.integers(0, 20))
def test_a_fold_may_be_broken_off_and_stored_anywhere(given: list[Callable[[int], RecordedEvent]], cut: int) -> None:
    """The rest folds to the same, to the byte."""
    events = [made(1), *(each(version) for version, each in enumerate(given, 2))]
    whole, first = fold(EMPTY, events), fold(EMPTY, events[:cut])
    rest = fold(decode_view(*encode_view(first)), events[cut:])

    assert rest == whole
    assert encode_view(rest) == encode_view(whole)


@given(st.lists(st.sampled_from(EVENTS), max_size=20), st.booleans())
def test_an_erased_booking_is_one_that_never_had_personal_values(
    given: list[Callable[[int], RecordedEvent]],
    opened: bool,  # noqa: FBT001 - drawn
) -> None:
    """A fold that never saw them ends in the same view."""
    events = [made(1)] if opened else [event(1, "booking.moved", {"expectedAt": "2025-11-01T20:00:00Z"})]
    events += [each(version) for version, each in enumerate(given, 2)]
    events.append(happened(len(events) + 1, "order.erased"))
    live, replayed = fold(EMPTY, events), fold(EMPTY, [replace(each, personal=None) for each in events])

    assert encode_view(live) == encode_view(replayed)
    assert encode_view(live)[1] is None
    assert fingerprint(live, KEY) == fingerprint(replayed, KEY)


def leaks(state: booking.Booking, fact: Any, _at: Any) -> booking.Booking:
    """Let a name decide what is no personal field."""
    name = getattr(fact, "guest_name", None)
    return replace(state, table=None if name is None else name[0])


def fails(_state: Any, _fact: Any, _at: Any) -> Any:
    """Fail, with a name in the words of the error."""
    raise KeyError("Anna Kaya")


@pytest.mark.parametrize(
    ("evolve_", "why"),
    [
        (leaks, "booking: evolve lets a personal value decide what is no personal field: /table after booking.made"),
        (fails, "booking: evolve raised KeyError in test_own_view.py, line"),
        (lambda *_: {}, "booking: evolve gave dict, not Booking"),
        (lambda *_: booking.Booking(party="many"), "booking: evolve gave a Booking that cannot be read back"),  # type: ignore[arg-type]
    ],
)
def test_a_fold_that_fails_says_why_without_a_value(cards: Registry, evolve_: Any, why: str) -> None:
    """Its subject is quarantined with these words."""
    cards.install([replace(booking.CARD, evolve=evolve_)])

    with pytest.raises(EvolveError) as failed:
        fold(EMPTY, [made()])
    assert str(failed.value).startswith(why)
    assert "Anna" not in str(failed.value)


def test_a_function_of_a_step_may_fail_as_well(cards: Registry) -> None:
    """And its progress is one of a hundred."""
    steps = dict(upload.CARD.steps)
    step = steps["upload.progressed"]
    started = event(1, "upload.started", {"customerId": "c", "fileName": "a", "sizeBytes": 7})
    moved = event(2, "upload.progressed", {"percent": 40})
    for changed, why in (
        (replace(step, progress_of=lambda _: 140), "progress_of gave 140 for upload.progressed; it is to be 0 to 100"),
        (replace(step, rank_of=lambda *_: None), "rank_of gave NoneType, not int"),
        (replace(step, key_of=lambda fact: fact.nothing), "key_of raised AttributeError in test_own_view.py"),
    ):
        cards.install([replace(upload.CARD, steps=steps | {"upload.progressed": changed})])
        with pytest.raises(EvolveError, match=why):
            fold(EMPTY, [started, moved])


def test_a_rank_may_depend_on_what_was_known(cards: Registry) -> None:
    """The state before the fact, and the fact, both without personal values."""
    seen: list[Any] = []

    def rank_of(before: booking.Booking, fact: booking.TableReady) -> int:
        seen.append((before, fact.table))
        return 1

    steps = {
        **booking.CARD.steps,
        "booking.table_ready": replace(booking.CARD.steps["booking.table_ready"], rank_of=rank_of),
    }
    cards.install([replace(booking.CARD, steps=steps)])
    view = folded(made(), event(2, "booking.table_ready", {"table": "3"}))

    assert seen == [(booking.Booking("Taverna Ilios", 4), "3")]
    assert [each.rank for each in view.alerts] == [1, 2]
    assert CARDS.own_kind("booking").opening == "booking.made"
