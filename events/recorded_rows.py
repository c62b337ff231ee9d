"""Events with every column as the log has them: written as they were recorded before, and read to be kept elsewhere."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from events.postgres.pool import Connection
from events.postgres.statements import statement

PAGE_EVENTS: Final = 2_000

RecordedHead = tuple[int, str, int, datetime]
"""Slot, subject, newest version, and when that was recorded."""
RecordedRow = tuple[
    int, str, int, str, str, str, int, bytes, bytes, bytes | None, datetime, datetime, str | None, bytes | None
]  # fmt: skip
"""Slot, subject, version, source, id, type, schema version, digest, data, sealed, occurred at, recorded at, trace,
extensions, sealed."""


async def write_recorded(connection: Connection, heads: Sequence[RecordedHead], rows: Sequence[RecordedRow]) -> None:
    """Write events under their versions and times, and take their heads there.

    Args:
        connection: In a transaction that has locked the heads.
        heads: Each once.
        rows: Their versions go on from those of the heads.
    """
    if rows:
        await connection.execute(
            statement("events/import_events"),
            *(list(column) for column in zip(*heads, strict=True)),
            *(list(column) for column in zip(*rows, strict=True)),
        )


async def whole_events(
    connection: Connection, slot: int, subject_ids: Sequence[str]
) -> AsyncIterator[list[asyncpg.Record]]:
    """Read the events of some subjects of a slot, subject by subject and version by version, a page at a time."""
    place = ("", 0)
    while True:
        rows = await connection.fetch(statement("events/scan_whole_events"), slot, *place, subject_ids, PAGE_EVENTS)
        yield rows
        if len(rows) < PAGE_EVENTS:
            return
        place = rows[-1]["subject_id"], rows[-1]["version"]
