"""Reads the log of a slot in the order of its primary key, a page at a time, so that memory does not grow with it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

import asyncpg

from events.postgres.pool import Connection
from events.postgres.statements import statement

PAGE_SUBJECTS: Final = 1_000
PAGE_EVENTS: Final = 5_000

Events = tuple[str, Iterator[asyncpg.Record]]
"""A subject, and its events of a page."""


async def fold_of(connection: Connection, slot: int) -> int | None:
    """Tell which fold version made a slot's live views; None: none has yet."""
    made_by: int | None = await connection.fetchval(statement("projections/read_fold"), slot)
    return made_by


async def subjects_between(connection: Connection, slot: int, first: str, last: str) -> list[asyncpg.Record]:
    """Give the first `PAGE_SUBJECTS` of a slot's subjects from `first` to `last`, with their live views."""
    return await connection.fetch(statement("projections/scan_subjects"), slot, first, last, PAGE_SUBJECTS)


def events_between(
    connection: Connection, slot: int, first: str, last: str, *, until: datetime | None = None
) -> AsyncIterator[Events]:
    """Give the events of a slot's subjects from `first` to `last`, those of a page at a time.

    A subject that goes on in the next page comes again with it; an event that was recorded after `until` has no time.
    """
    return _pages(connection, "projections/scan_events", slot, first, last, until)


def events_of(connection: Connection, slot: int, subject_ids: Sequence[str]) -> AsyncIterator[Events]:
    """Give the events of some subjects of a slot in the same way."""
    return _pages(connection, "projections/scan_events_of", slot, "", subject_ids, None)


async def _pages(
    connection: Connection, name: str, slot: int, first: str, wanted: str | Sequence[str], until: datetime | None
) -> AsyncIterator[Events]:
    after = (first, 0)
    while True:
        rows = await connection.fetch(statement(name), slot, *after, wanted, PAGE_EVENTS, until)
        for subject_id, mine in groupby(rows, itemgetter(0)):
            yield subject_id, mine
        if len(rows) < PAGE_EVENTS:
            return
        after = (rows[-1]["subject_id"], rows[-1]["version"])
