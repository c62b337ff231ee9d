"""Let what is under way to a phone arrive, each after a while of its own: one may overtake another."""

import asyncio
from collections.abc import Callable

from app.simulator.chance import Chance, Seconds


class Deliveries:
    """Hold what is under way.

    Args:
        chance: draws the delays.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._under_way: set[asyncio.TimerHandle] = set()

    def bring(self, arrive: Callable[[], None], within: Seconds) -> None:
        """Let something arrive, at once where nothing takes any time."""
        delay = self._chance.between(within)
        if not delay:
            arrive()
            return

        def run() -> None:
            self._under_way.discard(timer)
            arrive()

        timer = asyncio.get_running_loop().call_later(delay, run)
        self._under_way.add(timer)

    def stop(self) -> None:
        """Bring nothing more that is under way."""
        for timer in self._under_way:
            timer.cancel()
        self._under_way.clear()
