"""The values around an event: before it is stored and after."""

from datetime import datetime

import msgspec


class NewEvent(msgspec.Struct, frozen=True):
    """A valid event that nobody has stored yet.

    Attributes:
        data: JSON object without the personal fields.
        personal: JSON object with the personal fields alone, not yet sealed; None if there are none.
        digest: 16 bytes, keyed, of the type and the whole data: tells a retry from a reused id.
        occurred_at: aware UTC, as upstream says.
        trace: the `traceparent` that came with it.
    """

    subject_id: str
    source: str
    event_id: str
    type: str
    schema_version: int
    data: bytes
    personal: bytes | None
    digest: bytes
    occurred_at: datetime
    trace: str | None = None


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as the log remembers it.

    Attributes:
        version: 1, 2, 3 … within the subject, without gaps.
        personal: the personal fields, opened; None if there are none or they were erased.
        occurred_at: aware UTC, as upstream said.
        recorded_at: aware UTC, by the database's clock; never falls within a subject.
    """

    subject_id: str
    version: int
    source: str
    event_id: str
    type: str
    schema_version: int
    data: bytes | str
    personal: bytes | None
    occurred_at: datetime
    recorded_at: datetime
    trace: str | None = None


def as_recorded(event: NewEvent, version: int, recorded_at: datetime) -> RecordedEvent:
    """Give an event as the log remembers it once it was stored under a version, at a time."""
    return RecordedEvent(
        event.subject_id,
        version,
        event.source,
        event.event_id,
        event.type,
        event.schema_version,
        event.data,
        event.personal,
        event.occurred_at,
        recorded_at,
        event.trace,
    )
