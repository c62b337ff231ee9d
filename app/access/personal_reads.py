"""Notes who looked at whose personal values, so that it can be asked later.

Rules:
    Reads of services and of the command line are noted: who, of which order, by which way, how often on a day, when
    first and when last. What a customer reads of their own is not. The API notes a read in memory before it answers,
    and writes together what was noted, a second later at the most, and when it stops: a crash loses that second. The
    command line writes before it prints.
"""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Final

import msgspec
import structlog

from events.errors import StoreUnavailableError
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from events.waiting import first_of

log = structlog.get_logger()

EVERY_ORDER: Final = ""
"""Stands for the subject of a read that is about no order in particular."""
WRITTEN_SECONDS: Final = 1.0
WRITTEN_AT_ONCE: Final = 1_000
AWAY_SECONDS: Final = 0.5


class PersonalRead(msgspec.Struct, frozen=True, rename="camel"):
    """Who looked at what, on one day.

    Attributes:
        order_id: Whose values; empty for every order.
        reader: The id of an API key, or whoever ran a command.
        what: The way, such as `order`, `events`, `feed` or `export`.
    """

    order_id: str
    reader: str
    what: str
    first_at: datetime
    last_at: datetime
    times: int


class PersonalReads:
    """The reads of personal values.

    Args:
        pool: Connections.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._noted: Counter[tuple[int, str, str, str]] = Counter()
        self._work = asyncio.Event()

    def note(self, reader: str, what: str, order_id: str) -> None:
        """Note a read; it is written soon."""
        self._noted[slot_of(order_id), order_id, reader, what] += 1
        self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write what is noted, and the rest when told to stop."""
        while True:
            await first_of(stop, self._work)
            if not stop.is_set():
                # what comes within a second is written together
                await first_of(stop, seconds=WRITTEN_SECONDS)
            self._work.clear()
            try:
                await self.write()
            except StoreUnavailableError as error:
                log.warning("personal_reads_wait_for_postgres", reads=self._noted.total(), reason=str(error))
                self._work.set()
                await first_of(stop, seconds=AWAY_SECONDS)
            if stop.is_set():
                return

    async def write(self) -> None:
        """Write what was noted until now.

        Raises:
            StoreUnavailableError: Postgres is away; what is not written is kept.
        """
        noted, self._noted = sorted(self._noted.items()), Counter()
        for first in range(0, len(noted), WRITTEN_AT_ONCE):
            some = noted[first : first + WRITTEN_AT_ONCE]
            slots, orders, readers, ways = zip(*(key for key, _ in some), strict=True)
            times = [count for _, count in some]
            try:
                with translated():
                    await fetch_through_deadlocks(
                        self._pool, "app/add_personal_reads", slots, orders, readers, ways, times
                    )
            except StoreUnavailableError:
                self._noted.update(dict(noted[first:]))
                raise

    async def list_reads(
        self, *, order_id: str | None = None, reader: str | None = None, days: int, limit: int
    ) -> list[PersonalRead]:
        """Read who looked at what, whoever looked last first.

        Args:
            order_id: At this order alone.
            reader: This one alone.
            days: In so many days, today included.
            limit: So many at the most.
        """
        slots = ALL_SLOTS if order_id is None else [slot_of(order_id)]
        with translated():
            rows = await self._pool.fetch(statement("app/list_personal_reads"), slots, order_id, reader, days, limit)
        return [
            PersonalRead(row["subject_id"], row["reader"], row["what"], row["first_at"], row["last_at"], row["times"])
            for row in rows
        ]
