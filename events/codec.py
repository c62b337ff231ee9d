"""Event ↔ (type, schema version, JSON): what may be stored, and what stored bytes mean today."""

import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec

from events.envelope import FoldableEvent, NewEvent, RecordedEvent
from events.errors import EventError, Fault, NewerEventError, UnreadableEventError
from events.fact import Fact, Judged
from events.faults import faults_of, text_faults
from events.order import OrderErased
from events.personal import PersonalFields, merge, split
from events.vocabulary import SHAPES, TODAY, TODAY_VERSION, Shape, public_types

EARLIEST_YEAR: Final = 2000
LATEST_YEAR: Final = 2101
"""The first year that is too late."""
DIGEST_BYTES: Final = 16
OWN_SOURCE: Final = "lockstep"
"""Events that Lockstep writes itself, such as an erasure, come from here."""
RESERVED_SUBJECTS: Final = "customer:"
"""How subjects begin that have no events: the customers whose orders a card shows together."""

is_id = re.compile(r"[!-~]{1,128}").fullmatch
_is_trace = re.compile(r"[ -~]{1,512}").fullmatch
_encode = msgspec.json.Encoder(order="sorted").encode
_MOMENT_RULE: Final = f"is to be a time with an offset, from {EARLIEST_YEAR} to {LATEST_YEAR - 1}"

_read_object = msgspec.json.Decoder(dict[str, Any]).decode


def decode(event: FoldableEvent) -> Fact:
    """Read a stored event as today's fact, its personal fields in place (None where they were erased).

    Raises:
        NewerEventError: the type or its version is not known to this release.
        UnreadableEventError: the bytes are not what their version promises.
    """
    shape = SHAPES.get((event.type, event.schema_version))
    if shape is None:
        raise NewerEventError(event.type, event.schema_version)
    try:
        if shape.joins and event.personal is None and not shape.erased:
            whole: Fact = shape.decoder.decode(event.data)
            return whole
        data = event.data.encode() if isinstance(event.data, str) else event.data
        if not shape.joins:
            return _decode_by_parts(event, shape, data)
        if event.personal is not None:
            data = _join(data, event.personal.strip()[1:-1])
        elif shape.erased:
            data = _join(data, shape.erased)
        fact: Fact = shape.decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableEventError(event.subject_id, event.version, str(error)) from None
    return fact


def encode_new(
    *,
    subject_id: str,
    source: str,
    event_id: str,
    type: str,  # noqa: A002 - the field's name everywhere
    data: Any,
    occurred_at: datetime,
    key: bytes,
    schema_version: int | None = None,
    trace: str | None = None,
    extensions: bytes | None = None,
    sent: Any = None,
) -> NewEvent:
    """Check a document against the vocabulary and make it ready to be stored.

    Args:
        subject_id: the order's id; like the next two 1 to 128 bytes of visible ASCII.
        source: who says so.
        event_id: names the event within its source.
        type: one that `events.vocabulary` knows.
        data: builtins, as `read_document` gives them.
        occurred_at: aware, from 2000 to 2100.
        key: of the digest, at most 64 bytes.
        schema_version: the one the document is written in; today's if absent. It is stored as given.
        trace: the `traceparent` that came with it.
        extensions: as `encode_extensions` gives them.
        sent: builtins as they were sent, where `data` was completed from them: by these a repeat is known.

    Raises:
        EventError: with every fault; pointers are those of a CloudEvent.
    """
    version = TODAY_VERSION.get(type, 0) if schema_version is None else schema_version
    faults = _envelope_faults(subject_id, source, event_id, occurred_at, trace)
    if source == OWN_SOURCE:
        faults.append(Fault("/source", f"is reserved: {OWN_SOURCE} writes under this name itself"))
    if subject_id.startswith(RESERVED_SUBJECTS):
        faults.append(Fault("/subject", f"begins with {RESERVED_SUBJECTS}, which is reserved; choose another id"))
    plain, personal = _checked_halves(type, version, data, faults, new=True)
    return NewEvent(
        subject_id,
        source,
        event_id,
        type,
        version,
        plain,
        personal,
        _digest(type, plain, personal, key) if sent is None else digest_sent(type, sent, key),
        occurred_at.astimezone(UTC),
        trace,
        extensions,
    )


