"""Wait for something about the simulator to become true."""

import asyncio

import pytest

from app.simulator.changes import Changes


async def test_a_condition_is_asked_once_for_all_changes_of_a_turn() -> None:
    """Five changes in a row make one more question, and no change makes none."""
    changes, asked = Changes(), [0]

    def never() -> bool:
        asked[0] += 1
        return False

    waiting = asyncio.create_task(changes.wait_until(never))
    await asyncio.sleep(0)
    for _ in range(5):
        changes.tell()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()

    assert asked == [2]


async def test_a_condition_that_does_not_hold_in_time_raises() -> None:
    """Whoever waits with a deadline is told that it passed."""
    with pytest.raises(TimeoutError):
        await Changes().wait_until(lambda: False, within_seconds=0)


async def test_a_condition_that_fails_tells_whoever_waits() -> None:
    """An error in a condition reaches the waiter, not the loop."""
    changes, answers = Changes(), [False]

    waiting = asyncio.create_task(changes.wait_until(answers.pop, within_seconds=5))
    await asyncio.sleep(0)
    changes.tell()

    with pytest.raises(IndexError):
        await waiting
