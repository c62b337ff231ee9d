"""`lockstep demo`: everything in one process, without Apple, a phone or Docker."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.output import print_json
from app.cli.running import NO, run, stop_on_signals
from app.demo.scenarios import Scenario

if TYPE_CHECKING:
    from app.cli.demo_stage import Stage
    from app.demo.run import DemoResult
    from app.simulator.fault_plans import FaultPlan

T = TypeVar("T")


@dataclass(frozen=True)
class _Play:
    """What is played.

    Attributes:
        speed: 1 is the pace people watch at; None leaves it to the kind of run.
    """

    scenario: Scenario
    seed: int
    plans: Sequence["FaultPlan"]
    speed: float | None


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play the scenario once, flat out, and compare.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Remove what earlier demos left, first.")] = False,
    scenario: Annotated[Scenario, typer.Option(help="What the orders are about.")] = Scenario.ORDERS,
    seed: Annotated[int, typer.Option(help="Chooses the cast and how the phones behave.")] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Play while this goes wrong; may be repeated. See: lockstep simulator faults"),
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=0.01, help="1 is the pace people watch at; flat out with --once.")
    ] = None,
) -> None:
    """Play sample orders on a real database, the real service and a simulated APNs with phones, until Ctrl-C.

    It prints a link to the console, an API key, and lines to post events of your own. The data stays in
    `.lockstep/demo`; warnings go to the file `log` there, and where there is no terminal to standard error.
    With --once, exit code 1 says that a phone shows what it should not.

    Example: `lockstep demo --once --json`, or while APNs says goodbye: `lockstep demo --once --json --fault goaway`;
    orders whose card appears later: `lockstep demo --once --scenario booking`
    """
    play = _Play(scenario, seed, _plans(fault or ()), speed)
    run(_demo(play, once=once or as_json, as_json=as_json, reset=reset))


def _plans(names: Sequence[str]) -> list["FaultPlan"]:
    from app.simulator.errors import SimulatorError
    from app.simulator.fault_plans import find_plan

    try:
        return [find_plan(name) for name in names]
    except SimulatorError as error:
        raise typer.BadParameter(str(error), param_hint="--fault") from error


async def _demo(play: _Play, *, once: bool, as_json: bool, reset: bool) -> int:
    stop = stop_on_signals()
    from app.cli.demo_stage import staged

    result: DemoResult | None = None
    starts_vanish = any(plan.starts_vanish for plan in play.plans)
    staging = staged(
        free_port=once,
        reset=reset,
        seed=play.seed,
        starts_vanish=starts_vanish,
        scenario=play.scenario,
        aside=not once and sys.stdout.isatty(),
    )
    try:
        async with AsyncExitStack() as stack:
            stage = await _unless(stop, stack.enter_async_context(staging))
            if stage is not None and once:
                result = await _unless(stop, _play_once(stage, play, as_json=as_json))
            elif stage is not None:
                await _play_on(stage, play, stop)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    if result is None:
        return NO if once else 0
    for each in (*result.differences, *result.lost_starts):
        typer.echo(each, err=True)
    if as_json:
        more = (
            *(("faults",) if play.plans else ()),
            *(("channels",) if result.channels.followers else ()),
            *(("lost_starts",) if result.lost_starts else ()),
        )
        names = ("orders", "events", "pushes", *more, "phones_match")
        print_json({name: getattr(result, name) for name in names})
    else:
        pushes = ", ".join(f"{count} {kind}" for kind, count in result.pushes.items())
        verdict = "every phone shows what it should." if result.phones_match else "phones differ, see above."
        wrong = ", ".join(f"{count} {name}" for name, count in result.faults.items())
        faults = f"; went wrong: {wrong}" if play.plans else ""
        used = result.channels
        by_channel = f"; {used.followers} cards by channel, {used.requests_an_update:g} requests an update"
        channels = by_channel if used.followers else ""
        lost = f"; {len(result.lost_starts)} starts lost, see above" if result.lost_starts else ""
        told = f"{result.orders} orders, {result.events} events, pushes: {pushes}{faults}{channels}{lost}"
        typer.echo(f"{told}; {verdict}")
    return 0 if result.phones_match else NO


async def _play_once(stage: "Stage", play: _Play, *, as_json: bool) -> "DemoResult":
    from app.demo.run import run_scenario

    def tell(text: str) -> None:
        if not as_json:
            typer.echo(text, err=True)

    return await run_scenario(
        lockstep_url=stage.invitation.url,
        api_key=stage.invitation.api_key,
        simulator=stage.simulator,
        seed=play.seed,
        scenario=play.scenario,
        on_progress=tell,
        plans=play.plans,
        pace=0.0 if play.speed is None else 1 / play.speed,
    )


async def _play_on(stage: "Stage", play: _Play, stop: asyncio.Event) -> None:
    """Play again and again with the phones on the screen, until told to stop."""
    from app.cli.demo_invitation import program
    from app.cli.demo_screen import Screen, cards_of
    from app.demo.run import keep_running

    with Screen(partial(cards_of, stage.simulator), stage.invitation) as screen:
        await _unless(
            stop,
            keep_running(
                lockstep_url=stage.invitation.url,
                api_key=stage.invitation.api_key,
                simulator=stage.simulator,
                seed=play.seed,
                scenario=play.scenario,
                on_progress=screen.tell,
                on_result=screen.show_result,
                plans=play.plans,
                pace=1 / (play.speed or 1.0),
            ),
        )
    typer.echo(f"{os.linesep}Stopping. The data stays in {stage.place}; `{program()} demo --reset` starts over.")


async def _unless(stop: asyncio.Event, work: Awaitable[T]) -> T | None:
    """Await work unless told to stop first, which cancels it and gives None."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for each in (working, stopping):
            each.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
