"""What becomes of events, said in HTTP."""

from typing import Any

import msgspec
import pytest

from app.http.answers import EventAnswer
from app.http.drafts import Invalid
from app.http.outcomes import answer_many, answer_of, answer_one
from app.http.problems import ProblemError
from events.errors import Fault
from events.outcome import Appended, Archived, Duplicate, IdReused, Outcome, VersionConflict, Withheld
from tests.examples.events import NOON, new_event

EVENT = new_event()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Appended(3, NOON), EventAnswer("appended", version=3)),
        (Duplicate(2), EventAnswer("duplicate", version=2)),
        (IdReused(2), EventAnswer("id-reused", version=2)),
        (VersionConflict(5), EventAnswer("version-conflict", current_version=5)),
        (Archived(), EventAnswer("archived")),
        (Withheld(), EventAnswer("withheld")),
    ],
)
def test_each_outcome_has_its_word(outcome: Outcome, expected: EventAnswer) -> None:
    """The answer names the event, and the version that belongs to the outcome."""
    named = msgspec.structs.replace(expected, id="event-1", source="shop", subject="order-1")
    assert answer_of(EVENT, outcome) == named


@pytest.mark.parametrize(
    ("outcome", "status", "headers"),
    [
        (IdReused(2), 409, {}),
        (Archived(), 409, {}),
        (VersionConflict(5), 412, {"ETag": '"5"'}),
    ],
)
def test_one_order_that_is_refused_is_a_problem(outcome: Outcome, status: int, headers: dict[str, Any]) -> None:
    """Alone or in a batch, the status says it; a batch says besides what became of each event."""
    with pytest.raises(ProblemError) as alone:
        answer_one(EVENT, outcome)
    with pytest.raises(ProblemError) as batch:
        answer_many([EVENT, EVENT], [Withheld(), outcome])
    assert (alone.value.problem.status, alone.value.headers) == (status, headers)
    assert batch.value.problem.status == status
    assert batch.value.problem.results[0].outcome == "withheld"


def test_outcomes_meet_their_events_past_the_invalid_ones() -> None:
    """An invalid event has no outcome of the log, and does not shift the others'."""
    bad = Invalid((Fault("/type", "is missing"),), id="bad")
    answer = answer_many([bad, EVENT, bad], [Appended(1, NOON)])
    results = msgspec.json.decode(msgspec.json.encode(answer))["results"]
    assert [each["outcome"] for each in results] == ["invalid", "appended", "invalid"]
    assert results[0] == {"outcome": "invalid", "id": "bad", "errors": [{"pointer": "/type", "detail": "is missing"}]}
