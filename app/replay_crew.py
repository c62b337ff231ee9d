"""Folds the log again in this process, or in several at once, each with slots of its own. It cannot push."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from app.cli.database import Database
from app.cli.errors import CommandError
from app.replay_worker import Line, Task, collect_rarely
from events.slot import ALL_SLOTS
from projections.rebuilder import Rebuilt, build
from projections.verifier import Verified, verify

LINE_BYTES: Final = 64 * 1_048_576
"""A slot in which everything differs has a long line."""


async def verify_in(
    database: Database, workers: int, *, until: datetime | None, on_slot: Callable[[Verified], None]
) -> Verified:
    """Compare all views with the log.

    Args:
        database: Where they are.
        workers: Processes; with 1 it is done in this one.
        until: Compare only what was recorded by then.
        on_slot: Called with what was found in each slot.

    Raises:
        LockstepError: It could not be done to the end.
    """
    if workers == 1:
        collect_rarely()
        return await verify(database.pool, database.keyring, until=until, on_slot=on_slot)
    total = Verified()

    def hear(line: Line) -> None:
        nonlocal total
        if line.verified is not None:
            total += line.verified
            on_slot(line.verified)

    await _spread(Task(database.dsn, database.keyring, "verify", ALL_SLOTS, until), workers, hear)
    return total


async def build_in(database: Database, workers: int, *, on_slot: Callable[[Rebuilt], None]) -> Rebuilt:
    """Bring the next generation of every slot up to the live one.

    Args:
        database: Where they are.
        workers: Processes; with 1 it is done in this one.
        on_slot: Called with what was done for each slot.

    Raises:
        LockstepError: It could not be done to the end; what is written stays.
    """
    if workers == 1:
        collect_rarely()
        return await build(database.pool, database.keyring, on_slot=on_slot)
    total = Rebuilt()

    def hear(line: Line) -> None:
        nonlocal total
        if line.rebuilt is not None:
            total += line.rebuilt
            on_slot(line.rebuilt)

    await _spread(Task(database.dsn, database.keyring, "build", ALL_SLOTS), workers, hear)
    return total


async def _spread(task: Task, workers: int, hear: Callable[[Line], None]) -> None:
    """Give each worker every n-th slot, and wait for them; the first that fails ends the others."""
    shares = [msgspec.structs.replace(task, slots=task.slots[place::workers]) for place in range(workers)]
    try:
        async with asyncio.TaskGroup() as group:
            for share in shares:
                group.create_task(_run(share, hear))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _run(task: Task, hear: Callable[[Line], None]) -> None:
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
    try:
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        async for text in process.stdout:
            line = msgspec.json.decode(text, type=Line)
            if line.trouble is not None:
                raise CommandError(line.trouble)
            hear(line)
        code = await process.wait()
        if code:
            raise CommandError(f"A worker ended with {code}; see above. What it had written stays: run this again.")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
