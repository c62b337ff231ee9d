"""The point in an order's past that somebody asks about."""

from datetime import datetime
from typing import Annotated

import msgspec

from app.errors import PointError
from events.codec import EARLIEST_YEAR, LATEST_YEAR
from events.whole_number import read_whole_number

_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class AtTime(msgspec.Struct, frozen=True):
    """What was so at a time, aware."""

    at: datetime


class AtVersion(msgspec.Struct, frozen=True):
    """What was so once an event, 1 or later, had been recorded."""

    version: int


Point = AtTime | AtVersion


def point_of(at: str | None, version: str | None) -> Point:
    """Read what somebody asks about: a time or a version, and not both.

    Raises:
        PointError: It is neither, or cannot be.
    """
    if (at is None) == (version is None):
        raise PointError("Give a time or a version, one of the two.")
    return AtTime(_time_of(at)) if at is not None else AtVersion(_version_of(version or ""))


def _time_of(text: str) -> datetime:
    try:
        moment = msgspec.convert(text, _Aware)
    except msgspec.ValidationError:
        blank = " In a URL, + is written %2B." if " " in text else ""
        raise PointError(
            f"The time is to be of the form 2025-11-01T12:03:00Z, or with another offset than Z.{blank}"
        ) from None
    if not EARLIEST_YEAR <= moment.year < LATEST_YEAR:
        raise PointError(f"The time is to be from {EARLIEST_YEAR} to {LATEST_YEAR - 1}.")
    return moment


def _version_of(text: str) -> int:
    version = read_whole_number(text)
    if not version:
        raise PointError("The version is to be a whole number, 1 or more.")
    return version
