"""Folds the orders of an archive's file again and compares them with the views that they had; it cannot push."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from events.archive_file import Filed, batches, read_archive
from events.archive_lines import ArchivedEvent, ArchivedOrder
from events.envelope import effective_at
from events.errors import LockstepError
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from events.store import ERASED
from projections.comparison import Comparison, Tally, Verified
from projections.order_view import FOLD_VERSION
from projections.refold import wire_time
from projections.view import decode_view

BATCH_EVENTS: Final = 2_000


class WrappedKey(msgspec.Struct, frozen=True):
    """A subject's data key as it is stored; `wrapped` is None when it never had one, or was erased."""

    wrapped: bytes | None = None
    erased: bool = False


class Checked(msgspec.Struct, frozen=True):
    """Some orders of a file.

    Attributes:
        found: What comparing them gave.
        good: Those whose events are all there and fold, to the view that they had if our fold made it.
    """

    found: Verified
    good: list[Filed]


async def check(pool: Pool, keyring: Keyring, path: Path) -> AsyncIterator[Checked]:
    """Read a file to its end, and compare its orders with what they fold to, some thousand events at a time.

    Args:
        pool: Gives the data keys.
        keyring: Opens them.
        path: The file.

    Raises:
        ArchiveError: It cannot be read to its end.
        StoreUnavailableError: Postgres is away.
    """
    for batch in batches(read_archive(path, keyring), BATCH_EVENTS):
        with translated():
            keys = await read_wrapped_keys(pool, [order for order, _ in batch])
        yield _check(keyring, batch, keys)


async def read_wrapped_keys(on: Pool | Connection, orders: Sequence[ArchivedOrder]) -> dict[str, WrappedKey]:
    """Read the data keys of orders, by their ids."""
    ids = [each.id for each in orders]
    rows = await on.fetch(statement("events/read_wrapped_keys"), [slot_of(each) for each in ids], ids)
    stored = {row["subject_id"]: WrappedKey(row["wrapped"], row["erased"]) for row in rows}
    return {each: stored.get(each, WrappedKey()) for each in ids}


def rows_of(order: ArchivedOrder, events: Sequence[ArchivedEvent]) -> list[tuple[Any, ...]]:
    """Give the events of an order as `Refold` takes them."""
    return [
        (
            order.id, each.version, each.source, each.id, each.type, each.schema_version, each.data, each.sealed,
            wire_time(effective_at(each.occurred_at, each.recorded_at)),
        )
        for each in events
    ]  # fmt: skip


def _check(keyring: Keyring, batch: Sequence[Filed], keys: dict[str, WrappedKey]) -> Checked:
    tallies: dict[int, Tally] = {}
    good: list[Filed] = []
    for order, events in batch:
        tally = tallies.setdefault(order.fold_version, Tally(order.fold_version))
        key = keys[order.id]
        if key.erased and not any(each.type == ERASED for each in events):
            tally.orders += 1
            tally.erased += 1
            continue
        comparison = Comparison(_row(order, key.wrapped), keyring)
        comparison.take(rows_of(order, events))
        differed, outdated = len(tally.different), len(tally.outdated)
        comparison.judge(tally)
        ours = order.fold_version == FOLD_VERSION and len(tally.outdated) == outdated
        if len(tally.different) == differed if ours else comparison.whole:
            good.append((order, events))
    total = Verified()
    for each in tallies.values():
        total += each.verified()
    return Checked(msgspec.structs.replace(total, slots=0), good)


def _row(order: ArchivedOrder, wrapped: bytes | None) -> dict[str, Any]:
    """Give what the log and the view said of an order, as `scan_subjects` would."""
    state = order.state.encode()
    row: dict[str, Any] = {
        "subject_id": order.id, "head_version": order.version, "view_version": order.version, "state": state,
        "sealed": order.sealed, "fingerprint": order.fingerprint, "archived": False, "quarantined": False,
        "wrapped": wrapped, "customer_id": None, "status": None, "over": None,
    }  # fmt: skip
    try:
        view = decode_view(state, None)
    except (msgspec.DecodeError, ValueError, LockstepError):
        return row  # another fold's, or damaged: it is compared as a whole
    return row | {"customer_id": view.customer_id, "status": view.status, "over": view.over}
