"""The fold: late, twice and out of business order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.envelope import RecordedEvent
from events.errors import NewerEventError
from events.vocabulary import TODAY, kind_of
from projections.content_state import CARD
from projections.draft import Alert
from projections.history import shown
from projections.order_view import EMPTY, OrderView, decode_view, encode_view, fold
from projections.steps import STEPS, TERMINAL
from projections.view import fingerprint
from tests.examples.events import FACTS, KEY, NOON, happened
from tests.examples.histories import histories
from tests.examples.views import delivered, evolve, on_its_way

BOOKED = FACTS["order.placed"] | {"showAt": "2025-11-01T17:00:00Z"}


def after(*types: str | tuple[str, float] | tuple[str, float, dict[str, Any]]) -> OrderView:
    """Fold events given as a type, or as (type, seconds after noon, data)."""
    events = []
    for version, given_ in enumerate(types, 1):
        type_, at, data = (*((given_, None, None) if isinstance(given_, str) else given_), None)[:3]
        events.append(happened(version, str(type_), data, at=at))
    return fold(EMPTY, events)


def steps(view: OrderView) -> list[str]:
    """Give the names of the lines a phone sees."""
    return [step for step, _ in shown(view.history)]


def test_every_type_has_a_row_of_the_table() -> None:
    """A type without a row could not be folded."""
    assert set(STEPS) == {each for each in TODAY if kind_of(each) == "order"}


def test_an_order_walks_through_its_life() -> None:
    """The ordinary case."""
    view = on_its_way()

    assert (view.version, view.status, view.progress_percent, view.over) == (4, "picked_up", 75, False)
    assert (view.customer_id, view.merchant_name, view.order_number) == ("customer-7", "Taverna Ilios", "A-1042")
    assert (view.show_at, view.courier_name, view.image_key) == (NOON, "Anna Kaya", "bicycle")
    assert steps(view) == ["placed", "accepted", "courier_assigned", "picked_up"]
    assert view.alerts == (Alert(1, 4, "order.picked_up"), Alert(2, 1, "order.placed"))
    assert delivered().over


@pytest.mark.parametrize(
    ("events", "shown_at"),
    [
        ([("order.placed", 0, BOOKED), ("order.rescheduled", 5, None)], 13),
        ([("order.rescheduled", 5, None), ("order.placed", 0, BOOKED)], 13),
        ([("order.placed", 9, BOOKED), ("order.rescheduled", 5, None)], 17),
        ([("order.placed", 0, BOOKED), "order.cancelled", "order.rescheduled"], 17),
    ],
    ids=["moved", "moved before it was placed", "moved by a late word", "moved when it was over"],
)
def test_the_time_to_appear_is_the_last_that_was_said(events: list[Any], shown_at: int) -> None:
    """By effective time, as long as the order is open."""
    view = after(*events)

    assert view.show_at == NOON.replace(hour=shown_at)
    assert view.is_early(NOON)
    assert not view.is_early(view.show_at)


def test_a_move_shows_by_the_time_of_delivery_alone() -> None:
    """When a card appears is not written on it, so that moving only that alerts nobody."""
    view = after(
        ("order.placed", 0),
        ("order.rescheduled", 5),
        ("order.rescheduled", 6, FACTS["order.rescheduled"] | {"showAt": "2025-11-02T12:00:00Z"}),
    )

    assert (view.changed_version, view.status, steps(view)) == (2, "placed", ["placed"])
    assert Alert(1, 2, "order.rescheduled") in view.alerts


def test_a_late_event_does_not_take_the_card_back() -> None:
    """An older effective time adds its line and its progress, not its status."""
    view = after(("order.placed", 0), ("order.picked_up", 100), ("order.ready", 50))

    assert view.status == "picked_up"
    assert steps(view) == ["placed", "ready", "picked_up"]
    assert view.changed_version == 3


def test_a_clock_that_runs_ahead_freezes_nothing() -> None:
    """What claims to come from the future counts from when it was recorded."""
    ahead = replace(happened(2, "order.ready", at=90_000_000), recorded_at=happened(2, "order.ready").occurred_at)

    view = fold(EMPTY, [happened(1, "order.placed"), ahead, happened(3, "order.picked_up")])

    assert view.status == "picked_up"


def test_the_same_version_again_changes_nothing() -> None:
    """A retry of the projector may hand an event in twice."""
    view = on_its_way()

    assert evolve(view, happened(4, "order.cancelled")) == view


def test_the_second_placed_changes_nothing_but_the_version() -> None:
    """The first customer by version stands."""
    view = on_its_way()

    again = evolve(view, happened(5, "order.placed", {"customerId": "thief", "merchantName": "Other"}))

    assert again == replace(view, version=5)


def test_early_events_fold_after_placed() -> None:
    """They wait in the view, in both of its halves."""
    early = after("order.courier_assigned", "order.picked_up")
    state, personal = encode_view(early)

    view = evolve(decode_view(state, personal), happened(3, "order.placed", at=0))

    assert (early.status, early.placed, len(early.early)) == ("", False, 2)
    assert b"Anna" not in state
    assert (view.status, view.courier_name, view.early) == ("picked_up", "Anna Kaya", ())
    assert steps(view) == ["placed", "courier_assigned", "picked_up"]
    assert view.changed_version == 3


def test_only_the_newest_early_events_wait() -> None:
    """An order that is never placed does not grow for ever."""
    view = after(*["order.note"] * 70)

    assert [event.version for event in view.early] == list(range(7, 71))


@pytest.mark.parametrize("type_", ["order.delivered", "order.cancelled", "order.failed"])
def test_the_end_takes_effect_whatever_its_time(type_: str) -> None:
    """An order that was delivered is over, even if the courier's clock was slow."""
    assert after(("order.placed", 100), ("order.ready", 200), (type_, 1)).status == type_.removeprefix("order.")


