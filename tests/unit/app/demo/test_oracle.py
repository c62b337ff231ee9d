"""Compare the oracle with expectations written by hand from `docs/projection.md`."""

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.demo import oracle
from app.demo.oracle import NOTHING, expect, expect_each, freshness
from tests.unit.app.demo.histories import NOON, at, event, line, placed, seconds


def content(*events: dict[str, Any]) -> dict[str, Any]:
    """Give the content expected after these events."""
    return expect("o-1", events).content


def steps(*events: dict[str, Any]) -> list[str]:
    """Give the steps of the history expected after these events."""
    return [each["step"] for each in content(*events)["history"]]


def test_a_plain_order_shows_its_last_step_and_every_line() -> None:
    """An order that went as orders should shows the whole of its content."""
    log = [
        placed(orderNumber="A-7", deliveryTime=at(30), imageKey="bag"),
        event(2, "accepted", {"note": "With ginger."}),
        event(3, "courier_assigned", {"courierName": "Mira", "courierId": "c-1", "imageKey": "bike"}),
        event(4, "picked_up", {"deliveryTime": at(25.5)}),
    ]
    expected = expect("o-1", log)
    assert expected == oracle.Expected(
        over=False,
        status="picked_up",
        customer_id="anna",
        show_at=None,
        content={
            "status": "picked_up",
            "courierName": "Mira",
            "deliveryTime": seconds(25.5),
            "progress": 0.75,
            "history": [line("placed", 1), line("accepted", 2), line("courier_assigned", 3), line("picked_up", 4)],
            "imageKey": "bike",
            "note": "With ginger.",
        },
        attributes={"orderId": "o-1", "orderNumber": "A-7", "merchantName": "Noodle Bar"},
        recorded_at=NOON + timedelta(hours=10),
        began_at=NOON + timedelta(minutes=1),
    )


def test_nothing_is_expected_before_the_order_was_placed() -> None:
    """Events without `order.placed` show nothing."""
    assert expect("o-1", [event(1, "accepted"), event(2, "delivered")]) == NOTHING


def test_events_before_the_placing_count_when_it_comes() -> None:
    """What came before `order.placed` shows by its own time once that is there."""
    assert content(event(1, "ready", minute=9), event(2, "accepted", minute=4), placed(3, minute=2)) == {
        "status": "ready",
        "progress": 0.5,
        "history": [line("placed", 2), line("accepted", 4), line("ready", 9)],
    }


def test_of_the_events_before_the_placing_the_newest_64_are_kept() -> None:
    """The 65th event back is forgotten."""
    early = [event(1, "ready"), *(event(version, "eta_changed", {"deliveryTime": at(90)}) for version in range(2, 66))]
    assert steps(*early, placed(66)) == ["placed"]
    assert steps(*early[:-1], placed(66)) == ["ready", "placed"]


def test_a_second_placing_changes_nothing() -> None:
    """The first `order.placed` by version says whose order it is and when it came."""
    second = event(2, "placed", {"customerId": "boris", "merchantName": "Elsewhere", "imageKey": "box"})
    assert expect("o-1", [placed(1), second]) == expect("o-1", [placed(1)])


def test_a_late_event_adds_its_line_and_takes_no_register_back() -> None:
    """An event that is older than what wrote a register does not write it."""
    log = [placed(), event(2, "ready", {"deliveryTime": at(20), "note": "Hot!"}, minute=9)]
    late = event(3, "preparing", {"deliveryTime": at(50), "note": "Soon hot."}, minute=5)
    assert content(*log, late) == {
        "status": "ready",
        "deliveryTime": seconds(20),
        "progress": 0.5,
        "history": [line("placed", 1), line("preparing", 5), line("ready", 9)],
        "note": "Hot!",
    }


def test_the_order_of_arrival_is_that_of_the_versions() -> None:
    """The oracle sorts what it is given."""
    log = [placed(), event(2, "accepted"), event(3, "delivered"), event(4, "ready")]
    assert expect("o-1", reversed(log)) == expect("o-1", log)


def test_of_two_events_of_the_same_time_the_higher_version_is_later() -> None:
    """Ties go by version."""
    assert content(placed(), event(2, "ready", minute=5), event(3, "accepted", minute=5))["status"] == "accepted"


def test_a_clock_that_runs_ahead_freezes_nothing() -> None:
    """An event never counts as later than it was recorded."""
    ahead = event(2, "accepted", minute=9_000) | {"recordedAt": at(3)}
    assert content(placed(), ahead, event(3, "ready", minute=4))["status"] == "ready"


def test_the_same_step_again_moves_its_line() -> None:
    """A repeated step has one line, at its latest time; an earlier repetition moves nothing."""
    log = [placed(), event(2, "ready", minute=2), event(3, "accepted", minute=3), event(4, "ready", minute=8)]
    again = event(5, "ready", minute=2)
    assert content(*log, again)["history"] == [line("placed", 1), line("accepted", 3), line("ready", 8)]


