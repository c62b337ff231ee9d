"""The lines of an archive: an opening, then each order followed by its events, then a closing that counts them.

Rules:
    Every column of the log is there as it was, and bytes are in base64. Personal values are sealed as they were in the
    log, and the key that opens them stays in the database: erasing an order there erases it in every archive.
"""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

FORMAT: Final = 1

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Line(msgspec.Struct, frozen=True, rename="camel", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """What all lines have: their kind."""


class Opening(_Line, frozen=True, tag="archive"):
    """The first line.

    Attributes:
        installation: Names the installation whose keys open the archive; see `installation_of`.
    """

    format: int
    installation: str


class ArchivedOrder(_Line, frozen=True, tag="order"):
    """An order, with the view that it had.

    Attributes:
        version: Of its last event, and of the view.
        fold_version: What made the view.
        state: The view, as it was stored.
        sealed: Its personal values.
    """

    id: str
    version: Annotated[int, msgspec.Meta(ge=1)]
    fold_version: int
    fingerprint: bytes
    state: str
    sealed: bytes | None


class ArchivedEvent(_Line, frozen=True, tag="event", omit_defaults=True):
    """An event of the order before it, column by column.

    Attributes:
        extensions: Its extension attributes, sealed; a line has none where there are none.
    """

    version: int
    source: str
    id: str
    type: str
    schema_version: int
    digest: bytes
    data: str
    sealed: bytes | None
    occurred_at: _Moment
    recorded_at: _Moment
    trace: str | None
    extensions: bytes | None = None


class Closing(_Line, frozen=True, tag="end"):
    """The last line: without it the file was cut."""

    orders: _Count
    events: _Count


Line = Opening | ArchivedOrder | ArchivedEvent | Closing

_encode = msgspec.json.Encoder().encode
decode_line: Final = msgspec.json.Decoder(Line).decode
"""Reads a line; raises msgspec.DecodeError or UnicodeDecodeError."""


def encode_line(line: Line) -> bytes:
    """Write a line, its end included."""
    return _encode(line) + b"\n"


def installation_of(key: bytes) -> str:
    """Give what names an installation in its archives, and tells nothing of its keys.

    Args:
        key: The keyring's key of digests.
    """
    return hashlib.blake2b(b"archive", key=key, digest_size=8, person=b"installation").hexdigest()


def archived_event(row: Any) -> ArchivedEvent:
    """Turn a row of `scan_whole_events` into a line."""
    return ArchivedEvent(
        version=row["version"],
        source=row["source"],
        id=row["event_id"],
        type=row["type"],
        schema_version=row["schema_version"],
        digest=row["digest"],
        data=row["data"].decode(),
        sealed=row["sealed"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        trace=row["trace"],
        extensions=row["extensions"],
    )