@pytest.mark.parametrize(
    ("first", "second", "seconds", "status"),
    [
        ("delivered", "cancelled", 1, "cancelled"),
        ("delivered", "failed", 1, "failed"),
        ("delivered", "failed", -1, "delivered"),
        ("delivered", "delivered", 1, "delivered"),
        ("cancelled", "delivered", 1, "cancelled"),
        ("cancelled", "failed", 1, "failed"),
        ("failed", "cancelled", -1, "failed"),
        ("failed", "ready", 1, "failed"),
        ("delivered", "eta_changed", 1, "delivered"),
    ],
)
def test_what_may_replace_an_end(first: str, second: str, seconds: int, status: str) -> None:
    """Only a cancelled or failed that is later; the rest changes nothing but the version."""
    ended = after("order.placed", (f"order.{first}", 100))

    view = evolve(ended, happened(3, f"order.{second}", at=100 + seconds))

    assert view.status == status
    if status == first:
        assert view == replace(ended, version=3)


def test_notes_still_show_when_the_order_is_over() -> None:
    """A message for the customer may come last."""
    view = evolve(delivered(), happened(6, "order.note"))

    assert (view.status, view.note, steps(view)[-1]) == ("delivered", "Please ring twice", "note")
    assert view.alerts[-1] == Alert(3, 6, "order.note")


def test_a_reassigned_courier_is_a_new_line_and_the_same_one_moves() -> None:
    """The key is the courier's id, or the name where there is no id."""
    ben, eva = {"courierName": "Ben"}, {"courierName": "Eva"}

    view = after(
        ("order.placed", 0),
        "order.courier_assigned",
        ("order.courier_assigned", 10, ben),
        ("order.courier_assigned", 20, eva),
        ("order.courier_assigned", 30, ben),
    )

    assert [line.version for line in view.history] == [1, 4, 5, 2]
    assert b"Ben" not in encode_view(view)[0]


@pytest.mark.parametrize(("minute", "alerts"), [("45", True), ("44", False), ("35", False)])
def test_an_eta_alerts_if_it_is_later_by_five_minutes(minute: str, alerts: bool) -> None:  # noqa: FBT001 - a case
    """Sooner, or a little later, is good news."""
    view = after("order.placed", ("order.eta_changed", 100, {"deliveryTime": f"2025-11-01T12:{minute}:00Z"}))

    assert (Alert(1, 2, "order.eta_changed") in view.alerts) is alerts
    assert view.status == "placed"


def test_an_event_that_shows_nothing_new_does_not_alert() -> None:
    """The same step at the same second is no news."""
    view = after(("order.placed", 0), ("order.ready", 1.0), ("order.ready", 1.2))

    assert view.changed_version == 2
    assert view.alerts[0] == Alert(1, 2, "order.ready")


def test_an_event_that_is_newer_than_this_release_is_not_skipped() -> None:
    """A fold without it would be wrong for good."""
    with pytest.raises(NewerEventError):
        evolve(on_its_way(), replace(happened(5, "order.ready"), schema_version=7))


def test_erasure_clears_every_personal_value() -> None:
    """Nothing personal is left in either half, and nothing comes back."""
    view = fold(on_its_way(), [happened(5, "order.erased"), happened(6, "order.note"), happened(7, "order.accepted")])

    assert (view.courier_name, view.note, view.erased) == (None, None, True)
    assert encode_view(view)[1] is None
    assert steps(view)[-2:] == ["note", "accepted"]


