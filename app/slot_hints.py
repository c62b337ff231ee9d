"""In which slots to look for news: those that hints name, and all of them now and then, for hints may be lost."""

import asyncio
import time
from collections.abc import Iterable

from events.slot import ALL_SLOTS
from events.waiting import first_of


class SlotHints:
    """Gathers hints for one who looks."""

    def __init__(self) -> None:
        self._slots: set[int] = set()
        self._work = asyncio.Event()
        self._next_look = 0.0

    def add(self, slots: Iterable[int]) -> None:
        """Take a hint."""
        self._slots.update(slots)
        self._work.set()

    async def take(self, stop: asyncio.Event, *, every_seconds: float) -> set[int]:
        """Wait for a hint, or for the time to look at all slots, and give where to look.

        Args:
            stop: Ends the wait.
            every_seconds: How often all are looked at.
        """
        await first_of(stop, self._work, seconds=max(0.0, self._next_look - time.monotonic()))
        self._work.clear()
        slots, self._slots = self._slots, set()
        if time.monotonic() < self._next_look:
            return slots
        self._next_look = time.monotonic() + every_seconds
        return set(ALL_SLOTS)
