"""Folds the log again in this process, or in several that share the slots. It cannot push."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from app.cli.database import Database
from app.cli.errors import CommandError
from app.replay_worker import Line, Task, stand_back
from projections.comparison import Verified
from projections.lanes import Slots
from projections.rebuilder import Rebuilt, build
from projections.registry import CARDS
from projections.verifier import verify

Done = TypeVar("Done", Verified, Rebuilt)

AT_ONCE: Final = 4
"""Slots that another process has before it: one more than it works on."""
LINE_BYTES: Final = 64 * 1_048_576
"""A slot in which everything differs has a long line."""


async def verify_in(
    database: Database, workers: int, *, until: datetime | None, on_slot: Callable[[Verified], None]
) -> Verified:
    """Compare all views with the log.

    Args:
        database: Where they are.
        workers: Processes, this one among them.
        until: Compare only what was recorded by then.
        on_slot: Called with what was found in each slot.

    Raises:
        LockstepError: It could not be done to the end.
    """
    slots = Slots()
    here = verify(database.pool, database.keyring, slots=slots, until=until, on_slot=on_slot)
    return await _share(
        slots,
        workers,
        here,
        Task(database.dsn, database.keyring, "verify", until, CARDS.modules),
        lambda line: line.verified,
        on_slot,
    )


async def build_in(database: Database, workers: int, *, on_slot: Callable[[Rebuilt], None]) -> Rebuilt:
    """Bring the next generation of every slot up to the live one.

    Args:
        database: Where they are.
        workers: Processes, this one among them.
        on_slot: Called with what was done for each slot.

    Raises:
        LockstepError: It could not be done to the end; what is written stays.
    """
    slots = Slots()
    here = build(database.pool, database.keyring, slots=slots, on_slot=on_slot)
    return await _share(
        slots,
        workers,
        here,
        Task(database.dsn, database.keyring, "build", cards=CARDS.modules),
        lambda line: line.rebuilt,
        on_slot,
    )


async def _share(
    slots: Slots,
    workers: int,
    here: Coroutine[Any, Any, Done],
    task: Task,
    read: Callable[[Line], Done | None],
    on_slot: Callable[[Done], None],
) -> Done:
    """Work here and in other processes until no slot waits; the first that fails ends the others."""
    there: list[Done] = []

    def hear(line: Line) -> None:
        one = read(line)
        if one is not None:
            there.append(one)
            on_slot(one)

    stand_back()
    try:
        async with asyncio.TaskGroup() as group:
            mine = group.create_task(here)
            for _ in range(workers - 1):
                group.create_task(_run(slots, task, hear))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return sum(there, start=mine.result())


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