def test_erasure_forgets_alerts_that_hang_on_a_personal_value() -> None:
    """A courier's new name is news only to those who may know names; a replay may not."""
    renamed = happened(5, "order.courier_assigned", {"courierName": "Eva", "courierId": "courier-3"}, at=180)
    events = [*(happened(v, t) for v, t in enumerate(("order.placed", "order.accepted", "order.courier_assigned"), 1))]
    events += [renamed, happened(6, "order.erased")]

    live = fold(EMPTY, events)

    assert fold(EMPTY, events[:4]).alerts[0].version == 5
    assert live.alerts == ()
    assert live == fold(EMPTY, [replace(event, personal=None) for event in events])


def test_a_view_without_its_personal_half_reads() -> None:
    """The key may be gone before the erasure is folded."""
    state, _ = encode_view(on_its_way())

    assert decode_view(state, None).courier_name is None


def test_a_fingerprint_depends_on_all_of_a_view_and_on_the_key() -> None:
    """Two views that differ in a personal value alone differ."""
    view = on_its_way()

    assert len(fingerprint(view, KEY)) == 16
    assert fingerprint(view, KEY) == fingerprint(on_its_way(), KEY)
    assert fingerprint(view, KEY) != fingerprint(replace(view, courier_name="Eva"), KEY)
    assert fingerprint(view, KEY) != fingerprint(view, b"other")


@given(histories(), st.integers(0, 40))
def test_a_fold_may_be_cut_anywhere(events: list[RecordedEvent], cut: int) -> None:
    """Folding on from a stored view is folding at once, and stored views are canonical."""
    whole = fold(EMPTY, events)
    state, personal = encode_view(fold(EMPTY, events[:cut]))

    rest = fold(decode_view(state, personal), events[cut:])

    assert rest == whole
    assert encode_view(rest) == encode_view(whole)


@given(histories(), st.randoms(use_true_random=False))
def test_no_order_of_events_makes_the_fold_fail(events: list[RecordedEvent], chance: Any) -> None:
    """Any permutation and repetition of facts folds, and renders."""
    shuffled = [*events, *events]
    chance.shuffle(shuffled)
    view = EMPTY
    for version, event in enumerate(shuffled, 1):
        view = evolve(view, replace(event, version=version))
        assert CARD.draw(view)


@given(histories(), st.booleans())
def test_terminal_stays(events: list[RecordedEvent], cancelled: bool) -> None:  # noqa: FBT001 - a drawn value
    """Nothing opens an order again, nor makes a cancelled one delivered."""
    view = fold(
        EMPTY, [happened(1, "order.placed"), happened(2, "order.cancelled" if cancelled else "order.delivered")]
    )
    for version, event in enumerate(events, 3):
        before, view = view, evolve(view, replace(event, version=version))
        assert view.status in TERMINAL
        assert (before.status, view.status) not in {("cancelled", "delivered"), ("failed", "delivered")}


@given(histories())
def test_an_older_value_never_returns(events: list[RecordedEvent]) -> None:
    """The stamp of each register only rises, and its value changes only with it."""
    view = EMPTY
    for event in events:
        before, view = view, evolve(view, event)
        for value, stamp in (("next_expected_at", "delivery_stamp"), ("courier_id", "courier_stamp")):
            assert getattr(view, stamp) >= getattr(before, stamp)
            if getattr(view, value) != getattr(before, value):
                assert getattr(view, stamp) > getattr(before, stamp)


@given(histories())
def test_history_is_ordered_and_each_key_is_there_once(events: list[RecordedEvent]) -> None:
    """A step repeats on a card only if it is another courier or another note."""
    history = fold(EMPTY, events).history

    assert len({line.key for line in history}) == len(history)
    assert list(history) == sorted(history, key=lambda line: (line.at, line.version))


@settings(max_examples=300)
@given(histories(without=["order.erased"]), histories(without=["order.erased"]), st.booleans())
def test_a_replay_after_erasure_ends_in_the_same_view(
    before: list[RecordedEvent],
    later: list[RecordedEvent],
    placed: bool,  # noqa: FBT001 - a drawn value
) -> None:
    """Whoever folded the values first and whoever never saw them end alike."""
    facts = [*([happened(1, "order.placed", at=0)] if placed else []), *before, happened(1, "order.erased"), *later]
    events = [replace(event, version=version, event_id=f"e{version}") for version, event in enumerate(facts, 1)]

    live = fold(EMPTY, events)
    replayed = fold(EMPTY, [replace(event, personal=None) for event in events])

    assert encode_view(live) == encode_view(replayed)
    assert encode_view(live)[1] is None


@given(histories())
def test_no_personal_value_is_in_the_state(events: list[RecordedEvent]) -> None:
    """The state goes into a plain column."""
    state, _ = encode_view(fold(EMPTY, [event for event in events if event.type != "order.placed"]))

    for name in ("Anna", "Ben", "Eleni"):
        assert f'"{name}' not in state.decode().replace(f'"reason":"{name}"', "").replace(f'\\"reason\\":\\"{name}', "")
