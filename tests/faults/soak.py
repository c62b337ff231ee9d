"""A soak: customers order for minutes while one fault plan after another is on; then nothing may be left behind."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from msgspec.structs import replace

from app.simulator.fault_plans import PLANS
from app.simulator.simulator import Simulator
from tests.faults.fleet import Fleet
from tests.faults.history import judge_order, judge_received, judge_starts
from tests.faults.probe import Held
from tests.faults.rest import come_to_rest, expect_all, read_log
from tests.faults.run import BUGS, read_bugs
from tests.faults.stage import Plan, Stage, build, chance

PLAN_SECONDS = (1.5, 6.0)
SAMPLE_SECONDS = 1.0
# By then every plan's first needs and every pool are met.
WARM_SHARE = 0.5
FRESH_PROBES = 3
FLAT_MEGABYTES_A_MINUTE = 1.0
# A slope over less says nothing.
LEAST_SECONDS_FOR_A_SLOPE = 150.0
ENVIRONMENTS = 2
POSTGRES_LINES = 2 * 10 + 1
"""Two pools of ten and the doorbell."""
ONE_A_CONNECTION = frozenset({"RequestHandler.start", "ReadingConnection._read"})


class Grown(msgspec.Struct, frozen=True):
    """The memory of a process in the second half of the run: megabytes."""

    first: float
    last: float
    peak: float
    a_minute: float


class SoakResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a soak was and what it found.

    Attributes:
        plans: How often each was on.
        faults: How often each happened.
        lost_starts: Cards whose start vanished, at APNs or on its way to a token that died; none is started twice.
        memory: By process.
        held: What each process held at the end.
    """

    plan: Plan
    seconds: float
    plans: dict[str, int]
    faults: dict[str, int]
    pushes: dict[str, int]
    orders: int
    lost_starts: int
    memory: dict[str, Grown]
    held: dict[str, Held]
    violations: list[str]


