"""The oracle of matches and the fold of their definition: two readings of one law."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.demo.match_card import CARD
from app.demo.match_oracle import expect_matches
from events.codec import encode_new
from events.envelope import as_recorded
from projections.order_view import EMPTY
from projections.registry import CARDS
from projections.view import drawn, evolve
from tests.examples.events import KEY, NOON

GOAL = {"scorer": "Tanaka", "minute": 12}
PLAYED: list[tuple[str, dict[str, Any]]] = [
    ("announced", {"customerId": "fan", "home": "Rovers", "away": "Union"}),
    ("kicked_off", {}),
    ("goal", GOAL | {"team": "home"}),
    ("half_time", {}),
    ("resumed", {}),
    ("goal", GOAL | {"team": "away", "scorer": "Müller"}),
    ("ended", {}),
    ("goal", GOAL | {"team": "home", "scorer": "nobody"}),
]


@pytest.fixture(scope="module", autouse=True)
def installed() -> Iterator[None]:
    """Know matches."""
    CARDS.install([CARD])
    yield
    CARDS.install(())


def test_a_match_is_read_as_it_is_folded() -> None:
    """After each event, also after the end, which a goal does not change."""
    view, told, shown = EMPTY, [], []
    for version, (name, data) in enumerate(PLAYED, 1):
        at = NOON + timedelta(minutes=version)
        new = encode_new(
            subject_id="match-1", source="league", event_id=f"e{version}", type=f"match.{name}", data=data,
            occurred_at=at, key=KEY,
        )  # fmt: skip
        view = evolve(view, as_recorded(new, version, at))  # type: ignore[assignment]
        content = json.loads(drawn(view))
        content.pop("updatedAt")
        shown.append((view.over, content))
        moment = at.isoformat()
        told.append(
            {"version": version, "type": f"match.{name}", "data": data, "occurredAt": moment, "recordedAt": moment}
        )

    assert [(each.over, each.content) for each in expect_matches("match-1", told)] == shown
