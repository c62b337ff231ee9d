"""Works through slots, several at once: while one waits for Postgres another folds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS


class Slots:
    """Hands slots to whoever is free, each once.

    Args:
        slots: Which.
    """

    def __init__(self, slots: Iterable[int] = ALL_SLOTS) -> None:
        self._waiting = iter(slots)

    async def take(self) -> int | None:
        """Give the next; None: there are no more."""
        return next(self._waiting, None)


async def filled(database: Pool | Connection, slots: Iterable[int] = ALL_SLOTS) -> list[int]:
    """Give those slots in which there is anything: few have to be gone through where there are few orders.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    with translated():
        rows = await database.fetch(statement("projections/find_filled_slots"), list(slots))
    return [row["slot"] for row in rows]


async def filled_slots(pool: Pool) -> tuple[Slots, int]:
    """Give the slots in which there is anything, to be worked through, and how many are empty.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    some = await filled(pool)
    return Slots(some), len(ALL_SLOTS) - len(some)


async def in_lanes(lanes: int, slots: Slots, work: Callable[[int], Awaitable[None]]) -> None:
    """Do something for each slot, so many at once; the first that fails ends the others.

    Raises:
        StoreUnavailableError: Postgres is away.
    """

    async def lane() -> None:
        while (slot := await slots.take()) is not None:
            await work(slot)

    with translated():
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    group.create_task(lane())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
