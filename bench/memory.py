"""Memory of a process with all roles over 100,000 events, after warm-up."""

import asyncio

from bench.database import bed
from bench.latency import Stage, stage
from bench.processes import resident_bytes
from bench.report import Figure

BATCH = 100
WRITERS = 4
MEGABYTE = 1_048_576


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    warm_up, events = (5_000, 10_000) if quick else (50_000, 100_000)
    async with bed() as database, stage(database) as on:
        await _post_batches(on, "warm", warm_up)
        before = resident_bytes(on.pid)
        await _post_batches(on, "measured", events)
        grown = resident_bytes(on.pid) - before
    per_10_000 = grown / MEGABYTE / (events / 10_000)
    return [
        Figure("memory", f"growth over {events:,} events", per_10_000, "MB per 10,000 events", target="≤ 1"),
        Figure("memory", "resident after warm-up", before / MEGABYTE, "MB"),
    ]


async def _post_batches(on: Stage, name: str, events: int) -> None:
    batches = iter(range(events // BATCH))

    async def write() -> None:
        for batch in batches:
            body = [
                {
                    "specversion": "1.0",
                    "id": f"{name}-{batch}-{number}",
                    "source": "kitchen",
                    "type": "order.ready" if batch % 10 else "order.placed",
                    "subject": f"{name}-{(batch // 10) * BATCH + number}",
                    "time": "2026-11-01T12:00:00Z",
                    "data": {} if batch % 10 else {"customerId": "nobody", "merchantName": "Pizzeria"},
                }
                for number in range(BATCH)
            ]
            headers = {"Content-Type": "application/cloudevents-batch+json"}
            async with on.client.post(f"{on.url}/v1/events", json=body, headers=headers) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    await asyncio.sleep(2)  # what was posted last is folded within a second; this is a benchmark, not a test
