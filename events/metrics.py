"""What a process counts of the log and of the hints between processes, and the registry that holds every counter.

A process counts for itself, from its start; Prometheus adds processes up. A label never holds an id, and takes few
values.
"""

from collections import Counter as Tally
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from events.outcome import Appended, Archived, Duplicate, IdReused, Outcome, VersionConflict, Withheld

# When a counter began is known from the process; a second series for each would double what is scraped.
disable_created_metrics()  # type: ignore[no-untyped-call] # it has no annotations

REGISTRY: Final = CollectorRegistry()
"""Every counter of this process."""

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of histograms of what takes milliseconds."""

EVENTS: Final = Counter(
    "lockstep_events",
    "Events that were posted and judged, by outcome: appended, duplicate, id_reused, version_conflict, archived, "
    "or withheld for another of its request.",
    ["outcome"],
    registry=REGISTRY,
)
_OUTCOMES: Final = {
    Appended: EVENTS.labels("appended"),
    Duplicate: EVENTS.labels("duplicate"),
    IdReused: EVENTS.labels("id_reused"),
    VersionConflict: EVENTS.labels("version_conflict"),
    Archived: EVENTS.labels("archived"),
    Withheld: EVENTS.labels("withheld"),
}

APPEND_SECONDS: Final = Histogram(
    "lockstep_append_seconds",
    "How long the events of one subject in a request took from their arrival to the commit.",
    buckets=SECONDS,
    registry=REGISTRY,
)
APPEND_FAILURES: Final = Counter(
    "lockstep_append_failures",
    "Appends that were answered with an error: Postgres was away, or too many waited.",
    registry=REGISTRY,
)

_HINTS: Final = Counter(
    "lockstep_doorbell_messages",
    "Messages between processes: sent to others, or heard from them.",
    ["direction"],
    registry=REGISTRY,
)
HINTS_SENT: Final = _HINTS.labels("sent")
HINTS_HEARD: Final = _HINTS.labels("heard")
DOORBELL_LOST: Final = Counter(
    "lockstep_doorbell_lost",
    "Lost connections of the doorbell; hints of other processes are found by sweeps until it is back.",
    registry=REGISTRY,
)


def count_appended(events: int) -> None:
    """Count events that were made of something else that was posted, such as a delivery time."""
    _OUTCOMES[Appended].inc(events)


def count_outcomes(answers: Iterable[Iterable[Outcome]]) -> None:
    """Count what became of a batch of events."""
    for kind, times in Tally(type(each) for outcomes in answers for each in outcomes).items():
        _OUTCOMES[kind].inc(times)
