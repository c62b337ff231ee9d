"""Waiting for the first of several events, for a while at the most."""

import asyncio


async def first_of(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Wait until one of the events is set or the time is over.

    Args:
        events: At least one; the stop of a loop is usually the first.
        seconds: The longest to wait; None waits for as long as it takes.
    """
    waiting = [asyncio.ensure_future(each.wait()) for each in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
