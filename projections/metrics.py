"""What a process counts of folding."""

from typing import Final

from prometheus_client import Counter, Histogram

from events.metrics import REGISTRY, SECONDS

FOLDED: Final = Counter(
    "lockstep_views_written", "Views that were written: a subject, folded up to its head.", registry=REGISTRY
)
EVENTS_FOLDED: Final = Counter(
    "lockstep_events_folded", "Events that were folded into views that were written.", registry=REGISTRY
)
FOLD_SECONDS: Final = Histogram(
    "lockstep_fold_batch_seconds",
    "How long a batch of subjects took: claimed, read, folded and committed.",
    buckets=SECONDS,
    registry=REGISTRY,
)
