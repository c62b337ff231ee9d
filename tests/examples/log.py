"""Examples of what is appended to the log."""

from typing import Any

from events.codec import encode_new
from events.envelope import NewEvent
from events.slot import slot_of
from events.store import Group
from tests.examples.events import FACTS, KEY, NOON

PLAIN = "order.picked_up"
"""A type without personal fields."""


def fact(
    event_id: str = "event-1",
    *,
    subject_id: str = "order-1",
    source: str = "shop",
    type_: str = PLAIN,
    data: dict[str, Any] | None = None,
    extensions: bytes | None = None,
) -> NewEvent:
    """Give an example of an event of some subject."""
    return encode_new(
        subject_id=subject_id,
        source=source,
        event_id=event_id,
        type=type_,
        data=FACTS[type_] if data is None else data,
        occurred_at=NOON,
        key=KEY,
        extensions=extensions,
    )


def note(text: str, event_id: str = "event-1", *, subject_id: str = "order-1") -> NewEvent:
    """Give an example of an event whose text is personal."""
    return fact(event_id, subject_id=subject_id, type_="order.note", data={"text": text})


def group(*events: NewEvent, expected: int | None = None) -> Group:
    """Give events of one subject as one request would bring them."""
    return Group(slot_of(events[0].subject_id), events[0].subject_id, events, expected)
