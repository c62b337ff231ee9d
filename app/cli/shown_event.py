"""An event of the log as the command line shows it."""

from datetime import datetime
from typing import Any

import msgspec

from events.codec import TODAY_VERSION, decode
from events.envelope import RecordedEvent
from events.errors import NewerEventError, UnreadableEventError


class ShownEvent(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An event, in the shape of today where this release can read it."""

    version: int
    id: str
    source: str
    type: str
    schema_version: int
    data: Any
    occurred_at: datetime
    recorded_at: datetime


def shown_event(event: RecordedEvent) -> ShownEvent:
    """Give an event with its personal values, as far as they were not erased."""
    schema_version = event.schema_version
    try:
        data: Any = decode(event)
        schema_version = TODAY_VERSION[event.type]
    except (NewerEventError, UnreadableEventError):
        data = msgspec.Raw(event.data.encode() if isinstance(event.data, str) else event.data)
    return ShownEvent(
        version=event.version,
        id=event.event_id,
        source=event.source,
        type=event.type,
        schema_version=schema_version,
        data=data,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
    )
