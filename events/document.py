"""The one door for foreign JSON: bytes in, plain values out, or every reason why not.

What a decoder lets through and Postgres or another reader would not is refused here (docs: *hostile documents*): NUL in
a text, integers that a double cannot hold, documents that are too deep or have too many values. A key that comes twice
counts by its last value, as everywhere else.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from events.errors import DocumentError, Fault

LIMIT_BYTES: Final = 262_144
LIMIT_DEPTH: Final = 32
LIMIT_NODES: Final = 1_000
LARGEST_INTEGER: Final = 2**53 - 1

_SHOWN_KEY_LENGTH: Final = 64
# Sixteen digits in a row, looked for by bytes alone: a regular expression takes five times as long.
_DIGITS_AS_ZERO: Final = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS: Final = b"0" * 16
# A number begins the document or follows one of these; digits within a text, as in an id, are no number.
_LONG_NUMBER = re.compile(rb"(?:^|[\s:,\[])-?[0-9]{16}")


def read_document(body: bytes, *, limit_bytes: int = LIMIT_BYTES, limit_nodes: int = LIMIT_NODES) -> Any:
    """Decode a JSON document from outside.

    Args:
        body: UTF-8 without a byte order mark.
        limit_bytes: largest size that is decoded at all.
        limit_nodes: most values it may hold, itself included.

    Raises:
        DocumentError: with every fault and the JSON pointer of each.
    """
    if len(body) > limit_bytes:
        detail = f"is {len(body)} bytes; at most {limit_bytes} are read"
        raise DocumentError([Fault("", detail)], too_large=True)
    document = _decode(body)
    if _may_hide_something(body, limit_nodes):
        faults = list(_Inspection(limit_nodes).faults(document, "", 1))
        if faults:
            raise DocumentError(faults)
    return document


def pointer_to(parent: str, key: str) -> str:
    """Give the JSON pointer of a member, its name escaped and cut to a length that can be shown."""
    return f"{parent}/{key[:_SHOWN_KEY_LENGTH].replace('~', '~0').replace('/', '~1')}"


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise DocumentError([Fault("", f"is nested deeper than {LIMIT_DEPTH}")]) from None
    except UnicodeDecodeError as error:
        raise DocumentError([Fault("", f"is not UTF-8: {error.reason} (byte {error.start})")]) from None
    except msgspec.DecodeError as error:
        raise DocumentError([Fault("", f"is not JSON that can be read: {error}")]) from None


def _may_hide_something(body: bytes, limit_nodes: int) -> bool:
    """Tell by counting bytes, which never underestimates, whether the values must be looked at one by one."""
    opened = body.count(b"{") + body.count(b"[")
    return (
        opened > LIMIT_DEPTH
        or opened + body.count(b",") + 1 > limit_nodes
        or b"\\u0000" in body
        # the first is the faster, the second the more exact
        or (_MANY_DIGITS in body.translate(_DIGITS_AS_ZERO) and _LONG_NUMBER.search(body) is not None)
    )


class _Inspection:
    """One walk over a document, which counts as it goes."""

    def __init__(self, limit_nodes: int) -> None:
        self._limit = limit_nodes
        self._seen = 0

    def faults(self, value: Any, pointer: str, depth: int) -> Iterator[Fault]:
        self._seen += 1
        if self._seen > self._limit:
            if self._seen == self._limit + 1:
                yield Fault("", f"holds more than {self._limit} values")
            return
        if isinstance(value, str):
            if "\0" in value:
                yield Fault(pointer, "holds the character NUL, which cannot be stored")
        elif isinstance(value, int):
            if abs(value) > LARGEST_INTEGER:
                yield Fault(pointer, "is an integer beyond 2^53-1, up or down")
        elif isinstance(value, dict | list):
            if depth > LIMIT_DEPTH:
                yield Fault(pointer, f"is nested deeper than {LIMIT_DEPTH}")
            else:
                yield from self._members(value, pointer, depth)

    def _members(self, value: dict[str, Any] | list[Any], pointer: str, depth: int) -> Iterator[Fault]:
        if isinstance(value, list):
            for index, member in enumerate(value):
                yield from self.faults(member, f"{pointer}/{index}", depth + 1)
            return
        for key, member in value.items():
            if "\0" in key:
                yield Fault(pointer, "has a name that holds the character NUL, which cannot be stored")
            yield from self.faults(member, pointer_to(pointer, key.replace("\0", "")), depth + 1)
