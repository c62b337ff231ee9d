"""An event of the log as people and callers see it."""

from datetime import datetime
from typing import Any

import msgspec

from events.codec import decode
from events.envelope import RecordedEvent
from events.errors import NewerEventError, UnreadableEventError
from events.extensions import Extensions, read_extensions
from events.vocabulary import TODAY_VERSION


class ShownEvent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """An event, in the shape of today where this release can read it.

    Attributes:
        data: Personal values are null, or left out, where they were erased or are not for the caller.
        extensions: The extension attributes of the CloudEvent that it came as; left out likewise.
    """

    version: int
    id: str
    source: str
    type: str
    schema_version: int
    data: Any
    occurred_at: datetime
    recorded_at: datetime
    traceparent: str | None = None
    extensions: Extensions | None = None


def shown_event(event: RecordedEvent, *, whole: bool = True) -> ShownEvent:
    """Give an event for showing.

    Args:
        event: As it is stored.
        whole: Whether personal values, extension attributes and the trace may be seen.
    """
    seen = event if whole else msgspec.structs.replace(event, personal=None)
    schema_version = event.schema_version
    try:
        data: Any = decode(seen)
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
        traceparent=event.trace if whole else None,
        extensions=read_extensions(event.extensions) if whole and event.extensions else None,
    )
