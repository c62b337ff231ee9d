"""How many pushes may be under way: halved when APNs asks for less, and regained by what it accepts."""

from typing import Final

SETTLING_SECONDS: Final = 1.0
"""Answers to what was under way already say nothing new of the pace."""


class Pace:
    """A limit that falls at once and rises slowly.

    Args:
        most: Pushes under way, as long as APNs does not complain.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = float(most)
        self._fell_at: float | None = None

    @property
    def limit(self) -> int:
        """Give the pushes that may be under way now; never less than one."""
        return int(self._limit)

    def slow_down(self, monotonic: float) -> None:
        """Halve the limit, unless it has just been halved.

        Args:
            monotonic: Seconds that never go back.
        """
        if self._fell_at is None or monotonic - self._fell_at >= SETTLING_SECONDS:
            self._limit, self._fell_at = max(1.0, self._limit / 2), monotonic

    def accepted(self) -> None:
        """Regain a little: one push more for each round of the limit."""
        self._limit = min(self._most, self._limit + 1 / self._limit)
