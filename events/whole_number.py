"""Reads a whole number that somebody has written: in a query, a header, a place to go on from."""

from typing import Final

_MOST_DIGITS: Final = 15


def read_whole_number(text: str) -> int | None:
    """Give the number that up to fifteen ASCII digits are; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
