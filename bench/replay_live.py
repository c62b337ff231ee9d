"""What those who wait for pushes notice of a rebuild beside them, and that it sends nothing itself."""

import asyncio
import statistics
from collections.abc import Callable, Iterator
from itertools import count

from bench.database import bed
from bench.histories import LIFE, lived_orders
from bench.latency import ORDERS, RATE, Stage, show_cards, stage, waits_of
from bench.replay import replay
from bench.report import Figure, beside

SECONDS = 5
WARM_ROUNDS, QUIET_ROUNDS = 2, 4


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    events = 100_000 if quick else 1_000_000
    async with bed() as database:
        await lived_orders(database, events // len(LIFE), name="old")
        async with stage(database) as on:
            await show_cards(on, ORDERS)
            rounds = count()
            await _p99(on, rounds, until=lambda done: done == WARM_ROUNDS)
            alone = await _p99(on, rounds, until=lambda done: done == QUIET_ROUNDS)
            rebuild = asyncio.ensure_future(replay(database, "rebuild"))
            along = await _p99(on, rounds, until=lambda _: rebuild.done())
            await rebuild
            pushes = len(on.simulator.pushes)
            await replay(database, "verify")
            await on.simulator.quiet()
            if len(on.simulator.pushes) != pushes:
                raise AssertionError("a replay sent a push")
    what = f"POST → push received, {RATE} events/s, p99, while {events:,} events are rebuilt"
    return [beside("replay_live", what, along, "ms", "without", alone, "≤ 2")]


async def _p99(on: Stage, rounds: Iterator[int], *, until: Callable[[int], bool]) -> float:
    """Post for some seconds again and again, and give the p99 of all of them, in milliseconds."""
    waits: list[float] = []
    done = 0
    while not until(done):
        number = next(rounds) * RATE * SECONDS
        waits += await waits_of(on, range(number, number + RATE * SECONDS))
        done += 1
    return statistics.quantiles(waits, n=100)[98]
