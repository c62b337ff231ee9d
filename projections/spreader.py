"""The spreader: a fold of a subject with a crowd of cards goes in, and their debt comes out in batches.

A fold that put thousands of cards in debt by itself would hold its slot, and the orders of everybody else there, for
as long. So it leaves a row, and this agent walks the cards behind it, outside the slot's lock. The row is written with
the view: debt exists if and only if the view committed.
"""

import asyncio
import time
from collections.abc import Callable, Collection

import structlog

from events.errors import StoreUnavailableError
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.slot import ALL_SLOTS
from events.waiting import first_of

log = structlog.get_logger()

CARDS = 500
FEWEST = 25
BATCH_SECONDS = 0.02
"""How long a batch may take before the next is smaller: a fold of the same subject waits for it, and keeps the slot."""
POLL_SECONDS = 1.0


class Spreader:
    """Spreads the debt of crowds.

    Args:
        pool: Connections; one is used at a time.
        announce: Called after each batch with the slots that have cards in debt; must not block.
        cards: Cards put in debt at once, at the most.
    """

    def __init__(self, pool: Pool, announce: Callable[[Collection[int]], None], *, cards: int = CARDS) -> None:
        self._pool = pool
        self._announce = announce
        self._most = self._cards = cards
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Say that there is a crowd; the poll finds it too."""
        self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Spread until told to stop."""
        while not stop.is_set():
            self._work.clear()
            try:
                if await self.spread_some():
                    continue
            except StoreUnavailableError as error:
                log.warning("spreader_waits_for_postgres", reason=str(error))
            await first_of(stop, self._work, seconds=POLL_SECONDS)

    async def spread_some(self) -> bool:
        """Put the next cards of one crowd in debt; False when there is no crowd."""
        began = time.monotonic()
        with translated():
            rows = await fetch_through_deadlocks(self._pool, "projections/spread_debt", ALL_SLOTS, self._cards)
        taken = time.monotonic() - began
        if taken > BATCH_SECONDS:
            self._cards = min(self._most, max(FEWEST, self._cards // 2))
        elif taken < BATCH_SECONDS / 2:
            self._cards = min(self._most, 2 * self._cards)
        if rows:
            self._announce([row["slot"] for row in rows])
        return bool(rows)
