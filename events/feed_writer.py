"""Numbers what has been committed, so that a reader can keep a place and skip nothing.

Nothing in the log says in which order its transactions committed, and a number that is given before the commit can
become visible after a higher one. So numbers are given afterwards, by whoever holds the row of a slot: to subjects
whose head is ahead of the feed, in the order of their versions. A number that can be seen was committed after every
lower one of its slot.

What is ahead is found as the projector finds it: among the unsettled heads, which are set aside only once the feed has
them. All heads are looked at when the feed is opened, and again when a process starts: there must be none then.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from events.waiting import first_of

log = structlog.get_logger()

NEWS_SUBJECTS: Final = 5_000
SWEPT_SUBJECTS: Final = 500
LEAP: Final = 1_000_000
"""More numbers of a slot than a restore or a failover could take back."""
LOOK_SECONDS: Final = 1.0
# A look at the unsettled heads, or at heads that have nothing new, costs at most so much of a core.
MOST_SHARE: Final = 0.05


class FeedWriter:
    """Numbers events for the feed; any number of these may race.

    Args:
        pool: Connections that commit synchronously; one is used at a time.
        announce: Called when events were numbered; must not block.
    """

    def __init__(self, pool: Pool, announce: Callable[[], None]) -> None:
        self._pool = pool
        self._announce = announce

    async def run(self, stop: asyncio.Event) -> None:
        """Number until told to stop."""
        started = False
        while not stop.is_set():
            began, pause, swept = time.monotonic(), LOOK_SECONDS, None
            try:
                if not started:
                    await self.sweep_anew()
                    started = True
                await self.number_news()
                swept = await self.sweep_some()
            except StoreUnavailableError as error:
                log.warning("feed_waits_for_postgres", reason=str(error))
            if swept is not None:
                pause = 0.0
            if not swept:
                await first_of(stop, seconds=max(pause, (time.monotonic() - began) / MOST_SHARE))

    async def number_news(self) -> int:
        """Number what is new, and return how many events that was."""
        numbered = 0
        while True:
            with translated():
                rows = await self._pool.fetch(statement("events/find_unnumbered"), ALL_SLOTS, NEWS_SUBJECTS)
                if not rows:
                    break
                async with self._pool.acquire() as connection, connection.transaction():
                    mine = await self._claim(connection, sorted({row["slot"] for row in rows}))
                    subjects = [(row["slot"], row["subject_id"]) for row in rows if row["slot"] in mine]
                    some = await self._number(connection, subjects)
            numbered += some
            if not some or len(rows) < NEWS_SUBJECTS:
                break
        return self._tell(numbered)

    async def sweep_anew(self) -> None:
        """Have all heads looked at again."""
        with translated():
            await self._pool.execute(statement("events/restart_feed_sweep"), ALL_SLOTS)

    async def sweep_some(self) -> int | None:
        """Number what the next few hundred heads had before the feed was opened; None when all have been looked at."""
        looked = numbered = 0
        while looked < SWEPT_SUBJECTS:
            with translated():
                slot: int | None = await self._pool.fetchval(statement("events/find_feed_sweep"), ALL_SLOTS)
                if slot is None:
                    break
                async with self._pool.acquire() as connection, connection.transaction():
                    claimed = await self._claim(connection, [slot])
                    if claimed.get(slot) is None:
                        break  # another process is at it
                    rows = await connection.fetch(statement("events/list_heads"), slot, claimed[slot], SWEPT_SUBJECTS)
                    subjects = [row["subject_id"] for row in rows]
                    numbered += await self._number(connection, [(slot, each) for each in subjects])
                    last = subjects[-1] if len(rows) == SWEPT_SUBJECTS else None
                    await connection.execute(statement("events/note_feed_sweep"), slot, last)
            looked += 1 + len(rows)
        return self._tell(numbered) if looked else None

    async def _claim(self, connection: Connection, slots: Sequence[int]) -> dict[int, str | None]:
        """Lock slots that nobody else has; give how far each has been swept."""
        rows = await connection.fetch(statement("events/claim_feed_slots"), slots, LEAP)
        return {row["slot"]: row["swept_to"] for row in rows}

    async def _number(self, connection: Connection, subjects: Sequence[tuple[int, str]]) -> int:
        rows = await connection.fetch(
            statement("events/number_events"), [slot for slot, _ in subjects], [each for _, each in subjects]
        )
        return sum(row["numbered"] for row in rows)

    def _tell(self, numbered: int) -> int:
        if numbered:
            self._announce()
        return numbered


async def disown_feed(pool: Pool) -> None:
    """Say that the database was put back to an earlier time, where it cannot tell: the numbers leap."""
    with translated():
        await pool.execute(statement("events/disown_feed"))
