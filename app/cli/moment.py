"""Reads a time that somebody typed."""

from datetime import UTC, datetime

import typer


def moment_of(text: str, option: str) -> datetime:
    """Read a time; without an offset it is UTC.

    Args:
        text: Such as 2026-11-01T12:03:00Z, or 2026-11-01.
        option: Where it was typed.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("is to be a time such as 2026-11-01T12:03:00Z", param_hint=option) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
