"""Structured logs, set up once a process."""

import logging
import sys
from typing import Any, Literal

import structlog


def set_up_logs(level: str, form: Literal["json", "console"]) -> None:
    """Send every log line of ours and of libraries to standard error, in one form.

    Libraries speak only from WARNING on: at INFO some of them write the address of every request, and with it tokens.

    Args:
        level: The least of ours that is written.
        form: `json`, one object a line, or `console` for people.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
