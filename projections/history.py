"""The lines of a card's history: one for each step, ordered by when it happened.

Only the newest 12 lines are shown, and a line never becomes older, so a line that is behind 12 others of its kind is
let go: it could never be seen again. Kinds are kept apart because erasure melts the lines of couriers by name into one.
"""

from typing import Final

import msgspec

LINES_SHOWN: Final = 12
MICROSECONDS: Final = 1_000_000

_NAMED_COURIER: Final = "courier_assigned#"
_BOUNDED: Final = ("note:", "courier_assigned:", _NAMED_COURIER)


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of history.

    Attributes:
        at: effective time in Unix microseconds of the event that last set it.
        version: that event's.
        step: what the phone is told.
        key: the same key again moves the line.
    """

    at: int
    version: int
    step: str
    key: str


def named_courier_key(version: int) -> str:
    """Give the key of a courier known by name alone, which must not hold the name; 0 when the name is lost."""
    return f"{_NAMED_COURIER}{version}"


def record(lines: tuple[Line, ...], line: Line) -> tuple[Line, ...]:
    """Add a line, or move the one with its key if this one is later; the same tuple if nothing changed."""
    key, at, version = line.key, line.at, line.version
    for old in lines:
        if old.key == key:
            if (at, version) <= (old.at, old.version):
                return lines
            lines = tuple(each for each in lines if each is not old)
            break
    place = len(lines)
    while place and ((before := lines[place - 1]).at > at or (before.at == at and before.version > version)):
        place -= 1
    grown = (*lines, line) if place == len(lines) else (*lines[:place], line, *lines[place:])
    return grown if len(grown) <= LINES_SHOWN else _within_bounds(grown)


def forget_names(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Melt the lines of couriers by name into the latest of them."""
    named = [line for line in lines if line.key.startswith(_NAMED_COURIER)]
    if not named:
        return lines
    latest = Line(named[-1].at, named[-1].version, named[-1].step, named_courier_key(0))
    return tuple(latest if line is named[-1] else line for line in lines if line is named[-1] or line not in named)


def shown(lines: tuple[Line, ...]) -> list[tuple[str, int]]:
    """Give what a phone sees: (step, whole Unix seconds), oldest first."""
    return [(line.step, line.at // MICROSECONDS) for line in lines[-LINES_SHOWN:]]


def _within_bounds(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    seen = dict.fromkeys(_BOUNDED, 0)
    kept = []
    for line in reversed(lines):
        for kind in _BOUNDED:
            if line.key.startswith(kind):
                seen[kind] += 1
                if seen[kind] <= LINES_SHOWN:
                    kept.append(line)
                break
        else:
            kept.append(line)
    return tuple(reversed(kept))
