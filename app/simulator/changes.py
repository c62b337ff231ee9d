"""Let others wait until something about the simulator is true."""

import asyncio
from collections.abc import Callable


class Changes:
    """Look at waiting conditions again after changes, once for all changes of a turn of the loop."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._told = False

    def tell(self) -> None:
        """Say that something changed."""
        if self._waiting and not self._told:
            self._told = True
            asyncio.get_running_loop().call_soon(self._look)

    async def wait_until(self, predicate: Callable[[], bool], *, within_seconds: float | None = None) -> None:
        """Wait until the predicate holds; look only after changes.

        Raises:
            TimeoutError: it did not hold in time.
        """
        if predicate():
            return
        waiting = (predicate, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(within_seconds):
                await waiting[1]
        finally:
            self._waiting.remove(waiting)

    def _look(self) -> None:
        self._told = False
        for predicate, future in self._waiting:
            if future.done():
                continue
            try:
                holds = predicate()
            except Exception as error:  # noqa: BLE001 - whoever waits is told, instead of the loop
                future.set_exception(error)
                continue
            if holds:
                future.set_result(None)