def digest_sent(type_: str, sent: Any, key: bytes) -> bytes:
    """Give the digest by which a repeat of an event is known that was completed from `sent`."""
    return _digest(type_, _encode(sent), None, key)


def encode_recorded(event: RecordedEvent, data: Any, *, whole: bool, key: bytes) -> NewEvent:
    """Check an event that a log has had already, and make it ready to be stored in another.

    Args:
        event: Everything but its data.
        data: What `document_of` gives of it, as builtins.
        whole: Whether personal values are in their places, or were withheld or erased. Without them nobody can tell
            other content under the same id from a repeat: the digest is empty then, which matches every content. So it
            is where a definition has completed what was sent.
        key: Of the digest.

    Raises:
        EventError: With every fault.
    """
    faults = _envelope_faults(event.subject_id, event.source, event.event_id, event.occurred_at, event.trace)
    if (event.source == OWN_SOURCE) != (event.type == OrderErased.TYPE):
        faults.append(Fault("/source", f"{OWN_SOURCE} and {OrderErased.TYPE} go together"))
    if not _is_storable(event.recorded_at):
        faults.append(Fault("/recordedat", _MOMENT_RULE))
    plain, personal = _checked_halves(event.type, event.schema_version, data, faults, whole=whole)
    return NewEvent(
        event.subject_id,
        event.source,
        event.event_id,
        event.type,
        event.schema_version,
        plain,
        personal,
        _digest(event.type, plain, personal, key) if whole and "definition" not in data else b"",
        event.occurred_at,
        event.trace,
        event.extensions if whole else None,
    )


