"""Extension attributes of CloudEvents: what a sender says of an event beside what the specification and Lockstep name.

Rules:
    A name has lower-case letters and digits. A value is a text without control characters, an integer of 32 bits, or a
    boolean. Bytes, times and URIs are texts in JSON, and every value is one in HTTP's binary mode. A null is no value.
    Nobody here knows what in them is personal, so they are sealed as a whole. They are not part of an event's content:
    a repeat is known without them, and those that came first stay.
    `dataschema`, which the specification names and nobody here reads, is kept among them.

Source:
    CNCF, "CloudEvents" 1.0.2, "Naming conventions" and "Type system"; "JSON event format" 1.0.2, section 2.2.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from events.document import pointer_to
from events.errors import Fault
from events.json_schema import Schema

Extensions = dict[str, str | int | bool]

MOST_EXTENSIONS: Final = 64
LONGEST_NAME: Final = 64
LARGEST_BYTES: Final = 8_192
"""Of all of an event's extension attributes, as JSON."""

OWN_ATTRIBUTES: Final = frozenset(("version", "recordedat", "personal"))
"""What Lockstep writes beside the attributes of an event that it gives."""
ATTRIBUTES: Final = frozenset(
    (
        "specversion", "id", "source", "subject", "type", "time", "data",
        "datacontenttype", "schemaversion", "traceparent",
    )
)  # fmt: skip
"""What is read of a CloudEvent by its name."""

_INTEGERS: Final = range(-(2**31), 2**31)
_NONCHARACTERS: Final = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_is_name = re.compile(rf"[a-z0-9]{{1,{LONGEST_NAME}}}").fullmatch
_find_refused = re.compile(rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]").search
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Extensions).decode

NAMES: Final[Schema] = {
    "pattern": f"^[a-z0-9]{{1,{LONGEST_NAME}}}$",
    "not": {"enum": sorted(OWN_ATTRIBUTES)},
}
"""The names of a CloudEvent's attributes."""
VALUE: Final[Schema] = {
    "anyOf": [
        {"type": "string", "maxLength": LARGEST_BYTES, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"},
        {"type": "integer", "minimum": _INTEGERS.start, "maximum": _INTEGERS.stop - 1},
        {"type": "boolean"},
    ],
    "description": "An extension attribute, as its sender gave it.",
}
"""The value of an extension attribute."""


def encode_extensions(given: Mapping[str, Any], faults: list[Fault], parent: str = "") -> bytes | None:
    """Check extension attributes and make them ready to be stored: a JSON object; None if there are none.

    Args:
        given: Builtins by name, as they were sent.
        faults: Gets what is wrong with them; what is given back is not to be stored then.
        parent: Pointer to what they stand in.
    """
    kept = {name: value for name, value in given.items() if value is not None}
    before = len(faults)
    for name, value in given.items():
        details = _name_fault(name), _value_fault(name, value)
        faults += (Fault(pointer_to(parent, name), each) for each in details if each is not None)
    if len(given) > MOST_EXTENSIONS:
        faults.append(Fault(parent, f"has {len(given)} extension attributes; at most {MOST_EXTENSIONS} are kept"))
    if not kept or len(faults) > before:
        return None
    encoded = _encode(kept)
    if len(encoded) > LARGEST_BYTES:
        detail = f"has {len(encoded)} bytes of extension attributes as JSON; at most {LARGEST_BYTES} are kept"
        faults.append(Fault(parent, detail))
    return encoded


def read_extensions(encoded: bytes) -> Extensions:
    """Read what `encode_extensions` gave."""
    return _decode(encoded)


def _name_fault(name: str) -> str | None:
    if not _is_name(name):
        return f"is no name of an attribute: those are lower-case letters and digits, {LONGEST_NAME} at the most"
    if name in OWN_ATTRIBUTES:
        return "is reserved: Lockstep writes under this name itself; leave it out, or give it another name"
    if name in ATTRIBUTES:
        return "is an attribute of its own, and no extension"
    return None


def _value_fault(name: str, value: Any) -> str | None:
    if name == "dataschema" and value is not None and not isinstance(value, str):
        return "is to be a text: a URI"
    match value:
        case bool() | None:
            return None
        case int():
            return None if value in _INTEGERS else "is an integer beyond 32 bits; send it as a text"
        case str():
            return "holds a control character, or a code that is no character" if _find_refused(value) else None
        case _:
            return "is to be a text, an integer or a boolean, as attributes are; what has parts belongs into the data"
