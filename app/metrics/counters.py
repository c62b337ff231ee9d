"""What a process counts at its edges: requests, streams, pushes, webhooks, loops.

A label's values are ours or from a table: whatever a caller or a peer makes up is counted as `other`. What an alert
waits for is counted from zero on, because Prometheus sees no rise in a series that begins with one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram

from events.metrics import REGISTRY, SECONDS
from projections.card_store import ENVIRONMENTS, Claimed

OTHER: Final = "other"

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})

_REQUESTS: Final = Counter(
    "lockstep_http_requests",
    "Requests that were answered, by method, route and status; none where no route has the path.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
_REQUEST_SECONDS: Final = Histogram(
    "lockstep_http_request_seconds",
    "How long requests took, by route; a stream takes as long as it is followed.",
    ["route"],
    buckets=SECONDS,
    registry=REGISTRY,
)
_STREAMS: Final = Gauge(
    "lockstep_streams", "Streams of server-sent events that are followed now, by route.", ["route"], registry=REGISTRY
)
_CUT_OFF: Final = Counter(
    "lockstep_http_connections_cut",
    "Connections that were closed from here, by why: full, there were as many as there may be; silent, nothing came; "
    "head or body, it did not come in time; unread, what was sent was not read in time.",
    ["why"],
    registry=REGISTRY,
)
_PUSHES: Final = Counter(
    "lockstep_pushes",
    "Pushes by environment, kind, outcome (accepted, retry, rejected, unknown, or shadow for what is not sent) and the "
    "reason that was given for it; none where there is none.",
    ["environment", "kind", "outcome", "reason"],
    registry=REGISTRY,
)
_PUSH_SECONDS: Final = Histogram(
    "lockstep_push_seconds",
    "How long a push took from its sending to the answer, by environment.",
    ["environment"],
    buckets=SECONDS,
    registry=REGISTRY,
)
_FRESHNESS_SECONDS: Final = Histogram(
    "lockstep_event_to_accepted_seconds",
    "How long it took from an order's newest event until an update or end with it was accepted, by environment.",
    ["environment"],
    buckets=(*SECONDS[4:], 30.0, 60.0, 300.0, 1_800.0),
    registry=REGISTRY,
)
_CLAIMED: Final = Counter("lockstep_cards_claimed", "Cards that were claimed.", registry=REGISTRY)
_LEASES_RUN_OUT: Final = Counter(
    "lockstep_leases_run_out",
    "Claimed cards whose last worker vanished before it settled: what it sent, if anything, has no known answer.",
    registry=REGISTRY,
)
_OPERATOR_NEEDED: Final = Counter(
    "lockstep_operator_needed",
    "Answers that no retry mends, as the log says by apns_needs_an_operator, by environment.",
    ["environment"],
    registry=REGISTRY,
)
_WEBHOOK_ATTEMPTS: Final = Counter(
    "lockstep_webhook_attempts",
    "Requests to webhooks by outcome: delivered, failed (it is sent again), or dead.",
    ["outcome"],
    registry=REGISTRY,
)
_LOOP_FAILURES: Final = Counter(
    "lockstep_loop_failures",
    "Loops that failed and began again, as the log says by loop_failed: each is a bug.",
    ["loop"],
    registry=REGISTRY,
)


for environment in ENVIRONMENTS:
    _OPERATOR_NEEDED.labels(environment)
for outcome in ("delivered", "failed", "dead"):
    _WEBHOOK_ATTEMPTS.labels(outcome)


def begin_route(method: str, route: str) -> None:
    """Count the errors of a route that will be served."""
    _requests(method, route, 500)


def begin_loop(loop: str) -> None:
    """Count the failures of a loop that will run."""
    _LOOP_FAILURES.labels(loop)


def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    known = method if method in _METHODS else OTHER
    _requests(known, route or "none", status).inc()
    _request_seconds(route or "none").observe(seconds)


def count_cut_off(why: Literal["full", "silent", "head", "body", "unread"]) -> None:
    """Count a connection that was closed because of its client."""
    _CUT_OFF.labels(why).inc()


@contextmanager
def counted_stream(route: str | None) -> Iterator[None]:
    """Count a stream while it is followed."""
    streams = _STREAMS.labels(route or "none")
    streams.inc()
    try:
        yield
    finally:
        streams.dec()


def count_claims(claimed: Sequence[Claimed]) -> None:
    """Count cards that were claimed."""
    _CLAIMED.inc(len(claimed))
    _LEASES_RUN_OUT.inc(sum(each.card.lease_ran_out for each in claimed))


def count_push(environment: str, kind: str, outcome: str, reason: str | None, seconds: float | None) -> None:
    """Count a push that was judged.

    Args:
        environment: Where it went.
        kind: What it did to its card.
        outcome: What became of it.
        reason: Of a table; None where nothing was given.
        seconds: From its sending to the answer; None where there was none, or nothing was sent.
    """
    _pushes(environment, kind, outcome, reason or "none").inc()
    if seconds is not None:
        _push_seconds(environment).observe(max(0.0, seconds))


def count_freshness(environment: str, seconds: float) -> None:
    """Note how long news took from its event to the accepted push."""
    _freshness_seconds(environment).observe(max(0.0, seconds))


def count_operator_needed(environment: str) -> None:
    """Count an answer that no retry mends."""
    _OPERATOR_NEEDED.labels(environment).inc()


def count_webhook_attempt(outcome: str) -> None:
    """Count a request to a webhook."""
    _WEBHOOK_ATTEMPTS.labels(outcome).inc()


def count_loop_failure(loop: str) -> None:
    """Count a loop that failed."""
    _LOOP_FAILURES.labels(loop).inc()


# Finding the series of labels costs several times what counting in it does, so what was found is kept.
@cache
def _requests(method: str, route: str, status: int) -> Counter:
    return _REQUESTS.labels(method, route, str(status))


@cache
def _request_seconds(route: str) -> Histogram:
    return _REQUEST_SECONDS.labels(route)


@cache
def _pushes(environment: str, kind: str, outcome: str, reason: str) -> Counter:
    return _PUSHES.labels(environment, kind, outcome, reason)


@cache
def _push_seconds(environment: str) -> Histogram:
    return _PUSH_SECONDS.labels(environment)


@cache
def _freshness_seconds(environment: str) -> Histogram:
    return _FRESHNESS_SECONDS.labels(environment)
