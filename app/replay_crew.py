"""Folds the log again in processes that share the slots; this one hands them out and adds up. It cannot push."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from app.cli.database import Database
from app.cli.errors import CommandError
from app.replay_worker import Line, Task
from events.postgres.pool import Pool
from projections.comparison import Verified
from projections.lanes import Slots, filled_slots
from projections.rebuilder import Rebuilt
from projections.registry import CARDS

Done = TypeVar("Done", Verified, Rebuilt)

AT_ONCE: Final = 4
"""Slots that another process has before it: one more than it works on."""
LINE_BYTES: Final = 64 * 1_048_576
"""A slot in which everything differs has a long line."""


async def verify_in(
    database: Database,
    workers: int,
    *,
    until: datetime | None,
    on_slot: Callable[[Verified], None],
    full_speed: bool = False,
) -> Verified:
    """Compare all views with the log.

    Args:
        database: Where they are.
        workers: Processes to start.
        until: Compare only what was recorded by then.
        on_slot: Called with what was found in each slot, or in all that are empty.
        full_speed: They do not stand back for what else runs on this machine.

    Raises:
        LockstepError: It could not be done to the end.
    """
    task = Task(database.dsn, database.keyring, "verify", until, CARDS.modules, full_speed)
    return await _share(database.pool, workers, task, lambda line: line.verified, on_slot, start=Verified())


async def build_in(
    database: Database, workers: int, *, on_slot: Callable[[Rebuilt], None], full_speed: bool = False
) -> Rebuilt:
    """Bring the next generation of every slot up to the live one.

    Args:
        database: Where they are.
        workers: Processes to start.
        on_slot: Called with what was done for each slot, or for all that are empty.
        full_speed: They do not stand back for what else runs on this machine.

    Raises:
        LockstepError: It could not be done to the end; what is written stays.
    """
    task = Task(database.dsn, database.keyring, "build", cards=CARDS.modules, full_speed=full_speed)
    return await _share(database.pool, workers, task, lambda line: line.rebuilt, on_slot, start=Rebuilt())


async def _share(
    pool: Pool,
    workers: int,
    task: Task,
    read: Callable[[Line], Done | None],
    on_slot: Callable[[Done], None],
    *,
    start: Done,
) -> Done:
    """Let processes work until no slot waits, and add up what they did; the first that fails ends the others."""
    total = start

    def add(one: Done) -> None:
        nonlocal total
        total += one
        on_slot(one)

    def hear(line: Line) -> None:
        one = read(line)
        if one is not None:
            add(one)

    slots, empty = await filled_slots(pool)
    add(msgspec.structs.replace(start, slots=empty))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(_run(slots, task, hear))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return total


async def _run(slots: Slots, task: Task, hear: Callable[[Line], None]) -> None:
    """Give a process of its own the task, and slots as fast as it works through them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.replay_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both are piped")
    given = process.stdin

    async def give() -> None:
        slot = await slots.take()
        if slot is not None:
            given.write(b"%d\n" % slot)
        elif not given.is_closing():
            given.close()

    try:
        given.write(msgspec.json.encode(task) + b"\n")
        for _ in range(AT_ONCE):
            await give()
        async for text in process.stdout:
            line = msgspec.json.decode(text, type=Line)
            if line.trouble is not None:
                raise CommandError(line.trouble)
            hear(line)
            await give()
        code = await process.wait()
        if code:
            raise CommandError(f"A worker ended with {code}; see above. What it had written stays: run this again.")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
