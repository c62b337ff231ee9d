"""The oracle of uploads and the fold of their definition: two readings of one law."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.upload_card import CARD
from app.demo.upload_oracle import expect_uploads
from events.codec import encode_new
from events.envelope import RecordedEvent, as_recorded
from projections.order_view import EMPTY
from projections.registry import CARDS
from projections.view import evolve
from tests.examples.events import KEY, NOON

DATA = {
    "started": {"customerId": "ada", "fileName": "Wedding.mov" * 9, "sizeBytes": 7_000_000},
    "finished": {},
    "failed": {"reason": "No connection."},
}
HAPPENED = st.tuples(
    st.sampled_from(["started", "finished", "failed"]) | st.integers(0, 100), st.integers(0, 8), st.integers(0, 8)
)


@pytest.fixture(scope="module", autouse=True)
def installed() -> Iterator[None]:
    """Know uploads."""
    CARDS.install([CARD])
    yield
    CARDS.install(())


def events_of(happened: Sequence[tuple[str | int, int, int]]) -> list[RecordedEvent]:
    """Give events with their minutes: when each occurred, and how long after the last it was recorded."""
    events, minutes = [], 0
    for version, (what, occurred, later) in enumerate(happened, 1):
        minutes += later
        name, data = ("progressed", {"percent": what}) if isinstance(what, int) else (what, DATA[what])
        new = encode_new(
            subject_id="upload-1", source="app", event_id=f"e{version}", type=f"upload.{name}", data=data,
            occurred_at=NOON + timedelta(minutes=occurred), key=KEY,
        )  # fmt: skip
        events.append(as_recorded(new, version, NOON + timedelta(minutes=minutes)))
    return events


def as_told(event: RecordedEvent) -> dict[str, Any]:
    """Give an event as the API does."""
    data = json.loads(event.data) | json.loads(event.personal or b"{}")
    at, recorded_at = event.occurred_at.isoformat(), event.recorded_at.isoformat()
    return {"version": event.version, "type": event.type, "data": data, "occurredAt": at, "recordedAt": recorded_at}


@given(st.lists(HAPPENED, max_size=12))
def test_both_come_to_the_same_after_each_event(happened: list[tuple[str | int, int, int]]) -> None:
    """Status, progress, reason, whose it is and whether it is over."""
    events, view = events_of(happened), EMPTY
    for event, expected in zip(events, expect_uploads("upload-1", map(as_told, events)), strict=True):
        view = evolve(view, event)  # type: ignore[assignment]
        content = json.loads(CARD.draw(view)) if view.placed else {}
        content.pop("updatedAt", None)

        assert (content, view.over, view.customer_id) == (expected.content, expected.over, expected.customer_id)
