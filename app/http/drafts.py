"""Events as they are sent: a document in, an event for the log out, or every reason why not.

Two shapes are read. A CloudEvent 1.0 carries its order as `subject`, and extension attributes beside the others. The
plain shape, for people with curl, belongs to the order of its path, and has them in `extensions`.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from events.activity import ACTIVITY
from events.codec import digest_sent, encode_new, is_id
from events.document import pointer_to, read_document
from events.envelope import Identity, NewEvent
from events.errors import DocumentError, EventError, Fault
from events.extensions import ATTRIBUTES, encode_extensions
from events.saved_definition import Found, Reference, completed, reference_of
from events.vocabulary import kind_of, public_types

_CLOUD_POINTERS: Final = {"/dataschema": "/schemaversion"}
_PLAIN_FIELDS: Final = ("type", "data", "id", "source", "occurredAt", "schemaVersion", "extensions")
_PLAIN_POINTERS: Final = {"/time": "/occurredAt", "/dataschema": "/schemaVersion", "/traceparent": ""}
_PLAIN_SOURCE: Final = "api"
# Stands in for what is missing, so that the rest is judged too; nothing with a fault is stored.
_STAND_IN: Final = "-"
NONE_SAVED: Final[Found] = {}
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Sent(msgspec.Struct, frozen=True):
    """What was sent under which name; the digest is that of the type and the data."""

    identity: Identity
    digest: bytes


class Invalid(msgspec.Struct, frozen=True):
    """A document that is no event, with what is known of it.

    Attributes:
        faults: Pointers into this document.
        sent: What a repeat would be known by, where the fault is in what its definition makes of it.
    """

    faults: tuple[Fault, ...]
    id: str | None = None
    source: str | None = None
    subject: str | None = None
    sent: Sent | None = None


class Repeat(msgspec.Struct, frozen=True):
    """A document of an event that the log has, whatever its definition would make of it today."""

    subject_id: str
    source: str
    event_id: str
    version: int


Draft = NewEvent | Invalid


def read_cloud_event(
    document: Any, *, key: bytes, now: datetime, trace: str | None, definitions: Found = NONE_SAVED
) -> Draft:
    """Read a CloudEvent.

    Args:
        document: Builtins, as `read_document` gives them.
        key: Of the digest.
        now: When it occurred, unless it says so.
        trace: The request's `traceparent`, unless it has its own.
        definitions: Those that are saved, of those that it names.
    """
    if not isinstance(document, dict):
        return Invalid((Fault("", "is to be an object: a CloudEvent"),))
    faults: list[Fault] = []
    if "data_base64" in document:
        document = _unpacked(document, faults)
    if document.get("specversion") != "1.0":
        faults.append(Fault("/specversion", 'is to be "1.0"'))
    extensions: bytes | None = None
    if not ATTRIBUTES.issuperset(document):
        others = {name: value for name, value in document.items() if name not in ATTRIBUTES}
        extensions = encode_extensions(others, faults)
    if not _is_json(document.get("datacontenttype")):
        faults.append(Fault("/datacontenttype", "is to be application/json, or absent"))
    return _draft(
        document,
        faults,
        subject=_text(document, "subject", faults),
        event_id=_text(document, "id", faults),
        source=_text(document, "source", faults),
        time="time",
        version="schemaversion",
        pointers=_CLOUD_POINTERS,
        key=key,
        now=now,
        trace=_optional_text(document, "traceparent", faults) or trace,
        extensions=extensions,
        definitions=definitions,
    )


def read_plain_event(
    document: Any,
    *,
    order_id: str,
    event_id: str,
    key: bytes,
    now: datetime,
    trace: str | None,
    definitions: Found = NONE_SAVED,
) -> Draft:
    """Read an event in the plain shape.

    Args:
        document: Builtins, as `read_document` gives them.
        order_id: The order of the path.
        event_id: Names the event, unless it says so itself.
        key: Of the digest.
        now: When it occurred, unless it says so.
        trace: The request's `traceparent`.
        definitions: Those that are saved, of those that it names.
    """
    if not isinstance(document, dict):
        return Invalid((Fault("", f"is to be an object; known fields: {', '.join(_PLAIN_FIELDS)}"),))
    faults = [
        Fault(pointer_to("", name), f"is not known here; known fields: {', '.join(_PLAIN_FIELDS)}")
        for name in document
        if name not in _PLAIN_FIELDS
    ]
    return _draft(
        document,
        faults,
        subject=order_id,
        event_id=_optional_text(document, "id", faults) or event_id,
        source=_optional_text(document, "source", faults) or _PLAIN_SOURCE,
        time="occurredAt",
        version="schemaVersion",
        pointers=_PLAIN_POINTERS,
        key=key,
        now=now,
        trace=trace,
        extensions=_extensions(document, faults),
        definitions=definitions,
    )


def references_in(documents: Sequence[Any]) -> set[Reference]:
    """Name the definitions that documents of events refer to."""
    found = {reference_of(each.get("data")) for each in documents if isinstance(each, dict)}
    return {each for each in found if each is not None}


def _draft(
    document: dict[str, Any],
    faults: list[Fault],
    *,
    subject: str | None,
    event_id: str | None,
    source: str | None,
    time: str,
    version: str,
    pointers: Mapping[str, str],
    key: bytes,
    now: datetime,
    trace: str | None,
    extensions: bytes | None,
    definitions: Found,
) -> Draft:
    type_ = _type(document, faults)
    occurred_at = _moment(document, time, faults) or now
    schema_version = _version(document, version, faults)
    if "data" not in document:
        faults.append(Fault("/data", "is missing"))
    known_by: Sent | None = None
    if type_ is not None and "data" in document:
        sent = data = document["data"]
        try:
            if isinstance(sent, dict) and kind_of(type_) == ACTIVITY:
                data = completed(sent, type_, definitions, occurred_at)
            event = encode_new(
                subject_id=subject or _STAND_IN,
                source=source or _STAND_IN,
                event_id=event_id or _STAND_IN,
                type=type_,
                data=data,
                occurred_at=occurred_at,
                key=key,
                schema_version=schema_version,
                trace=trace,
                extensions=extensions,
                sent=None if data is sent else sent,
            )
        except EventError as error:
            names = subject or "", source or "", event_id or ""
            if reference_of(sent) is not None and not faults and all(map(is_id, names)):
                known_by = Sent(names, digest_sent(type_, sent, key))
            faults += (Fault(pointers.get(each.pointer, each.pointer), each.detail) for each in error.faults)
        else:
            if not faults:
                return event
    return Invalid(tuple(faults), event_id, source, subject, known_by)


def _type(document: dict[str, Any], faults: list[Fault]) -> str | None:
    type_ = document.get("type")
    known = public_types()
    if isinstance(type_, str) and type_ in known:
        return type_
    detail = f"known types: {', '.join(known)}"
    faults.append(Fault("/type", f"is {'not known' if 'type' in document else 'missing'}; {detail}"))
    return None


def _text(document: dict[str, Any], name: str, faults: list[Fault]) -> str | None:
    value = document.get(name)
    if isinstance(value, str) and value:
        return value
    faults.append(Fault(f"/{name}", "is to be a text that is not empty" if name in document else "is missing"))
    return None


def _optional_text(document: dict[str, Any], name: str, faults: list[Fault]) -> str | None:
    return None if document.get(name) is None else _text(document, name, faults)


def _moment(document: dict[str, Any], name: str, faults: list[Fault]) -> datetime | None:
    value = document.get(name)
    if value is None:
        return None
    try:
        return msgspec.convert(value, _Moment)
    except msgspec.ValidationError:
        faults.append(Fault(f"/{name}", "is to be an RFC 3339 time with an offset"))
        return None


def _version(document: dict[str, Any], name: str, faults: list[Fault]) -> int | None:
    value = document.get(name)
    if value is None or type(value) is int:
        return value
    faults.append(Fault(f"/{name}", "is to be an integer"))
    return None


def _unpacked(document: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """Give a document with its data in the place of the bytes that it holds them as."""
    rest = {name: value for name, value in document.items() if name != "data_base64"}
    packed = document["data_base64"]
    if "data" in document:
        faults.append(Fault("/data_base64", "stands beside /data; send one of them"))
        return rest
    try:
        return {**rest, "data": read_document(base64.b64decode(packed, validate=True))}
    except (ValueError, TypeError):
        faults.append(Fault("/data_base64", "is to be JSON in base64"))
    except DocumentError as error:
        faults += (Fault("/data_base64", f"holds JSON that is not read: {each.detail}") for each in error.faults)
    return {**rest, "data": {}}


def _extensions(document: dict[str, Any], faults: list[Fault]) -> bytes | None:
    value = document.get("extensions")
    if value is None:
        return None
    if isinstance(value, dict):
        return encode_extensions(value, faults, "/extensions")
    faults.append(Fault("/extensions", "is to be an object: extension attributes by their names"))
    return None


def _is_json(media_type: Any) -> bool:
    if media_type is None or media_type == "application/json":
        return True
    if not isinstance(media_type, str):
        return False
    bare = media_type.partition(";")[0].strip().lower()
    return bare == "application/json" or bare.endswith("+json")
