"""One of several processes that fold the log again: a task comes on standard input, a line goes out for each slot.

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
from projections.rebuilder import Rebuilt, build
from projections.verifier import Verified, verify


class Task(msgspec.Struct, frozen=True):
    """What a worker is to do.

    Attributes:
        kind: Compare with the live views, or bring the next generation up to them.
        until: Compare only what was recorded by then.
    """

    dsn: str
    keyring: Keyring
    kind: Literal["verify", "build"]
    slots: tuple[int, ...]
    until: datetime | None = None


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker says: what it did for a slot, or why it cannot go on."""

    verified: Verified | None = None
    rebuilt: Rebuilt | None = None
    trouble: str | None = None


def collect_rarely() -> None:
    """Let the garbage collector come seldom: what a replay makes by the million has no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


async def work(task: Task) -> None:
    """Do a task, and say a line for each slot."""
    async with await open_pool(task.dsn, name="lockstep-replay", most=4) as pool:
        if task.kind == "verify":
            await verify(
                pool, task.keyring, slots=task.slots, until=task.until, on_slot=lambda one: _say(Line(verified=one))
            )
        else:
            await build(pool, task.keyring, slots=task.slots, on_slot=lambda one: _say(Line(rebuilt=one)))


def _say(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Do the task that comes on standard input."""
    collect_rarely()
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    try:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(work(task))
        except Exception as error:  # noqa: BLE001 - whoever gave the task tells
            _say(Line(trouble=explain(error)))
            sys.exit(1)
    except BrokenPipeError:  # who gave the task is gone, and nobody reads what is left to say
        os._exit(1)


if __name__ == "__main__":
    main()
