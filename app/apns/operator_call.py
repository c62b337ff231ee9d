"""Calls for a person where no retry mends what Apple or Google answered: a line in the log, and a count for alerts."""

import structlog

from app.metrics.counters import count_operator_needed

log = structlog.get_logger()


def call_operator(environment: str, detail: str, *, app: str | None = None) -> None:
    """Call for a person.

    Args:
        environment: Whose answer it is.
        detail: What is wrong and what to do, without anything personal.
        app: Whose pushes it is about, where it is about one app's.
    """
    about = {} if app is None else {"app": app}
    log.error("apns_needs_an_operator", environment=environment, detail=detail, **about)
    count_operator_needed(environment)
