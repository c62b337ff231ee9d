"""Puts archived orders back into the log, with their views. It cannot push: no card comes back, and none is asked for.

An order comes back with its versions, times and bytes as they were, and with a view that our fold makes of them, in one
transaction; so no projector ever folds it in parts, which could put it on phones again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg
import msgspec

from events.archive_file import Filed, batches, by_slot, read_archive
from events.archive_lines import ArchivedEvent, ArchivedOrder, archived_event
from events.errors import ArchiveError
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.recorded_rows import RecordedRow, whole_events, write_recorded
from events.sealing import Keyring
from events.store import ERASED, EventStore
from projections.archive_check import BATCH_EVENTS, WrappedKey, read_wrapped_keys, rows_of
from projections.errors import MissingEventError, OtherFoldError
from projections.found import Found, found
from projections.order_list import relist
from projections.order_view import FOLD_VERSION
from projections.view_row import COLUMNS, ViewRow


class Refused(msgspec.Struct, frozen=True, rename="camel"):
    """An order of the file that was not put back, and why."""

    order_id: str
    why: str


class Restored(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What became of the orders of a file.

    Attributes:
        orders: Put back.
        events: Theirs.
        known: Orders that the log has, with these events.
        refused: Orders that stay as they are.
    """

    orders: int = 0
    events: int = 0
    known: int = 0
    refused: Found[Refused] = Found()

    def __add__(self, other: "Restored") -> "Restored":
        """Give both together."""
        return Restored(
            orders=self.orders + other.orders,
            events=self.events + other.events,
            known=self.known + other.known,
            refused=self.refused + other.refused,
        )


async def restore_orders(
    pool: Pool, keyring: Keyring, path: Path, *, order_id: str | None, on_step: Callable[[Restored], None]
) -> Restored:
    """Put the orders of a file back, or one, once the file was read to its end.

    Args:
        pool: One connection is used at a time.
        keyring: Opens and seals personal values.
        path: The file.
        order_id: The one.
        on_step: Called with what was done, some orders at a time.

    Raises:
        ArchiveError: The file cannot be read to its end, or does not have the order; nothing was put back.
        OtherFoldError: A slot's views are made by another fold version; what is put back by then stays.
        StoreUnavailableError: Postgres is away; run it again.
    """
    # to the end, which says whether it is whole
    there = sum(order_id in (None, order.id) for order, _ in read_archive(path, keyring))
    if order_id is not None and not there:
        raise ArchiveError(f"{path} has no order {order_id}. Ids are told apart by upper and lower case.")
    store, total = EventStore(pool, keyring), Restored()
    wanted = (each for each in read_archive(path, keyring) if order_id in (None, each[0].id))
    for batch in batches(wanted, BATCH_EVENTS):
        for slot, some in by_slot(batch).items():
            with translated():
                async with pool.acquire() as connection, connection.transaction():
                    done, erased = await _restore(connection, keyring, slot, some)
            for each_id in erased:
                await store.erase(each_id)
            on_step(done)
            total += done
    return total


async def _restore(
    connection: Connection, keyring: Keyring, slot: int, filed: Sequence[Filed]
) -> tuple[Restored, list[str]]:
    """Put orders of a slot back; give with it those whose key went while they were archived: the log is to say so."""
    place = await connection.fetchrow(statement("projections/share_slot"), slot)
    if place is None or place["fold_version"] != FOLD_VERSION:
        raise OtherFoldError(
            f"The views of slot {slot} are not made by fold version {FOLD_VERSION}, by which this release folds. Run "
            "this with the release that made them, or run before: lockstep replay rebuild"
        )
    rows = await connection.fetch(statement("events/lock_archived_heads"), slot, [order.id for order, _ in filed])
    heads = {row["subject_id"]: row for row in rows}
    # read once the heads are locked: whoever erases locks them first
    keys = await read_wrapped_keys(connection, [order for order, _ in filed])
    made: list[ViewRow] = []
    back: list[Filed] = []
    refused: list[Refused] = []
    known = 0
    for order, events in filed:
        head = heads.get(order.id)
        if head is not None and head["archived_at"] is None:
            if await _has(connection, slot, order, events):
                known += 1
            else:
                refused.append(Refused(order.id, "the log has other events of it, or not all of them"))
            continue
        view = _view_row(order, keys[order.id], place, keyring)
        view.refold.take(rows_of(order, events))
        view.refold.end()
        why = _refusal(order, events, head, view)
        if why is None:
            made.append(view)
            back.append((order, events))
        else:
            refused.append(Refused(order.id, why))
    await _write(connection, slot, back)
    records = [each.record(slot, place["generation"], place["now"]) for each in made]
    await connection.copy_records_to_table("views", records=records, columns=COLUMNS)
    await relist(connection, [each.id for each, _ in back])
    written = sum(len(some) for _, some in back)
    kept = {each.order_id for each in refused}
    erased = [
        order.id
        for order, events in filed
        if order.id not in kept and keys[order.id].erased and not any(each.type == ERASED for each in events)
    ]
    return Restored(orders=len(back), events=written, known=known, refused=found(refused)), erased


def _refusal(
    order: ArchivedOrder, events: Sequence[ArchivedEvent], head: asyncpg.Record | None, view: ViewRow
) -> str | None:
    """Say why an order that the log does not have cannot be put back."""
    if head is None:
        return (
            "nothing is known of it here: the database is from before it, and its personal values could not be opened"
        )
    if head["version"] != order.version:
        return (
            f"it was archived at version {head['version']}, into {head['archived_to']}, and the file has version "
            f"{order.version}"
        )
    if isinstance(view.refold.failure, MissingEventError):
        return "its events are not all in the file"
    if head["last_recorded_at"] != events[-1].recorded_at:
        return f"it was archived with other events, into {head['archived_to']}"
    return None


def _view_row(order: ArchivedOrder, key: WrappedKey, place: asyncpg.Record, keyring: Keyring) -> ViewRow:
    """Begin a view that nobody is to be looked for, as in an order whose cards are over."""
    row = {
        "subject_id": order.id, "version": order.version, "wrapped": key.wrapped, "live_version": None,
        "live_fingerprint": None, "folded_at": place["now"], "match_due_at": None, "match_count": 0, "crowd": False,
    }  # fmt: skip
    return ViewRow(row, keyring)


async def _has(connection: Connection, slot: int, order: ArchivedOrder, events: Sequence[ArchivedEvent]) -> bool:
    """Tell whether the log has these events of an order, and perhaps more after them."""
    there = [archived_event(row) async for rows in whole_events(connection, slot, [order.id]) for row in rows]
    return there[: len(events)] == list(events)


async def _write(connection: Connection, slot: int, back: Sequence[Filed]) -> None:
    rows: list[RecordedRow] = [
        (
            slot, order.id, each.version, each.source, each.id, each.type, each.schema_version, each.digest,
            each.data.encode(), each.sealed, each.occurred_at, each.recorded_at, each.trace,
            each.extensions,
        )
        for order, events in back
        for each in events
    ]  # fmt: skip
    heads = [(slot, order.id, order.version, events[-1].recorded_at) for order, events in back]
    await write_recorded(connection, heads, rows)
