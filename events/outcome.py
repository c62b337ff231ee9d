"""What became of an event that was to be appended."""

from datetime import datetime

import msgspec


class Appended(msgspec.Struct, frozen=True):
    """Stored, as this version."""

    version: int
    recorded_at: datetime


class Duplicate(msgspec.Struct, frozen=True):
    """The log has the same event already, as this version."""

    version: int


class IdReused(msgspec.Struct, frozen=True):
    """The log has other content under this source and id, as this version; nothing was stored."""

    version: int


class VersionConflict(msgspec.Struct, frozen=True):
    """The subject is at another version than was expected; nothing was stored."""

    current: int


class Archived(msgspec.Struct, frozen=True):
    """The subject was archived; nothing was stored."""


class Withheld(msgspec.Struct, frozen=True):
    """Not stored because another event of the same subject in the same request was refused."""


Outcome = Appended | Duplicate | IdReused | VersionConflict | Archived | Withheld
