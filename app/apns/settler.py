"""Writes settlements as they come, many at a time: what arrives while one batch is written rides with the next."""

import asyncio
from collections.abc import Callable, Collection

import asyncpg
import structlog

from events.errors import StoreUnavailableError
from events.postgres.errors import DEADLOCK, translated
from events.waiting import first_of
from projections.card import Settlement
from projections.card_store import CardStore
from projections.receipt import Receipt

log = structlog.get_logger()

BATCH = 250
AWAY_SECONDS = 0.5


class Settler:
    """Collects settlements and receipts and writes them.

    While Postgres is away they are kept: what a push did is known only here until it is written. Their number is
    bounded by the pushes in flight, because nothing can be claimed meanwhile.

    Args:
        cards: Writes them.
        announce: Called after each batch with the slots of cards that are due again, if any; must not block.
        ring_matcher: Called after cards were recalled from their phones; must not block.
    """

    def __init__(
        self, cards: CardStore, announce: Callable[[Collection[int]], None], ring_matcher: Callable[[], None]
    ) -> None:
        self._cards = cards
        self._announce = announce
        self._ring_matcher = ring_matcher
        self._waiting: list[tuple[Settlement, Receipt | None]] = []
        self._work = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()

    @property
    def waiting(self) -> int:
        """Tell how many settlements are still to be written."""
        return len(self._waiting)

    def add(self, settlement: Settlement, receipt: Receipt | None = None) -> None:
        """Take a settlement to be written soon."""
        self._waiting.append((settlement, receipt))
        self._written.clear()
        self._work.set()

    async def drained(self) -> None:
        """Wait until everything taken has been written."""
        await self._written.wait()

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop, and then what is left, as far as Postgres is there."""
        try:
            while True:
                if not self._waiting:
                    self._work.clear()
                    self._written.set()
                    if stop.is_set():
                        return
                    await first_of(stop, self._work)
                    continue
                batch = self._waiting[:BATCH]
                try:
                    await self._write(batch)
                except StoreUnavailableError as error:
                    log.warning("settler_waits_for_postgres", waiting=len(self._waiting), reason=str(error))
                    if stop.is_set():
                        return  # the leases run out, and their answers count as unknown
                    await first_of(stop, seconds=AWAY_SECONDS)
                    continue
                del self._waiting[: len(batch)]
        finally:
            self._written.set()

    async def _write(self, batch: list[tuple[Settlement, Receipt | None]]) -> None:
        """Write a batch; what Postgres refuses is tried alone, so that one card's bug does not hold the others."""
        settlements = [settlement for settlement, _ in batch]
        receipts = [receipt for _, receipt in batch if receipt is not None]
        try:
            with translated():
                due = await self._cards.settle(settlements, receipts)
        except asyncpg.PostgresError as error:
            if error.sqlstate == DEADLOCK:
                await self._write(batch)
            elif len(batch) > 1:
                for each in batch:
                    await self._write([each])
            else:
                # its lease runs out, and its answer counts as unknown
                log.error("settlement_refused", sqlstate=error.sqlstate)  # noqa: TRY400 - a traceback quotes values
        else:
            self._announce(due)
            if any(each.recalled for each in settlements):
                self._ring_matcher()
