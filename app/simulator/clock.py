"""Tell the simulator's time, which a test may move."""

from collections.abc import Callable


class Clock:
    """Give seconds since 1970: those of `now`, plus an offset.

    Args:
        now: the time underneath, for instance `time.time`.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.offset_seconds = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self._now() + self.offset_seconds
