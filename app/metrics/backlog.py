"""Samples what stands in the database: what is due, what is behind, what is paused.

Every process gives the same figures, so Prometheus takes their maximum and does not add them up.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import structlog
from prometheus_client.core import GaugeMetricFamily

from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from projections.card import Lane
from projections.card_store import ENVIRONMENTS

log = structlog.get_logger()

SAMPLE_SECONDS: Final = 5.0
"""So often at the most, however many ask."""
WAIT_SECONDS: Final = 2.0
"""A scrape waits no longer than this; its other figures are worth more then."""
MOST_A_SLOT: Final = 500
"""Nothing is counted beyond so many a slot, so 128,000 in all."""

_COUNTED: Final = f"; counted up to {MOST_A_SLOT * len(ALL_SLOTS):,}"


class Figure(msgspec.Struct, frozen=True):
    """One figure of a sample.

    Attributes:
        oldest_seconds: How long the oldest has been so; None where there is none.
    """

    figure: str
    label: str | None
    environment: str | None
    count: int
    oldest_seconds: float | None


class _Family(msgspec.Struct, frozen=True):
    """Two gauges that are made of the figures of one kind: how many, and since when.

    Attributes:
        labels: The fields of a figure that tell its series apart, by the names of the labels.
        count: Name and help of how many; None leaves it out.
        oldest: The same of the age.
    """

    figure: str
    labels: dict[str, str]
    count: tuple[str, str] | None
    oldest: tuple[str, str] | None


_FAMILIES: Final = (
    _Family(
        "cards",
        {"lane": "label", "environment": "environment"},
        ("lockstep_cards_due", f"Cards that are due and under no lease, paused ones included{_COUNTED} each."),
        (
            "lockstep_cards_due_oldest_seconds",
            "How long the oldest of them has been due, without those that a person's pause holds back.",
        ),
    ),
    _Family(
        "channels",
        {},
        ("lockstep_channels_due", f"Broadcast channels that are due and under no lease{_COUNTED}."),
        ("lockstep_channels_due_oldest_seconds", "How long the oldest of them has been due."),
    ),
    _Family(
        "behind",
        {},
        ("lockstep_subjects_behind", f"Subjects with events that are not folded yet{_COUNTED}."),
        ("lockstep_subjects_behind_oldest_seconds", "How old the newest event is of the one that waits the longest."),
    ),
    _Family(
        "set_aside",
        {"why": "label"},
        (
            "lockstep_subjects_set_aside",
            "Subjects that are not folded any more: failed, or newer than every worker that runs.",
        ),
        None,
    ),
    _Family(
        "deliveries",
        {},
        ("lockstep_webhook_deliveries_due", f"Deliveries to webhooks that are due{_COUNTED}."),
        ("lockstep_webhook_deliveries_due_oldest_seconds", "How long the oldest of them has been due."),
    ),
    _Family("webhooks_off", {}, ("lockstep_webhooks_switched_off", "Webhooks that were switched off."), None),
    _Family(
        "pauses",
        {"kind": "label"},
        ("lockstep_pauses", "Pauses that hold, by kind: of an operator, or of Apple's answers."),
        ("lockstep_pauses_oldest_seconds", "How long the oldest of them has held."),
    ),
    _Family(
        "outages",
        {"environment": "environment"},
        None,
        ("lockstep_outage_seconds", "For how long no connection comes about to an environment; absent if one does."),
    ),
)

DATABASE_UP: Final = ("lockstep_database_up", "1 if Postgres gave the figures of this scrape, else 0, and they miss.")


class Backlog:
    """Reads the figures, seldom, and gives them often.

    Args:
        pool: Connections; one is used at a time.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._figures: Sequence[Figure] | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def sample(self) -> Sequence[Figure] | None:
        """Give figures that are at most a few seconds old; None where Postgres does not give them."""
        async with self._reading:
            if time.monotonic() - self._read_at >= SAMPLE_SECONDS:
                self._figures = await self._read()
                self._read_at = time.monotonic()
            return self._figures

    async def _read(self) -> Sequence[Figure] | None:
        try:
            with translated():
                async with asyncio.timeout(WAIT_SECONDS):
                    rows = await self._pool.fetch(
                        statement("app/sample_backlog"),
                        ALL_SLOTS,
                        [each.value for each in Lane],
                        ENVIRONMENTS,
                        MOST_A_SLOT,
                    )
        except StoreUnavailableError as error:
            log.warning("metrics_wait_for_postgres", reason=str(error))
            return None
        return [
            Figure(row["figure"], row["label"], row["environment"], row["count"], row["oldest_seconds"]) for row in rows
        ]


def families(figures: Sequence[Figure] | None) -> Iterator[GaugeMetricFamily]:
    """Give the gauges of a sample; those without a figure have no series."""
    yield GaugeMetricFamily(*DATABASE_UP, value=0 if figures is None else 1)
    for family in _FAMILIES:
        mine = [each for each in figures or () if each.figure == family.figure]
        if family.count is not None:
            made = GaugeMetricFamily(*family.count, labels=list(family.labels))
            for each in mine:
                made.add_metric(_values(family, each), each.count)
            yield made
        if family.oldest is not None:
            made = GaugeMetricFamily(*family.oldest, labels=list(family.labels))
            for each in mine:
                made.add_metric(_values(family, each), each.oldest_seconds or 0.0)
            yield made


def _values(family: _Family, figure: Figure) -> list[str]:
    """Give the values of the labels."""
    stated = {"label": figure.label, "environment": figure.environment}
    values = [stated[field] or "" for field in family.labels.values()]
    return [Lane(int(each)).name.lower() for each in values[:1]] + values[1:] if "lane" in family.labels else values