def document_of(event: RecordedEvent) -> dict[str, Any]:
    """Give a stored event's data in the shape it was stored in, with its personal values in their places.

    One that must be there and is not, because it was erased or not opened, is None.

    Raises:
        NewerEventError: The type or its version is not known to this release.
        UnreadableEventError: The bytes are not what their version promises.
    """
    shape = SHAPES.get((event.type, event.schema_version))
    if shape is None:
        raise NewerEventError(event.type, event.schema_version)
    try:
        return _merged(event, shape, event.data.encode() if isinstance(event.data, str) else event.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableEventError(event.subject_id, event.version, str(error)) from None


def may_hold_personal(type: str, schema_version: int) -> bool:  # noqa: A002 - the field's name everywhere
    """Tell whether such an event may carry personal values, as far as this release knows it."""
    shape = SHAPES.get((type, schema_version))
    return shape is not None and bool(shape.personal)


def _checked_halves(
    type_: str, version: int, data: Any, faults: list[Fault], *, whole: bool = True, new: bool = False
) -> tuple[bytes, bytes | None]:
    """Check data against the vocabulary and part it.

    Args:
        type_: As stated.
        version: Of the shape.
        data: Builtins.
        faults: Those that are known of the event already.
        whole: Whether the personal values that must be there are; None is taken for them otherwise.
        new: Whether it comes from outside, and is judged as a whole too.

    Raises:
        EventError: With every fault, those of before first.
    """
    shape = SHAPES.get((type_, version))
    if shape is None:
        raise EventError([*faults, _type_fault(type_)])
    try:
        fact = msgspec.convert(data, shape.fact)
        plain, personal = _halves(fact, shape.personal)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        raise EventError([*faults, *_data_faults(data, shape, whole=whole)]) from None
    if not whole:
        personal = None
    if not _has_good_years(fact, shape) or _is_suspect(plain) or (personal and _is_suspect(personal)):
        faults = [*faults, *_data_faults(data, shape, whole=whole)]
    if new and isinstance(fact, Judged):
        faults = [*faults, *(Fault(f"/data{each.pointer}", each.detail) for each in fact.faults())]
    if faults:
        raise EventError(faults)
    return plain, personal


def _halves(fact: Fact, fields: PersonalFields) -> tuple[bytes, bytes | None]:
    if not fields:
        return _encode(fact), None
    whole = msgspec.to_builtins(fact)
    personal = split(whole, fields)
    return _encode(whole), (_encode(personal) if personal else None)


def _digest(type_: str, plain: bytes, personal: bytes | None, key: bytes) -> bytes:
    content = b"\0".join((type_.encode(), plain, personal or b""))
    return blake2b(content, digest_size=DIGEST_BYTES, key=key).digest()


def _has_good_years(fact: Fact, shape: Shape) -> bool:
    return all((moment := getattr(fact, name)) is None or _is_storable(moment) for name in shape.moments)


def _is_suspect(half: bytes) -> bool:
    """Tell whether it may hold NUL, or null where upstream must give a personal value; texts may look alike."""
    return b"\\u0000" in half or b"null" in half


def _is_storable(moment: datetime) -> bool:
    return EARLIEST_YEAR <= moment.year < LATEST_YEAR and moment.tzinfo is not None


def _envelope_faults(
    subject_id: str, source: str, event_id: str, occurred_at: datetime, trace: str | None
) -> list[Fault]:
    faults = []
    for name, value in (("subject", subject_id), ("source", source), ("id", event_id)):
        if not is_id(value):
            faults.append(Fault(f"/{name}", "is to be 1 to 128 bytes of visible ASCII"))
    if not _is_storable(occurred_at):
        faults.append(Fault("/time", _MOMENT_RULE))
    if trace is not None and not _is_trace(trace):
        faults.append(Fault("/traceparent", "is to be 1 to 512 bytes of printable ASCII"))
    return faults


def _type_fault(type_: str) -> Fault:
    if type_ not in TODAY:
        return Fault("/type", f"is not known; known types: {', '.join(public_types())}")
    versions = ", ".join(str(version) for name, version in sorted(SHAPES) if name == type_)
    return Fault("/dataschema", f"names a version of {type_} that is not known; known versions: {versions}")


def _data_faults(data: Any, shape: Shape, *, whole: bool) -> list[Fault]:
    faults = list(faults_of(data, shape.fact, "/data", whole=whole))
    if not faults:
        fact = msgspec.convert(data, shape.fact)
        names = {field.name: field.encode_name for field in msgspec.structs.fields(shape.fact)}
        moments = {names[name]: getattr(fact, name) for name in shape.moments}
        faults = [Fault(f"/data/{n}", _MOMENT_RULE) for n, at in moments.items() if at and not _is_storable(at)]
    return faults + list(text_faults(data, "/data"))


def _decode_by_parts(event: FoldableEvent, shape: Shape, data: bytes) -> Fact:
    """Read an event whose halves must be merged, or that was stored in an older shape."""
    whole = _merged(event, shape, data)
    version = event.schema_version
    while version < TODAY_VERSION[event.type]:
        upcast = SHAPES[event.type, version].upcast
        if upcast is None:
            raise AssertionError("every version before today's leads to the next")
        whole = upcast(whole)
        version += 1
    return msgspec.convert(whole, TODAY[event.type])


def _merged(event: FoldableEvent, shape: Shape, data: bytes) -> dict[str, Any]:
    whole = _read_object(data)
    merge(whole, {} if event.personal is None else _read_object(event.personal), shape.personal)
    return whole


def _join(data: bytes, members: bytes) -> bytes:
    """Add members to a JSON object, as bytes."""
    start = data.rstrip()[:-1].rstrip()
    return b"".join((start, b"," if members and start[-1:] != b"{" else b"", members, b"}"))
