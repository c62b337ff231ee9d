"""Moves finished orders out of the log, into files. It cannot push.

An order is never in neither place. A file is written whole, then read back and folded again. Orders that fold to the
views that they have leave the database, a batch in a transaction, if they are finished still, and at the version that
the file has. An event that comes in between wins: that order stays, and its copy in the file tells what it was. Whoever
is killed leaves a file that the next one goes on with.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from events.archive_file import ArchiveFile, ArchiveFolder, Filed, by_slot
from events.archive_lines import ArchivedOrder, Line, archived_event
from events.postgres.errors import DEADLOCK, translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.recorded_rows import whole_events
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from projections.archive_check import check
from projections.comparison import Difference, Verified
from projections.found import Found
from projections.rebuild_ledger import hold_slot

PAGE_SUBJECTS: Final = 200
FILE_EVENTS: Final = 200_000
"""A file is closed with the page that reaches it."""


class Archived(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What has been archived.

    Attributes:
        files: Their names.
        stayed: Orders in these files that stayed in the log because something happened to them meanwhile.
        different: Orders that stay because their events do not fold to the view that they have.
    """

    orders: int = 0
    events: int = 0
    size_bytes: int = 0
    files: tuple[str, ...] = ()
    stayed: int = 0
    different: Found[Difference] = Found()

    def __add__(self, other: "Archived") -> "Archived":
        """Give both together."""
        return Archived(
            orders=self.orders + other.orders,
            events=self.events + other.events,
            size_bytes=self.size_bytes + other.size_bytes,
            files=self.files + other.files,
            stayed=self.stayed + other.stayed,
            different=self.different + other.different,
        )


class Step(msgspec.Struct, frozen=True):
    """How far it has come.

    Attributes:
        slot: The one whose orders are written.
        orders: That have left the log.
    """

    slot: int
    orders: int


async def archive_orders(
    pool: Pool, keyring: Keyring, folder: ArchiveFolder, *, before: datetime, on_step: Callable[[Step], None]
) -> Archived:
    """Move the orders that are finished, and whose last event was recorded before a time, into files.

    Args:
        pool: Two connections are used.
        keyring: Opens personal values, to fold; they are written as they are sealed.
        folder: Where the files go; what a killed archiver left there is done first.
        before: The time.
        on_step: Called now and then.

    Raises:
        ArchiveError: A file cannot be written or read; what has left the log is in the others.
        StoreUnavailableError: Postgres is away; run it again.
    """
    total = Archived()
    for path in folder.unfinished():
        total += await _take_out(pool, keyring, folder, path)
    file: ArchiveFile | None = None
    try:
        for slot in ALL_SLOTS:
            after: str | None = ""
            while after is not None:
                on_step(Step(slot, total.orders))
                file, after = await _write_page(pool, keyring, folder, file, slot, after, before)
                if file is not None and file.events >= FILE_EVENTS:
                    total += await _close(pool, keyring, folder, file)
                    file = None
        if file is not None:
            total += await _close(pool, keyring, folder, file)
    finally:
        if file is not None:
            file.leave()
    return total


async def _write_page(
    pool: Pool,
    keyring: Keyring,
    folder: ArchiveFolder,
    file: ArchiveFile | None,
    slot: int,
    after: str,
    before: datetime,
) -> tuple[ArchiveFile | None, str | None]:
    """Write the next finished orders of a slot; give the file, and the last of them; None: there are no more."""
    with translated():
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch(statement("projections/find_finished"), slot, after, before, PAGE_SUBJECTS)
            if not rows:
                return file, None
            if file is None:
                file = folder.begin(rows[0]["now"], keyring)
            await _write_orders(connection, file, slot, {row["subject_id"]: row for row in rows})
    return file, rows[-1]["subject_id"] if len(rows) == PAGE_SUBJECTS else None


async def _write_orders(
    connection: Connection, file: ArchiveFile, slot: int, orders: dict[str, asyncpg.Record]
) -> None:
    last = None
    async for rows in whole_events(connection, slot, list(orders)):
        lines: list[Line] = []
        for row in rows:
            if row["subject_id"] != last:
                last = row["subject_id"]
                lines.append(_archived_order(orders[last]))
            lines.append(archived_event(row))
        file.write(lines)


def _archived_order(row: asyncpg.Record) -> ArchivedOrder:
    return ArchivedOrder(
        id=row["subject_id"],
        version=row["version"],
        fold_version=row["fold_version"],
        fingerprint=row["fingerprint"],
        state=row["state"].decode(),
        sealed=row["sealed"],
    )


async def _close(pool: Pool, keyring: Keyring, folder: ArchiveFolder, file: ArchiveFile) -> Archived:
    file.finish()
    return await _take_out(pool, keyring, folder, file.path)


async def _take_out(pool: Pool, keyring: Keyring, folder: ArchiveFolder, path: Path) -> Archived:
    """Take the orders of a file out of the database, those that it gives back as they are."""
    found = Verified()
    orders = events = filed = 0
    async for checked in check(pool, keyring, path):
        found += checked.found
        filed += len(checked.good)
        for slot, some in by_slot(checked.good).items():
            left = await _take_out_some(pool, slot, some, path.name)
            orders += len(left)
            events += sum(len(theirs) for order, theirs in some if order.id in left)
    return Archived(
        orders=orders,
        events=events,
        size_bytes=folder.has_left(path),
        files=(path.name,),
        stayed=filed - orders,
        different=found.different,
    )


async def _take_out_some(pool: Pool, slot: int, filed: Sequence[Filed], name: str) -> set[str]:
    """Take out some orders of a slot in one transaction; give the ids of those that left."""
    while True:
        try:
            with translated():
                async with pool.acquire() as connection, connection.transaction():
                    return await _remove(connection, slot, filed, name)
        except asyncpg.PostgresError as error:
            # whoever signs a phone out locks the cards of several orders
            if error.sqlstate != DEADLOCK:
                raise


async def _remove(connection: Connection, slot: int, filed: Sequence[Filed], name: str) -> set[str]:
    # no projector is at work in the slot, and a rebuild's page that still sees these orders is taken again
    await hold_slot(connection, slot)
    await connection.execute(statement("projections/touch_rebuild"), slot)
    rows = await connection.fetch(statement("events/lock_leaving_heads"), slot, [order.id for order, _ in filed])
    locked = {row["subject_id"] for row in rows}
    leaving = [(order, events[-1].recorded_at) for order, events in filed if order.id in locked]
    if not leaving:
        return set()  # and the log's door is closed
    left = await connection.fetch(
        statement("projections/take_out_subjects"),
        slot,
        [order.id for order, _ in leaving],
        [order.version for order, _ in leaving],
        [recorded_at for _, recorded_at in leaving],
        name,
    )
    return {row["subject_id"] for row in left}
