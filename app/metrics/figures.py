"""Adds what each process counts to figures of them all, which the console shows.

A process adds, once a second, what it has counted since; one that is killed loses that second. Prometheus adds
processes up by itself: these figures are for who has none.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Final

import prometheus_client
import structlog

from app.metrics.counters import PUSHES
from events.errors import StoreUnavailableError
from events.metrics import EVENTS
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.waiting import first_of
from projections.metrics import EVENTS_FOLDED

log = structlog.get_logger()

ADDED_SECONDS: Final = 1.0
_NO_REASON: Final = "none"

Named = tuple[str, str, str]
"""Figure, outcome and reason; what a figure has none of is empty."""


class FigureAdder:
    """Adds what this process counts.

    Args:
        pool: Connections; one is used at a time.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._added = Counter(dict(_counted()))

    async def run(self, stop: asyncio.Event) -> None:
        """Add once a second what there is, and once more when told to stop."""
        while True:
            await first_of(stop, seconds=ADDED_SECONDS)
            try:
                await self.add()
            except StoreUnavailableError as error:
                log.warning("figures_wait_for_postgres", reason=str(error))
            if stop.is_set():
                return

    async def add(self) -> None:
        """Add what was counted since this was done last.

        Raises:
            StoreUnavailableError: Postgres is away; whether it was added is not known, and it is added again.
        """
        counted = Counter(dict(_counted()))
        more = counted - self._added
        if not more:
            return
        names = list(more)
        with translated():
            await fetch_through_deadlocks(
                self._pool,
                "app/add_figures",
                [figure for figure, _, _ in names],
                [outcome for _, outcome, _ in names],
                [reason for _, _, reason in names],
                [more[name] for name in names],
            )
        self._added = counted


def _counted() -> Iterator[tuple[Named, int]]:
    """Give what this process has counted since its start."""
    for labels, count in _samples(EVENTS):
        if labels["outcome"] == "appended":
            yield ("appended", "", ""), count
    for _, count in _samples(EVENTS_FOLDED):
        yield ("folded", "", ""), count
    pushes = Counter[Named]()
    for labels, count in _samples(PUSHES):
        reason = "" if labels["reason"] == _NO_REASON else labels["reason"]
        pushes["pushes", labels["outcome"], reason] += count
    yield from pushes.items()


def _samples(counter: prometheus_client.Counter) -> Iterator[tuple[dict[str, str], int]]:
    """Give the labels and the value of each series of a counter."""
    for family in counter.collect():
        for sample in family.samples:
            yield sample.labels, int(sample.value)