def test_a_reassigned_courier_is_a_new_line() -> None:
    """Couriers are told apart by id, else by name; an id and a name that read alike are two."""
    couriers = [
        event(2, "courier_assigned", {"courierName": "Mira", "courierId": "c-1"}),
        event(3, "courier_assigned", {"courierName": "Jonas", "courierId": "c-2"}),
        event(4, "courier_assigned", {"courierName": "c-1"}),
        event(5, "courier_assigned", {"courierName": "Mira again", "courierId": "c-1"}),
    ]
    shown = content(placed(), *couriers)
    assert shown["courierName"] == "Mira again"
    assert shown["history"][1:] == [line("courier_assigned", minute) for minute in (3, 4, 5)]


def test_a_changed_delivery_time_is_no_step() -> None:
    """`order.eta_changed` moves the time and nothing else."""
    log = [placed(deliveryTime=at(30)), event(2, "eta_changed", {"deliveryTime": at(44)})]
    assert content(*log) == {
        "status": "placed",
        "deliveryTime": seconds(44),
        "progress": 0.0,
        "history": [line("placed", 1)],
    }


def test_a_time_is_cut_to_the_whole_second() -> None:
    """Fractions of seconds go."""
    assert content(placed(minute=1.0199, deliveryTime=at(30.0199)))["history"] == [line("placed", 1.0166667)]


def test_a_delay_keeps_the_progress_of_the_best_step() -> None:
    """`order.delayed` is a status of its own; progress stays where it was."""
    shown = content(placed(), event(2, "ready"), event(3, "accepted"), event(4, "delayed", {"reason": "rain"}))
    assert (shown["status"], shown["progress"]) == ("delayed", 0.5)


def test_every_note_is_a_line_and_the_latest_shows() -> None:
    """Notes never change the status."""
    shown = content(placed(), event(2, "note", {"text": "One"}, minute=8), event(3, "note", {"text": "Two"}, minute=7))
    assert (shown["status"], shown["note"]) == ("placed", "One")
    assert shown["history"] == [line("placed", 1), line("note", 7), line("note", 8)]


def test_a_terminal_event_counts_whatever_its_time() -> None:
    """An order that was delivered is over, even if the courier's clock was slow."""
    expected = expect("o-1", [placed(minute=5), event(2, "ready", minute=9), event(3, "delivered", minute=1)])
    assert (expected.over, expected.status, expected.content["progress"]) == (True, "delivered", 1.0)
    assert [each["step"] for each in expected.content["history"]] == ["delivered", "placed", "ready"]


def test_after_the_end_only_notes_show() -> None:
    """What comes after a terminal event changes nothing, though it be later; a note does."""
    log = [placed(), event(2, "delivered")]
    after = [event(3, "ready", {"note": "!", "deliveryTime": at(40)}), event(4, "eta_changed", {"deliveryTime": at(9)})]
    assert content(*log, *after) == content(*log)
    assert content(*log, *after, event(5, "note", {"text": "Thanks"})) == {
        "status": "delivered",
        "progress": 1.0,
        "history": [line("placed", 1), line("delivered", 2), line("note", 5)],
        "note": "Thanks",
    }


@pytest.mark.parametrize("second", ["cancelled", "failed"])
def test_only_a_later_cancellation_or_failure_replaces_a_delivery(second: str) -> None:
    """An earlier one changes nothing, and leaves no line."""
    log = [placed(), event(2, "delivered", minute=20)]
    assert content(*log, event(3, second, {"reason": "r"}, minute=19)) == content(*log)
    replaced = content(*log, event(3, second, {"reason": "r"}, minute=21))
    assert (replaced["status"], replaced["progress"]) == (second, 1.0)
    assert replaced["history"] == [line("placed", 1), line("delivered", 20), line(second, 21)]


def test_a_delivery_never_replaces_a_cancellation() -> None:
    """`cancelled` and `failed` give way only to each other, and only to later ones."""
    log = [placed(), event(2, "cancelled", {"reason": "r"}, minute=20)]
    assert content(*log, event(3, "delivered", minute=30)) == content(*log)
    assert content(*log, event(3, "failed", {"reason": "r"}, minute=10)) == content(*log)
    assert content(*log, event(3, "failed", {"reason": "r"}, minute=30))["status"] == "failed"


def test_of_several_ends_each_must_be_later_than_the_one_before() -> None:
    """A cancellation between two that took effect took none."""
    log = [placed(), event(2, "delivered", minute=20), event(3, "failed", {"reason": "r"}, minute=30)]
    between = event(4, "cancelled", {"reason": "r"}, minute=25)
    last = event(5, "failed", {"reason": "r"}, minute=40)
    assert content(*log, between, last)["history"] == [line("placed", 1), line("delivered", 20), line("failed", 40)]


