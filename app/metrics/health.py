"""How the installation is, as a page shows it: what was done, what waits, what is paused. Many pages cost one read."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from app.metrics.backlog import Backlog, Figure
from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from projections.pause import ToldPause, told_pause
from projections.pauses import Pauses

KEPT_SECONDS: Final = 1.0
MINUTES: Final = 5


class PushCount(msgspec.Struct, frozen=True):
    """How many pushes came to an outcome.

    Attributes:
        outcome: `accepted`, `retry`, `rejected`, `unknown`, or `shadow` for what is not sent.
        reason: What was given for it; None where nothing was.
    """

    outcome: str
    reason: str | None
    count: int


class Health(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How the installation is.

    Attributes:
        appended: Events that were posted and stored, by all processes, so far.
        folded: Events that were folded, likewise.
        lag_seconds: How old the newest event is of the subject that waits the longest to be folded; 0 where none does.
        cards_due: Cards that are due and under no lease, paused ones included.
        oldest_due_seconds: How long the oldest of them has been due that no person's pause holds back.
        over_seconds: Over how long the pushes were counted.
        pushes: By outcome and reason.
        pauses: Those that hold now.
    """

    at: datetime
    appended: int
    folded: int
    lag_seconds: float
    cards_due: int
    oldest_due_seconds: float
    over_seconds: float
    pushes: tuple[PushCount, ...]
    pauses: tuple[ToldPause, ...]


class HealthReader:
    """Reads it once a second at the most.

    Args:
        pool: Connections; one is used at a time.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._pauses = Pauses(pool)
        self._backlog = Backlog(pool, sample_seconds=KEPT_SECONDS)
        self._health: Health | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def read(self) -> Health:
        """Give figures that are at most a second old.

        Raises:
            StoreUnavailableError: Postgres does not give them.
        """
        async with self._reading:
            if self._health is None or time.monotonic() - self._read_at >= KEPT_SECONDS:
                self._health = await self._read()
                self._read_at = time.monotonic()
            return self._health

    async def _read(self) -> Health:
        backlog = await self._backlog.sample()
        if backlog is None:
            raise StoreUnavailableError("Postgres does not give the figures.")
        with translated():
            rows = await self._pool.fetch(statement("app/read_figures"), MINUTES)
        done = {row["figure"]: row["count"] for row in rows if row["figure"] != "pushes"}
        cards = _of(backlog, "cards")
        return Health(
            at=rows[0]["now"],
            appended=done.get("appended", 0),
            folded=done.get("folded", 0),
            lag_seconds=_oldest(_of(backlog, "behind")),
            cards_due=sum(each.count for each in cards),
            oldest_due_seconds=_oldest(cards),
            over_seconds=rows[0]["over_seconds"],
            pushes=tuple(
                PushCount(row["outcome"], row["reason"] or None, row["count"])
                for row in rows
                if row["figure"] == "pushes"
            ),
            pauses=tuple(map(told_pause, await self._pauses.list())),
        )


def _of(backlog: Sequence[Figure], figure: str) -> list[Figure]:
    return [each for each in backlog if each.figure == figure]


def _oldest(figures: Sequence[Figure]) -> float:
    """Give the greatest age; 0 where nothing waits."""
    return max((max(each.oldest_seconds or 0.0, 0.0) for each in figures), default=0.0)
