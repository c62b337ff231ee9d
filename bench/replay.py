"""The log folded again: compared with the views, and into the next generation; one process and two."""

import asyncio
import os
import subprocess
import sys
import time
from typing import Any

import msgspec

from bench import sourced
from bench.database import Bed, bed
from bench.histories import LIFE, lived_orders
from bench.processes import lockstep_environment
from bench.report import Figure, beside
from events.postgres.pool import connect

MEGABYTE = 1_024  # in the kilobytes that the kernel counts
BARE = """
SELECT subject_id, version, source, event_id, type, schema_version, data, sealed, occurred_at, recorded_at
FROM events
ORDER BY slot, subject_id, version
"""
ROWS_AT_ONCE = 5_000
SOURCED = 50_000
MANY = 1_000_000
"""Below this the moves of 256 slots and the start of processes are what would be measured."""


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    return await measure((100_000,) if quick else (100_000, 1_000_000))


async def measure(sizes: tuple[int, ...]) -> list[Figure]:
    """Measure with logs of so many events."""
    figures = []
    for events in sizes:
        async with bed() as on:
            await lived_orders(on, events // len(LIFE))
            figures += await _measure(on, events)
    return figures


async def _measure(on: Bed, events: int) -> list[Figure]:
    bare = max([await _bare_cursor(on) for _ in range(2)])
    what, peer, target = f"{events:,} events", "bare asyncpg cursor", "≥ 0.25" if events >= MANY else ""
    verified, _ = await replay(on, "verify")
    decoded = await asyncio.to_thread(sourced.reads, on.dsn, events=SOURCED)
    rebuilt, kilobytes = await replay(on, "rebuild")
    figures = [
        beside("replay", f"verify, {what}", events / verified["seconds"], "events/s", peer, bare, target),
        beside("replay", "the same", events / verified["seconds"], "events/s", "eventsourcing decodes", decoded),
        beside("replay", f"rebuild, {what}", events / rebuilt["seconds"], "events/s", peer, bare, target),
        Figure("replay", f"memory of a rebuild, {what}", kilobytes / MEGABYTE, "MB", target="≤ 300"),
        Figure("replay", f"a slot held, at the most, {what}", rebuilt["held_seconds"] * 1_000, "ms", target="≤ 50"),
    ]
    if events >= MANY:
        for command, one in (("verify", verified), ("rebuild", rebuilt)):
            # what a rebuild leaves behind is the next one's to remove
            await replay(on, "clean")
            await on.pool.execute("VACUUM ANALYZE views", timeout=300)
            two, _ = await replay(on, command, "--workers", "2")
            rates = events / two["seconds"], events / one["seconds"]
            figures.append(
                beside("replay", f"{command}, two workers, {what}", rates[0], "events/s", "one", rates[1], "≥ 1.4")
            )
    return figures


async def _bare_cursor(on: Bed) -> float:
    """Give the rows a second of the same rows, read and thrown away."""
    connection = await connect(on.dsn, name="bench-bare")
    try:
        rows, began = 0, time.perf_counter()
        async with connection.transaction():
            async for _ in connection.cursor(BARE, prefetch=ROWS_AT_ONCE):
                rows += 1
        return rows / (time.perf_counter() - began)
    finally:
        await connection.close()


async def replay(on: Bed, command: str, *more: str) -> tuple[dict[str, Any], int]:
    """Run the command; give what it says, and the most memory it had, in kilobytes."""
    return await asyncio.to_thread(_run, lockstep_environment(on, "api"), command, *more)


def _run(environment: dict[str, str], command: str, *more: str) -> tuple[dict[str, Any], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", "from app.cli.main import main; main()", "replay", command, *more, "--json"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
    )
    if process.stdout is None:
        raise AssertionError("the output is piped")
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"replay {command} ended with {process.returncode}: {said.decode()}")
    return msgspec.json.decode(said), usage.ru_maxrss
