"""Runs the loops of a process side by side and begins anew what fails."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping

import structlog

from app.metrics.counters import begin_loop, count_loop_failure
from events.waiting import first_of

log = structlog.get_logger()

Loop = Callable[[asyncio.Event], Awaitable[None]]

RESTART_SECONDS = 1.0


async def supervise(loops: Mapping[str, Loop], stop: asyncio.Event) -> None:
    """Run every loop until told to stop; a loop that fails is a bug, is logged and begins again.

    Args:
        loops: By name; each returns soon after `stop` is set.
        stop: Ends them all.
    """
    async with asyncio.TaskGroup() as group:
        for name, loop in loops.items():
            group.create_task(_keep_running(name, loop, stop), name=name)


async def _keep_running(name: str, loop: Loop, stop: asyncio.Event) -> None:
    begin_loop(name)
    while not stop.is_set():
        try:
            await loop(stop)
        except Exception as error:  # noqa: BLE001 - whatever it was, the other loops go on and this one begins again
            place = traceback.extract_tb(error.__traceback__)[-1]
            # the message may quote values, so only where it happened is told
            log.error(  # noqa: TRY400 - for the same reason
                "loop_failed", loop=name, error=type(error).__name__, at=f"{place.filename}:{place.lineno}"
            )
            count_loop_failure(name)
            await first_of(stop, seconds=RESTART_SECONDS)
