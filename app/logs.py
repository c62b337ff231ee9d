"""Structured logs, set up once a process."""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog

REQUEST: Final[ContextVar[str | None]] = ContextVar("request", default=None)
"""The id of the request that is being answered; every line that is written meanwhile carries it."""


def set_up_logs(level: str, form: Literal["json", "console"], file: TextIO | None = None) -> None:
    """Send every log line of ours and of libraries to one place, in one form.

    Libraries speak only from WARNING on: at INFO some of them write the address of every request, and with it tokens.

    Args:
        level: The least of ours that is written.
        form: `json`, one object a line, or `console` for people.
        file: Where to; standard error unless given.
    """
    file = file or sys.stderr
    renderer: Any = _as_json if form == "json" else structlog.dev.ConsoleRenderer(colors=file.isatty())
    structlog.configure(
        processors=[
            name_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.BytesLoggerFactory(file.buffer)
        if form == "json"
        else structlog.PrintLoggerFactory(file),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=file, format="%(levelname)s %(name)s %(message)s")


def name_request(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the id of the request that is being answered to a line."""
    request_id = REQUEST.get()
    if request_id is not None:
        line["request_id"] = request_id
    return line


def _as_json(_: Any, __: str, line: MutableMapping[str, Any]) -> bytes:
    return msgspec.json.encode(line, enc_hook=str)
