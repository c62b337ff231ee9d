"""What was found of one thing that has to be in order: a value."""

from enum import StrEnum

import msgspec


class State(StrEnum):
    """Name how a thing is; `unknown` is what could not be looked at, because something else is wrong."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing and how it is.

    Attributes:
        check: What was looked at.
        found: What there is, in words, without anything secret.
        cure: What to do, where it is not good.
    """

    check: str
    state: State
    found: str
    cure: str | None = None


def good(check: str, found: str) -> Finding:
    """Say that a thing is in order."""
    return Finding(check, State.GOOD, found)


def warning(check: str, found: str, cure: str) -> Finding:
    """Say that a thing works, and may not for long."""
    return Finding(check, State.WARNING, found, cure)


def bad(check: str, found: str, cure: str) -> Finding:
    """Say that a thing does not work."""
    return Finding(check, State.BAD, found, cure)


def unknown(check: str, found: str) -> Finding:
    """Say why a thing could not be looked at."""
    return Finding(check, State.UNKNOWN, found)
