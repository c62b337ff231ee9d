"""Recorded histories, folded by today's code: what they give is accepted, or the test says field by field what is not.

LOCKSTEP_WRITE_GOLDEN=1 accepts what they give now, unless views changed and FOLD_VERSION did not. The histories
themselves are added and never edited.
"""

import copy
import json
import os
from datetime import datetime
from typing import Any, Final

import msgspec
import pytest

from app.demo.oracle import expect_each, freshness
from app.shown_event import shown_event
from projections.order_view import EMPTY, FOLD_VERSION, OrderView, fold
from tests.golden.recorded_histories import (
    FOLDED_ANEW,
    HERE,
    NAMES,
    SHOWN_ANEW,
    accept,
    complaint,
    differences,
    folded_now,
    golden_of,
    needs_a_new_fold_version,
    stream,
)

VIEW: Final = HERE.parent / "view_fields.json"
ERASED: Final = [name for name in NAMES if any(each.type == "order.erased" for each in stream(name))]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_history_folds_to_what_was_accepted(name: str) -> None:
    """Its card after each event, its view, and the age of its news."""
    golden, folded = golden_of(name), folded_now(name)
    if os.environ.get("LOCKSTEP_WRITE_GOLDEN") and not (golden and needs_a_new_fold_version(golden, folded)):
        accept(name, folded)
        golden = folded

    said = complaint(name, golden, folded)
    if said is not None:
        pytest.fail(said, pytrace=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_history_folds_to_the_same_at_once_and_one_by_one(name: str) -> None:
    """Batches make no difference."""
    events = stream(name)
    singly = EMPTY
    for event in events:
        singly = fold(singly, [event])

    assert fold(EMPTY, events) == singly


@pytest.mark.parametrize("name", ERASED)
def test_an_erased_history_folds_to_the_same_without_its_personal_values(name: str) -> None:
    """Nothing of them is left in the view."""
    assert fold(EMPTY, stream(name, personal=False)) == fold(EMPTY, stream(name))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_accepted_is_what_the_document_says(name: str) -> None:
    """The oracle, which knows the document and not the fold, expects each of these cards: nobody accepts a mistake."""
    shown = [msgspec.to_builtins(shown_event(each)) for each in stream(name)]
    expected, folded = expect_each("order-1", shown), folded_now(name)
    contents = [each["contentState"] or {} for each in folded["steps"]]

    assert [{key: value for key, value in each.items() if key != "updatedAt"} for each in contents] == [
        each.content for each in expected
    ]
    for moment, level in folded["freshness"].items():
        look = datetime.fromisoformat(moment)
        recorded = [each for each in stream(name) if each.recorded_at <= look]
        assert freshness(expected[len(recorded) - 1], look) == level, moment


def test_every_accepted_result_has_its_history() -> None:
    """None is left over."""
    assert {path.name.removesuffix(".folded.json") for path in HERE.glob("*.folded.json")} == set(NAMES)


def test_a_view_has_the_fields_of_its_fold() -> None:
    """A worker of the release before drops a field that it does not know, so another field needs another number."""
    fields = [field.encode_name for field in msgspec.structs.fields(OrderView)]
    now = {"foldVersion": FOLD_VERSION, "fields": fields}
    golden = json.loads(VIEW.read_text(encoding="utf-8"))
    if os.environ.get("LOCKSTEP_WRITE_GOLDEN") and golden["foldVersion"] != FOLD_VERSION:
        VIEW.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
        golden = now

    said = "\n".join([*differences(golden, now), FOLDED_ANEW])
    assert golden == now, said


def changed(**changes: Any) -> dict[str, Any]:
    """Give what the delivery folds to, changed in its parts."""
    folded = copy.deepcopy(folded_now("delivery"))
    for name, change in changes.items():
        folded[name] = change(folded[name])
    return folded


def test_a_divergence_is_told_field_by_field() -> None:
    """With both values, what is missing, and what to do."""
    was = {"status": "preparing", "progress": 0.3, "note": "No onions", "history": [{"step": "placed", "at": 1}]}
    now = {"status": "cooking", "note": None, "history": [{"step": "placed", "at": 2}]}
    golden, folded = ({"foldVersion": 1, "steps": [{"contentState": each, "view": "the same"}]} for each in (was, now))

    assert str(complaint("delivery", golden, folded)).splitlines() == [
        "delivery folds to something else than it did:",
        '  /steps/0/contentState/status: was "preparing", is now "cooking"',
        "  /steps/0/contentState/progress: was 0.3, is now absent",
        '  /steps/0/contentState/note: was "No onions", is now null',
        "  /steps/0/contentState/history/0/at: was 1, is now 2",
        *SHOWN_ANEW.splitlines(),
    ]


def test_another_view_under_the_same_number_is_not_accepted() -> None:
    """Slots remember by which fold their views were made, so another fold needs another number."""

    def otherwise_on_the_way(steps: list[Any]) -> list[Any]:
        return [*steps[:-2], steps[-2] | {"view": "another"}, steps[-1]]

    golden = folded_now("delivery")
    otherwise = changed(steps=otherwise_on_the_way)

    assert needs_a_new_fold_version(golden, otherwise)
    assert str(complaint("delivery", golden, otherwise)).endswith(FOLDED_ANEW)
    raised = otherwise | {"foldVersion": FOLD_VERSION + 1}
    assert not needs_a_new_fold_version(golden, raised)
    assert f"/foldVersion: was {FOLD_VERSION}, is now {FOLD_VERSION + 1}" in str(complaint("delivery", golden, raised))


def test_a_new_history_waits_to_be_accepted() -> None:
    """It says how."""
    assert "LOCKSTEP_WRITE_GOLDEN=1" in str(complaint("new", None, folded_now("delivery")))


def test_an_old_shape_is_folded_as_what_it_means_today() -> None:
    """A stream of both versions of `order.courier_assigned`: the name that version 1 calls `courier` is on the card."""
    stored = [(each.type, each.schema_version) for each in stream("old_courier_system")]
    names = [step["contentState"].get("courierName") for step in folded_now("old_courier_system")["steps"]]

    assert stored[1:4] == [("order.courier_assigned", version) for version in (1, 2, 1)]
    assert names == [None, "Anna Kaya", "Ben Okoro", "Anna Kaya", "Anna Kaya", "Anna Kaya"]
