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
TURNS = 3
WARM_ROUNDS, QUIET_ROUNDS = 2, 3


async def run(*, quick: bool) -> list[Figure]:
    """Measure by turns, for what the disk does meanwhile is in both."""
    events = 100_000 if quick else 1_000_000
    alone: list[float] = []
    along: list[float] = []
    async with bed() as database:
        await lived_orders(database, events // len(LIFE), name="old")
        async with stage(database) as on:
            await show_cards(on, ORDERS)
            rounds = count()
            await _waits(on, rounds, until=lambda done: done == WARM_ROUNDS)
            for _ in range(TURNS):
                alone += await _waits(on, rounds, until=lambda done: done == QUIET_ROUNDS)
                rebuild = asyncio.ensure_future(replay(database, "rebuild"))
                along += await _waits(on, rounds, until=lambda _: rebuild.done())  # noqa: B023 - awaited here
                await rebuild
                await replay(database, "clean")
            pushes = len(on.simulator.pushes)
            await replay(database, "verify")
            await on.simulator.quiet()
            if len(on.simulator.pushes) != pushes:
                raise AssertionError("a replay sent a push")
    what = f"POST → push received, {RATE} events/s, while {events:,} events are rebuilt"
    return [
        beside("replay_live", f"{what}, {name}", _quantile(along, of), "ms", "without", _quantile(alone, of), "≤ 2")
        for name, of in (("p50", 50), ("p99", 99))
    ]


def _quantile(waits: list[float], percent: int) -> float:
    return statistics.quantiles(waits, n=100)[percent - 1]


async def _waits(on: Stage, rounds: Iterator[int], *, until: Callable[[int], bool]) -> list[float]:
    """Post for some seconds again and again, and give how long each took, in milliseconds."""
    waits: list[float] = []
    done = 0
    while not until(done):
        number = next(rounds) * RATE * SECONDS
        waits += await waits_of(on, range(number, number + RATE * SECONDS))
        done += 1
    return waits
