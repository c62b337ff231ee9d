"""Waits until an event shows: until its order is folded, its cards are looked for, and each has been planned anew."""

import asyncio
import time
from typing import Final

import asyncpg
import msgspec

from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import slot_of
from events.waiting import first_of

LONGEST_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.1
"""How often is looked while cards are planned, of which nobody rings."""
FOLD_SECONDS: Final = 1.0
"""How often is looked for a fold without a hint."""
MOST_CARDS: Final = 100
MOST_WAITING: Final = 200
"""In a process; whoever comes beyond that is told at once how far it is."""


class PlannedCard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the last plan for a card was.

    Attributes:
        phase: `wanted`, `starting`, `shown`, `ending` or `over`.
        considered_version: What that plan saw.
        outcome: How it ended, and `why`.
    """

    card_id: str
    device_id: str
    attributes_type: str
    phase: str
    considered_version: int
    outcome: str | None
    why: str | None


class Progress(msgspec.Struct, frozen=True):
    """How far an order is.

    Attributes:
        view_version: What was folded.
        complete: Whether a version that was waited for shows on every card, as far as it ever does.
        cards: The oldest hundred.
    """

    view_version: int
    complete: bool
    cards: tuple[PlannedCard, ...]


class PlanWaiter:
    """Waits for orders.

    Args:
        pool: Connections; one is used at a time for each who waits, while it looks.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting = 0
        self._folded: dict[int, asyncio.Event] = {}
        self._closing = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        for slot in ring.folded:
            if (news := self._folded.pop(slot, None)) is not None:
                news.set()

    def close(self) -> None:
        """Let those who wait go with what there is."""
        self._closing.set()

    async def wait(self, order_id: str, version: int, *, seconds: float) -> Progress:
        """Wait until a version of an order shows, or the time is over, and tell how far the order is.

        Args:
            order_id: The order.
            version: Of its log.
            seconds: At the most; no longer than `LONGEST_SECONDS`.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        ends = time.monotonic() + (0.0 if self._waiting >= MOST_WAITING else min(seconds, LONGEST_SECONDS))
        slot = slot_of(order_id)
        self._waiting += 1
        try:
            while True:
                # asked for before the look: a fold that comes in between is not missed
                news = self._folded.setdefault(slot, asyncio.Event())
                progress, is_last = await self._look(slot, order_id, version)
                left = ends - time.monotonic()
                if is_last or left <= 0 or self._closing.is_set():
                    return progress
                pause = FOLD_SECONDS if progress.view_version < version else LOOK_SECONDS
                await first_of(news, self._closing, seconds=min(pause, left))
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._folded.clear()

    async def _look(self, slot: int, order_id: str, version: int) -> tuple[Progress, bool]:
        """Tell how far an order is, and whether there is anything to wait for."""
        with translated():
            rows = await self._pool.fetch(statement("app/read_plans"), slot, order_id, MOST_CARDS)
        complete = (
            rows[0]["view_version"] >= version
            and not rows[0]["matching"]
            and all(_is_planned(row, version) for row in rows)
        )
        cards = tuple(
            PlannedCard(
                card_id=str(row["card_id"]),
                device_id=row["device_id"],
                attributes_type=row["attributes_type"],
                phase=row["phase"],
                considered_version=row["considered_version"],
                outcome=row["outcome"],
                why=row["why"],
            )
            for row in rows
            if row["card_id"] is not None
        )
        return Progress(rows[0]["view_version"], complete, cards), complete or rows[0]["aside"]


def _is_planned(row: asyncpg.Record, version: int) -> bool:
    """Tell whether nothing more is to come for a card; one on a channel is moved by that."""
    if row["card_id"] is None or row["phase"] == "over" or row["follows_channel"]:
        return True
    considered: int = row["considered_version"]
    return considered >= version
