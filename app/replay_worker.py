"""One of several processes that fold the log again: a task and then slots come on standard input, and end it.

A line goes out for each slot.

It cannot push: nothing here can reach what sends.
"""

import asyncio
import gc
import os
import sys
from datetime import datetime
from typing import Literal

import msgspec

from app.cli.running import explain, loop_factory
from events.postgres.pool import open_pool
from events.sealing import Keyring
from projections.card_modules import install_cards
from projections.comparison import Verified
from projections.lanes import Slots
from projections.rebuilder import Rebuilt, build
from projections.verifier import verify


class Task(msgspec.Struct, frozen=True):
    """What a worker is to do.

    Attributes:
        kind: Compare with the live views, or bring the next generation up to them.
        until: Compare only what was recorded by then.
        cards: Modules of a team's own cards.
        full_speed: Not to stand back for what else runs on this machine.
    """

    dsn: str
    keyring: Keyring
    kind: Literal["verify", "build"]
    until: datetime | None = None
    cards: tuple[str, ...] = ()
    full_speed: bool = False


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker says: what it did for a slot, or why it cannot go on."""

    verified: Verified | None = None
    rebuilt: Rebuilt | None = None
    trouble: str | None = None


def stand_back() -> None:
    """Take what the others leave of a processor, which alone is all of it, and beside busy ones very little."""
    if sys.platform == "linux":
        # at the lowest niceness it would still finish its turn of some milliseconds before one that serves has its own
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def collect_seldom() -> None:
    """Let the garbage collector come seldom: what a replay makes by the million has no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


class HandedSlots(Slots):
    """Slots as they come, a line each.

    Args:
        lines: Where they come from.
    """

    def __init__(self, lines: asyncio.StreamReader) -> None:
        super().__init__(())
        self._lines = lines
        self._lock = asyncio.Lock()

    async def take(self) -> int | None:
        """Wait for the next; None: there are no more."""
        async with self._lock:
            line = await self._lines.readline()
        return int(line) if line else None


async def work() -> None:
    """Do the task that comes on standard input for the slots that follow, and say a line for each."""
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
    # readable once nobody reads it: who gave the task is gone, and a statement that waits for a lock would outlive it
    loop.add_reader(sys.stdout.fileno(), os._exit, 1)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    task = msgspec.json.decode(await lines.readline(), type=Task)
    if not task.full_speed:
        stand_back()
    install_cards(task.cards)
    collect_seldom()
    slots = HandedSlots(lines)
    async with await open_pool(task.dsn, name="lockstep-replay", most=4) as pool:
        if task.kind == "verify":
            await verify(
                pool, task.keyring, slots=slots, until=task.until, on_slot=lambda one: _say(Line(verified=one))
            )
        else:
            await build(pool, task.keyring, slots=slots, on_slot=lambda one: _say(Line(rebuilt=one)))


def _say(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Work; who gave the task is told why it cannot be done."""
    try:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(work())
        except Exception as error:  # noqa: BLE001 - whoever gave the task tells
            _say(Line(trouble=explain(error)))
            sys.exit(1)
    except BrokenPipeError:  # who gave the task is gone, and nobody reads what is left to say
        os._exit(1)


if __name__ == "__main__":
    main()
