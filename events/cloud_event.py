"""A recorded event as a CloudEvent, and back: what an export writes, an import reads, and the feed gives.

Rules:
    Attributes are those of CloudEvents 1.0; what the log knows beyond them stands in extension attributes: `version`,
    `recordedat`, `schemaversion`, `traceparent` and `personal`. Beside them are those that the sender gave. `data` has
    the shape that the event was stored in.
    The sender's extension attributes count as personal values. `personal` stands with every event that had such:
    `open`, they are there; `withheld`, they were left out; `erased`, nobody can open them any more. A value that must
    be there and is not, is null.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec

from events.codec import document_of, encode_recorded, may_hold_personal
from events.document import read_document
from events.envelope import NewEvent, RecordedEvent
from events.errors import DocumentError, EventError, Fault, NewerEventError, UnreadableEventError
from events.extensions import encode_extensions

LONGEST_LINE: Final = 4 * 262_144
"""Bytes; an event of the largest body that is taken, every character of it escaped."""

_MOST_VALUES: Final = 20_100
"""Those of the largest batch that is taken, which may be one event, and its attributes."""
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_encode = msgspec.json.Encoder().encode


class Personal(StrEnum):
    """What became of the personal values of an event that had some."""

    OPEN = "open"
    WITHHELD = "withheld"
    ERASED = "erased"


class CloudEvent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A recorded event in the form that leaves the installation, by the names of the attributes that we give it."""

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


class GivenEvent(CloudEvent, frozen=True, omit_defaults=True, kw_only=True):
    """A recorded event that leaves the installation, to be written by `write_event`.

    Attributes:
        extensions: A JSON object of the extension attributes that its sender gave; None if there are none to give.
    """

    extensions: bytes | None = None


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
) -> GivenEvent:
    """Give a recorded event as a CloudEvent.

    Args:
        event: As the log remembers it, opened.
        had_personal: Whether the log holds something sealed of it, or knows that there was.
        erased: Whether its subject was erased.
        withhold: Whether to leave personal values out.
        as_stored: Give an event that this release cannot read with its data as it is stored, without what is personal.

    Raises:
        NewerEventError: Only a newer release knows its type.
        UnreadableEventError: Its bytes are not what their version promises.
    """
    personal: Personal | None = None
    if erased and (had_personal or may_hold_personal(event.type, event.schema_version)):
        personal = Personal.ERASED
    elif had_personal:
        is_closed = event.personal is None and event.extensions is None
        personal = Personal.WITHHELD if withhold or is_closed else Personal.OPEN
    seen = event if personal is Personal.OPEN else msgspec.structs.replace(event, personal=None)
    try:
        data: Any = document_of(seen)
    except (NewerEventError, UnreadableEventError):
        if not as_stored:
            raise
        data = msgspec.Raw(event.data)
        personal = Personal.WITHHELD if had_personal else None
    return GivenEvent(
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
        extensions=event.extensions if personal is Personal.OPEN else None,
    )


def write_event(event: GivenEvent) -> bytes:
    """Write a CloudEvent as JSON, the sender's extension attributes beside ours."""
    if event.extensions is None:
        return _encode(event)
    return b"".join((_encode(msgspec.structs.replace(event, extensions=None))[:-1], b",", event.extensions[1:]))


def read_line(line: bytes, *, key: bytes) -> ForeignEvent:
    """Read a line of an export.

    Args:
        line: One JSON object.
        key: Of the digest.

    Raises:
        DocumentError: It is not JSON that is read, or not a recorded event's CloudEvent.
        EventError: The vocabulary does not know such an event, or it has attributes that none may have; with every
            fault.
    """
    document = read_document(line, limit_bytes=LONGEST_LINE, limit_nodes=_MOST_VALUES)
    try:
        read = msgspec.convert(document, CloudEvent)
    except msgspec.ValidationError as error:
        raise DocumentError([Fault("", f"is no CloudEvent of an export: {error}")]) from None
    if read.datacontenttype != "application/json":
        raise EventError([Fault("/datacontenttype", "is to be application/json")])
    faults: list[Fault] = []
    others = {name: value for name, value in document.items() if name not in CloudEvent.__struct_fields__}
    extensions = encode_extensions(others, faults)
    if faults:
        raise EventError(faults)
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
        extensions=extensions,
    )
    whole = read.personal in (None, Personal.OPEN)
    event = encode_recorded(recorded, read.data, whole=whole, key=key)
    return ForeignEvent(event, read.version, read.recordedat, read.personal)
