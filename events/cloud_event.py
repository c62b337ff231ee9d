"""A recorded event as a CloudEvent, and back: what an export writes, an import reads, and the feed gives.

Rules:
    Attributes are those of CloudEvents 1.0; what the log knows beyond them stands in extension attributes: `version`,
    `recordedat`, `schemaversion`, `traceparent` and `personal`. `data` has the shape that the event was stored in.
    `personal` stands with every event that had personal values: `open`, they are in `data`; `withheld`, they were
    left out; `erased`, nobody can open them any more. A value that must be there and is not, is null.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec

from events.codec import document_of, encode_recorded, may_hold_personal
from events.document import read_document
from events.envelope import NewEvent, RecordedEvent
from events.errors import DocumentError, EventError, Fault, NewerEventError, UnreadableEventError

LONGEST_LINE: Final = 4 * 262_144
"""Bytes; an event of the largest body that is taken, every character of it escaped."""

_MOST_VALUES: Final = 1_100
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Personal(StrEnum):
    """What became of the personal values of an event that had some."""

    OPEN = "open"
    WITHHELD = "withheld"
    ERASED = "erased"


class CloudEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A recorded event in the form that leaves the installation, by the names of its attributes."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    version: Annotated[int, msgspec.Meta(ge=1)]
    time: _Moment
    recordedat: _Moment
    schemaversion: int
    datacontenttype: str = "application/json"
    traceparent: str | None = None
    personal: Personal | None = None
    data: Any


class ForeignEvent(msgspec.Struct, frozen=True):
    """An event that another log has recorded, ready to be stored as it was.

    Attributes:
        personal: What became of its personal values, if it had any.
    """

    event: NewEvent
    version: int
    recorded_at: datetime
    personal: Personal | None


def cloud_event(
    event: RecordedEvent, *, had_personal: bool, erased: bool, withhold: bool, as_stored: bool = False
) -> CloudEvent:
    """Give a recorded event as a CloudEvent.

    Args:
        event: As the log remembers it, opened.
        had_personal: Whether the log holds personal values of it, or knows that there were some.
        erased: Whether its subject was erased.
        withhold: Whether to leave personal values out.
        as_stored: Give an event that this release cannot read with its data as it is stored, without what is personal.

    Raises:
        NewerEventError: Only a newer release knows its type.
        UnreadableEventError: Its bytes are not what their version promises.
    """
    personal: Personal | None = None
    if erased and may_hold_personal(event.type, event.schema_version):
        personal = Personal.ERASED
    elif had_personal:
        personal = Personal.WITHHELD if withhold or event.personal is None else Personal.OPEN
    seen = event if personal is Personal.OPEN else msgspec.structs.replace(event, personal=None)
    try:
        data: Any = document_of(seen)
    except (NewerEventError, UnreadableEventError):
        if not as_stored:
            raise
        data = msgspec.Raw(event.data)
        personal = Personal.WITHHELD if had_personal else None
    return CloudEvent(
        specversion="1.0",
        id=event.event_id,
        source=event.source,
        type=event.type,
        subject=event.subject_id,
        version=event.version,
        time=event.occurred_at,
        recordedat=event.recorded_at,
        schemaversion=event.schema_version,
        traceparent=event.trace,
        personal=personal,
        data=data,
    )


def read_line(line: bytes, *, key: bytes) -> ForeignEvent:
    """Read a line of an export.

    Args:
        line: One JSON object.
        key: Of the digest.

    Raises:
        DocumentError: It is not JSON that is read, or not a recorded event's CloudEvent.
        EventError: The vocabulary does not know such an event; with every fault.
    """
    document = read_document(line, limit_bytes=LONGEST_LINE, limit_nodes=_MOST_VALUES)
    try:
        read = msgspec.convert(document, CloudEvent)
    except msgspec.ValidationError as error:
        raise DocumentError([Fault("", f"is no CloudEvent of an export: {error}")]) from None
    if read.datacontenttype != "application/json":
        raise EventError([Fault("/datacontenttype", "is to be application/json")])
    recorded = RecordedEvent(
        subject_id=read.subject,
        version=read.version,
        source=read.source,
        event_id=read.id,
        type=read.type,
        schema_version=read.schemaversion,
        data=b"",
        personal=None,
        occurred_at=read.time,
        recorded_at=read.recordedat,
        trace=read.traceparent,
    )
    whole = read.personal in (None, Personal.OPEN)
    event = encode_recorded(recorded, read.data, whole=whole, key=key)
    return ForeignEvent(event, read.version, read.recordedat, read.personal)
