"""The values around an event: before it is stored and after."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


Identity = tuple[str, str, str]
"""Subject, source and id."""


class NewEvent(msgspec.Struct, frozen=True):
    """A valid event that nobody has stored yet.

    Attributes:
        data: JSON object without the personal fields.
        personal: JSON object with the personal fields alone, not yet sealed; None if there are none.
        digest: 16 bytes, keyed, of the type and the whole data: tells a retry from a reused id.
        occurred_at: aware UTC, as upstream says.
        trace: the `traceparent` that came with it.
        extensions: JSON object of its extension attributes, not yet sealed; None if there are none.
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
    extensions: bytes | None = None


class VersionedEvent(msgspec.Struct, frozen=True, gc=False):
    """What an event says, and where in its subject's stream.

    Attributes:
        version: 1, 2, 3 … within the subject, without gaps.
        personal: the personal fields, opened; None if there are none or they were erased.
    """

    subject_id: str
    version: int
    source: str
    event_id: str
    type: str
    schema_version: int
    data: bytes | str
    personal: bytes | None


class RecordedEvent(VersionedEvent, frozen=True, gc=False):
    """An event as the log remembers it.

    Attributes:
        occurred_at: aware UTC, as upstream said.
        recorded_at: aware UTC, by the database's clock; never falls within a subject.
        extensions: JSON object of its extension attributes, opened; None if there are none, or if they were erased or
            not read.
    """

    occurred_at: datetime
    recorded_at: datetime
    trace: str | None = None
    extensions: bytes | None = None

    @property
    def at(self) -> int:
        """When it takes effect, in Unix microseconds."""
        return effective_at(self.occurred_at, self.recorded_at)


class EffectiveEvent(VersionedEvent, frozen=True, gc=False):
    """An event as a fold asks for it: of its times, the one at which it takes effect; a replay makes millions.

    Attributes:
        at: Unix microseconds.
    """

    at: int


FoldableEvent = RecordedEvent | EffectiveEvent


def effective_at(occurred_at: datetime, recorded_at: datetime) -> int:
    """Give when an event takes effect, in Unix microseconds: when it occurred, but never after it was recorded."""
    return (min(occurred_at, recorded_at) - _EPOCH) // _MICROSECOND


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
        event.extensions,
    )


def identity_of(event: NewEvent) -> Identity:
    """Give what an event is told apart by."""
    return event.subject_id, event.source, event.event_id
