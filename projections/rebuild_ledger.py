"""Which generation of each slot is live, which was before, and which a rebuild or a rollback goes to.

The rows of a rebuild are what makes it resumable: one for each slot that has not come to its end. Whoever finds some
goes on with them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from projections.errors import OtherFoldError, RebuildError
from projections.lanes import filled_slots, in_lanes
from projections.order_view import FOLD_VERSION

DROPS: Final = 2
"""Slots at once."""
DROPPED_AT_ONCE: Final = 5_000


class SlotState(msgspec.Struct, frozen=True):
    """Where a slot stands.

    Attributes:
        generation: The live one.
        fold_version: What made it; None: no projector has run yet.
        previous_generation: The one to which it can go back.
        next_generation: The one it goes to; None: it stays.
        back: Whether that is the one before.
        moved: Whether it is there already, and cards are to be put in debt.
    """

    slot: int
    generation: int
    fold_version: int | None
    previous_generation: int | None
    previous_fold_version: int | None
    next_generation: int | None
    next_fold_version: int | None
    back: bool | None
    push_changes: bool | None
    moved: bool

    @property
    def goes(self) -> bool:
        """Tell whether it has a move before it."""
        return self.next_generation is not None and not self.moved


async def begin_rebuild(pool: Pool) -> list[SlotState]:
    """Begin a rebuild of every slot, or find the one that is unfinished; give where the slots stand.

    Raises:
        RebuildError: A rollback is unfinished.
        OtherFoldError: A rebuild by another fold version is.
    """
    async with _ledger(pool) as connection:
        await connection.execute(statement("projections/begin_rebuild"), FOLD_VERSION)
        slots = await _read(connection)
        going = [each for each in slots if each.goes]
        if any(each.back for each in going):
            raise RebuildError("A rollback is unfinished. End it with: lockstep replay rollback")
        others = {each.next_fold_version for each in going} - {FOLD_VERSION}
        if others:
            raise OtherFoldError(
                f"A rebuild by fold version {min(filter(None, others))} is unfinished, and this release folds by "
                f"version {FOLD_VERSION}. End it with the release that began it, or drop it with: lockstep replay clean"
            )
        return slots


async def begin_rollback(pool: Pool) -> list[SlotState]:
    """Send every slot that the last rebuild moved back to the generation before, or find those that are on their way.

    An unfinished rebuild is dropped, and those of its slots that have moved go back. Slots without a generation before
    stay as they are.

    Raises:
        OtherFoldError: The generation before was made by another fold version, so this release cannot bring it up to
            date.
    """
    async with _ledger(pool) as connection:
        slots = await _read(connection)
        if not any(each.back for each in slots):
            unfinished = {each.next_generation for each in slots if each.next_generation is not None}
            last = max(unfinished or {each.generation for each in slots})
            theirs = [each for each in slots if each.generation == last and each.previous_generation is not None]
            _refuse_another_fold(theirs)
            await _drop(connection)
            await connection.execute(statement("projections/go_back"), [each.slot for each in theirs], FOLD_VERSION)
            slots = await _read(connection)
        _refuse_another_fold([each for each in slots if each.back])
        return slots


def _refuse_another_fold(going_back: Sequence[SlotState]) -> None:
    made_by = {each.previous_fold_version for each in going_back} - {FOLD_VERSION, None}
    if made_by:
        raise OtherFoldError(
            f"The generation before was folded by version {min(filter(None, made_by))}, and this release folds by "
            f"version {FOLD_VERSION}: only the release that folded it can bring it up to date. Run this command there."
        )


async def slot_states(pool: Pool) -> list[SlotState]:
    """Give where every slot stands."""
    with translated():
        async with pool.acquire() as connection:
            return await _read(connection)


async def choose_pushing(pool: Pool, *, push_changes: bool) -> None:
    """Say whether cards that change are put in debt, for the slots that have not moved yet."""
    with translated():
        await pool.execute(statement("projections/choose_pushing"), ALL_SLOTS, push_changes)


async def give_up(pool: Pool) -> int:
    """Drop a rebuild that has moved no slot yet, and the way back; return the views that were removed.

    Raises:
        RebuildError: A rebuild or rollback has moved some slots and not the others.
    """
    async with _ledger(pool) as connection:
        slots = await _read(connection)
        waiting = [each for each in slots if each.next_generation is not None]
        if waiting and (len(waiting) < len(slots) or any(each.moved or each.back for each in waiting)):
            raise RebuildError(
                "Some slots have moved to their next generation and others have not. End that first with: "
                "lockstep replay rebuild, or lockstep replay rollback"
            )
        await _drop(connection)
        await connection.execute(statement("projections/forget_previous"), ALL_SLOTS)
    return await drop_generations(pool)


async def drop_generations(pool: Pool) -> int:
    """Remove the views of generations that are neither live, nor the one before, nor the next; return how many."""
    total = 0

    async def one(slot: int) -> None:
        nonlocal total
        dropped = DROPPED_AT_ONCE
        while dropped == DROPPED_AT_ONCE:
            dropped = await pool.fetchval(statement("projections/drop_generations"), slot, DROPPED_AT_ONCE)
            total += dropped

    slots, _ = await filled_slots(pool)
    await in_lanes(DROPS, slots, one)
    return total


async def keep_rebuilds(connection: Connection) -> None:
    """Keep rebuilds from being begun or dropped until the transaction ends; asked for before any row is locked."""
    await connection.execute(statement("projections/share_rebuilds"))


async def hold_slot(connection: Connection, slot: int) -> None:
    """Keep projectors and moves from a slot until the transaction ends; asked for before any row is locked."""
    await keep_rebuilds(connection)
    await connection.execute(statement("projections/lock_slot"), slot)


@asynccontextmanager
async def _ledger(pool: Pool) -> AsyncIterator[Connection]:
    """Hold the ledger for one transaction, so that nobody else begins or drops anything."""
    with translated():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(statement("projections/lock_rebuilds"))
            yield connection


async def _read(connection: Connection) -> list[SlotState]:
    rows = await connection.fetch(statement("projections/read_rebuilds"))
    return [SlotState(**dict(row)) for row in rows]


async def _drop(connection: Connection) -> None:
    """Forget the rebuild of every slot that has not moved."""
    await connection.execute(statement("projections/drop_rebuilds"), ALL_SLOTS)