async def soak(plan: Plan, folder: Path, seconds: float) -> SoakResult:
    """Soak once, with everything in a folder."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        stage = await build(plan, folder, stack)
        fresh = await _probe_fresh(stage.fleet)
        samples: dict[str, list[float]] = {name: [] for name in fresh}
        played: Counter[str] = Counter()
        enough = asyncio.Event()
        warm: dict[str, Held] = {}

        async def watch() -> None:
            nonlocal warm
            start = time.monotonic()
            while (spent := time.monotonic() - start) < seconds:
                await asyncio.sleep(SAMPLE_SECONDS)
                if spent < WARM_SHARE * seconds:
                    continue
                warm = warm or await _probe_all(stage.fleet)
                for name, held in (await _probe_all(stage.fleet)).items():
                    samples[name].append(held.resident)
            enough.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(stage.people.crowd(plan.crowd, enough))
            group.create_task(_switch(stage.simulator, played, chance(plan, "plans"), enough))
            group.create_task(watch())
        stages = expect_all(stage, await read_log(stage))
        violations, lost = await come_to_rest(stage, stages, tokens_die=True)
        violations += [*stage.ledger.wrong, *stage.shop.given_up, *stage.fleet.surprises]
        violations += judge_order(stage.people.shown, stages) + judge_starts(stage.people.shown, ())
        violations += judge_received(stage.simulator.pushes)
        kept = stage.backend.connections
        rest = await _probe_rest(stage.fleet)
        violations += _left_behind(stage, fresh, warm, rest, kept)
        memory = {name: _grown(each) for name, each in samples.items()}
        if seconds >= LEAST_SECONDS_FOR_A_SLOPE:
            violations += [
                f"{name} grows by {each.a_minute:.1f} MB a minute"
                for name, each in memory.items()
                if each.a_minute > FLAT_MEGABYTES_A_MINUTE
            ]
        violations += await stage.fleet.stop()
        violations += [
            f"the logs say {bug} {count} times"
            for bug, count in read_bugs(stage.fleet.logs()).items()
            if bug.split()[0] in BUGS
        ]
        return SoakResult(
            plan=plan,
            seconds=time.monotonic() - began,
            plans=dict(sorted(played.items())),
            faults=dict(sorted(stage.simulator.faults.happened.items())),
            pushes=dict(sorted(stage.simulator.pushes.counts.items())),
            orders=len(stage.people.orders),
            lost_starts=len(lost),
            memory=memory,
            held=rest,
            violations=violations,
        )


async def _switch(simulator: Simulator, played: Counter[str], dice: random.Random, enough: asyncio.Event) -> None:
    """Begin one plan after another until it is enough; then all is well again."""
    while not enough.is_set():
        name = dice.choice(list(PLANS))
        played[name] += 1
        simulator.faults.clear()
        simulator.begin_plan(PLANS[name])
        await asyncio.wait({asyncio.ensure_future(enough.wait())}, timeout=dice.uniform(*PLAN_SECONDS))
    simulator.faults.clear()


async def _probe_fresh(fleet: Fleet) -> dict[str, Held]:
    """Ask several times, and give the most tasks of each kind: one that works at that moment waits for nothing."""
    fresh = await _probe_all(fleet)
    for _ in range(FRESH_PROBES - 1):
        await asyncio.sleep(SAMPLE_SECONDS)
        for name, held in (await _probe_all(fleet)).items():
            tasks = Counter(fresh[name].inside.tasks) | Counter(held.inside.tasks)
            fresh[name] = replace(held, inside=replace(held.inside, tasks=dict(tasks)))
    return fresh


async def _probe_rest(fleet: Fleet) -> dict[str, Held]:
    """Ask twice, and give the tasks that were there both times: one that works just then is gone a second later."""
    rest = await _probe_all(fleet)
    await asyncio.sleep(SAMPLE_SECONDS)
    for name, held in (await _probe_all(fleet)).items():
        tasks = Counter(rest[name].inside.tasks) & Counter(held.inside.tasks)
        rest[name] = replace(held, inside=replace(held.inside, tasks=dict(tasks)))
    return rest


async def _probe_all(fleet: Fleet) -> dict[str, Held]:
    return {member.name: await fleet.probe(member) for member in fleet.members}


def _left_behind(
    stage: Stage, fresh: Mapping[str, Held], warm: Mapping[str, Held], rest: Mapping[str, Held], kept: int
) -> list[str]:
    """Say what processes hold at rest that they did not hold before, or more of it than they need.

    `kept` connections lead to the backend that is told of cards, for the next that it is told.
    """
    found: list[str] = []
    for name, held in rest.items():
        if held.inside.permits_taken:
            found.append(f"{name} holds {held.inside.permits_taken} permits")
        for task, count in held.inside.tasks.items():
            may = held.tcp if task in ONE_A_CONNECTION else fresh[name].inside.tasks.get(task, 0)
            if count > may:
                found.append(f"{name} has {count} tasks {task}, and needs {may}")
        if held.files > warm[name].files:
            found.append(f"{name} has {held.files} open files, and had {warm[name].files} half-way")
        if held.lines > fresh[name].files + POSTGRES_LINES:
            found.append(f"{name} has {held.lines} sockets that lead to Postgres")
        if not name.startswith("api") and held.tcp > ENVIRONMENTS + kept:
            found.append(f"{name} has {held.tcp} connections to APNs and to the backend")
    open_there = sum(len(server.connections) for server in stage.simulator.servers)
    at_most = ENVIRONMENTS * sum(name.startswith("dispatcher") for name in rest)
    return found + ([f"APNs has {open_there} connections"] if open_there > at_most else [])


def _grown(samples: Sequence[float]) -> Grown:
    slope = statistics.linear_regression(range(len(samples)), samples).slope if len(samples) > 1 else 0.0
    return Grown(samples[0], samples[-1], max(samples), slope * 60 / SAMPLE_SECONDS)


def table(result: SoakResult) -> str:
    """Give the summary for people."""
    rows: list[tuple[str, object]] = [
        ("soak, seed", result.plan.seed),
        ("duration", f"{result.seconds:.0f} s"),
        ("plans", f"{sum(result.plans.values())}, of them different: {len(result.plans)}"),
        ("faults", ", ".join(f"{name}: {count}" for name, count in result.faults.items())),
        ("answers of the simulated APNs", ", ".join(f"{name}: {count}" for name, count in result.pushes.items())),
        ("orders", result.orders),
        ("starts that vanished", result.lost_starts),
    ]
    for name, each in result.memory.items():
        held = result.held[name]
        memory = f"{each.first:.1f} → {each.last:.1f} MB, peak {each.peak:.1f}, {each.a_minute:+.2f} a minute"
        tasks = sum(held.inside.tasks.values())
        left = f"{held.inside.permits_taken} permits, {tasks} tasks, {held.files} files"
        rows.append((name, f"{memory}; at rest {left}, {held.lines} lines to Postgres, {held.tcp} TCP"))
    rows.append(("violations", len(result.violations)))
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {value}\n" for name, value in rows)
