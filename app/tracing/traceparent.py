"""Reads W3C's `traceparent`, as it was kept with an event: pure.

Source:
    W3C, "Trace Context", 3.2: version, trace id, parent id, flags; ids of zeros are none; a version of the future may
    have more behind the flags.
"""

import re
from typing import Final

import msgspec

_read = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?").fullmatch
SAMPLED: Final = 1


class Traceparent(msgspec.Struct, frozen=True):
    """Where a span hangs: the trace, and the span above it."""

    trace_id: int
    span_id: int


def sampled(text: str | None) -> Traceparent | None:
    """Read a `traceparent` whose trace is recorded; None for all others, which are passed over."""
    found = _read(text.strip()) if text else None
    if found is None or (found[1] == "00" and found[5]) or not int(found[4], 16) & SAMPLED:
        return None
    return Traceparent(int(found[2], 16), int(found[3], 16))