def test_an_end_before_the_placing_closes_the_order_for_what_was_kept_after_it() -> None:
    """Kept events fold in version order, after `order.placed`."""
    log = [event(1, "accepted", minute=5), event(2, "delivered", minute=6), event(3, "ready", minute=7)]
    assert steps(*log, placed(4, minute=1)) == ["placed", "accepted", "delivered"]


def test_erasure_removes_what_is_personal_for_ever() -> None:
    """Names and notes go, those of later events too; couriers by name melt into one line."""
    log = [
        placed(),
        event(2, "courier_assigned", {"courierName": "Mira"}),
        event(3, "courier_assigned", {"courierName": "Jonas"}),
        event(4, "courier_assigned", {"courierName": "Aylin", "courierId": "c-3"}),
        event(5, "note", {"text": "Third floor"}),
        event(6, "erased"),
        event(7, "ready", {"note": "Hot!"}),
        event(8, "courier_assigned", {"courierName": None}),
    ]
    assert content(*log) == {
        "status": "courier_assigned",
        "progress": 0.6,
        "history": [
            line("placed", 1),
            line("courier_assigned", 4),
            line("note", 5),
            line("ready", 7),
            line("courier_assigned", 8),
        ],
    }


def test_erasure_before_the_placing_counts_at_once() -> None:
    """It is not kept and not lost."""
    shown = content(event(1, "courier_assigned", {"courierName": "Mira"}), event(2, "erased"), placed(3))
    assert shown["history"] == [line("courier_assigned", 1), line("placed", 3)]
    assert "courierName" not in shown


def test_history_holds_the_newest_twelve_lines() -> None:
    """Older lines go; progress remembers them."""
    notes = [event(version, "note", {"text": f"{version}"}) for version in range(3, 15)]
    shown = content(placed(), event(2, "ready"), *notes)
    assert shown["history"] == [line("note", minute) for minute in range(3, 15)]
    assert shown["progress"] == 0.5


def test_long_texts_are_cut_by_their_characters() -> None:
    """Notes and couriers hold 160 characters, order numbers 40, merchants 64."""
    log = [
        event(1, "placed", {"customerId": "anna", "merchantName": "🍜" * 65, "orderNumber": "n" * 41}),
        event(2, "courier_assigned", {"courierName": "é" * 161}),
        event(3, "note", {"text": "🍜" * 161}),
    ]
    expected = expect("o-1", log)
    assert (expected.content["courierName"], expected.content["note"]) == ("é" * 160, "🍜" * 160)
    assert expected.attributes == {"orderId": "o-1", "orderNumber": "n" * 40, "merchantName": "🍜" * 64}


def test_content_that_is_too_large_loses_its_oldest_lines() -> None:
    """2,304 bytes of compact JSON hold the courier, the note and the lines that are left."""
    control = "\x01" * 160  # six bytes each in JSON
    lines = [event(version, "note", {"text": control}) for version in range(3, 15)]
    shown = content(placed(), event(2, "courier_assigned", {"courierName": control}), *lines)
    # 2,027 bytes hold everything but the lines; a line and its comma take 32.
    assert shown["note"] == control
    assert shown["history"] == [line("note", minute) for minute in range(7, 15)]


def show_second(*events: dict[str, Any]) -> int | None:
    """Give the second from which a card may appear after these events."""
    show_at = expect("o-1", events).show_at
    return None if show_at is None else int(show_at.timestamp())


def test_the_time_to_appear_is_the_last_that_was_said() -> None:
    """`showAt` comes from the first `order.placed`, and moves with `order.rescheduled`, by effective time."""
    moved = [
        event(2, "rescheduled", {"showAt": at(60)}, minute=9),
        event(3, "rescheduled", {"showAt": at(50)}, minute=8),
    ]
    assert show_second(placed()) is None
    assert show_second(placed(showAt=at(7))) == seconds(7)
    assert show_second(placed(showAt=at(7)), *moved) == seconds(60)
    assert show_second(placed(), event(2, "delivered"), event(3, "rescheduled", {"showAt": at(50)})) is None
    assert show_second(event(1, "rescheduled", {"showAt": at(5)}, minute=9), placed(2, showAt=at(7))) == seconds(5)


def test_news_grows_old_from_the_time_to_appear() -> None:
    """Of a booking nobody expects any before."""
    booked = expect("o-1", [placed(showAt=at(6_000))])
    assert freshness(booked, NOON + timedelta(minutes=6_059)) == "fresh"
    assert freshness(booked, NOON + timedelta(minutes=6_061)) == "stale"


def test_every_stage_of_an_order_is_expected_in_turn() -> None:
    """A card that cannot be told may show any of the stages."""
    stages = expect_each("o-1", [event(1, "accepted", minute=9), placed(2), event(3, "delivered")])
    assert [(stage.status, stage.over) for stage in stages] == [(None, False), ("accepted", False), ("delivered", True)]


def test_the_oracle_imports_nothing_of_lockstep() -> None:
    """What it expects is its own reading of the page."""
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imported if name.split(".")[0] in {"app", "events", "projections", "", "sql"}}
