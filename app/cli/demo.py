"""`lockstep demo`: everything in one process, without Apple, a phone or Docker."""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.output import print_json
from app.cli.running import NO, run, stop_on_signals

if TYPE_CHECKING:
    from app.cli.demo_stage import Stage
    from app.demo.run import DemoResult
    from app.simulator.fault_plans import FaultPlan

T = TypeVar("T")


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play the scenario once, flat out, and compare.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Remove what earlier demos left, first.")] = False,
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

    It prints its address, an API key, and a line to post an event of your own. The data stays in `.lockstep/demo`.
    With --once, exit code 1 says that a phone shows what it should not.

    Example: `lockstep demo --once --json`, or while APNs says goodbye: `lockstep demo --once --json --fault goaway`
    """
    plans = _plans(fault or ())
    run(_demo(once=once or as_json, as_json=as_json, reset=reset, seed=seed, plans=plans, speed=speed))


def _plans(names: Sequence[str]) -> list["FaultPlan"]:
    from app.simulator.errors import SimulatorError
    from app.simulator.fault_plans import find_plan

    try:
        return [find_plan(name) for name in names]
    except SimulatorError as error:
        raise typer.BadParameter(str(error), param_hint="--fault") from error


async def _demo(
    *, once: bool, as_json: bool, reset: bool, seed: int, plans: Sequence["FaultPlan"], speed: float | None
) -> int:
    from app.cli.demo_stage import staged

    stop = stop_on_signals()
    result: DemoResult | None = None
    starts_vanish = any(plan.starts_vanish for plan in plans)
    async with staged(free_port=once, reset=reset, seed=seed, starts_vanish=starts_vanish) as stage:
        if once:
            pace = 0.0 if speed is None else 1 / speed
            result = await _unless(stop, _play_once(stage, seed, plans, pace, as_json=as_json))
        else:
            await _play_on(stage, stop, seed, plans, 1 / (speed or 1.0))
    if result is None:
        return NO if once else 0
    for each in result.differences:
        typer.echo(each, err=True)
    if as_json:
        names = ("orders", "events", "pushes", *(("faults",) if plans else ()), "phones_match")
        print_json({name: getattr(result, name) for name in names})
    else:
        pushes = ", ".join(f"{count} {kind}" for kind, count in result.pushes.items())
        verdict = "every phone shows what it should." if result.phones_match else "phones differ, see above."
        wrong = ", ".join(f"{count} {name}" for name, count in result.faults.items())
        faults = f"; went wrong: {wrong}" if plans else ""
        typer.echo(f"{result.orders} orders, {result.events} events, pushes: {pushes}{faults}; {verdict}")
    return 0 if result.phones_match else NO


async def _play_once(
    stage: "Stage", seed: int, plans: Sequence["FaultPlan"], pace: float, *, as_json: bool
) -> "DemoResult":
    from app.demo.run import run_scenario

    def tell(text: str) -> None:
        if not as_json:
            typer.echo(text, err=True)

    return await run_scenario(
        lockstep_url=stage.url,
        api_key=stage.api_key,
        simulator=stage.simulator,
        seed=seed,
        on_progress=tell,
        plans=plans,
        pace=pace,
    )


async def _play_on(stage: "Stage", stop: asyncio.Event, seed: int, plans: Sequence["FaultPlan"], pace: float) -> None:
    """Play again and again with the phones on the screen, until told to stop."""
    from app.cli.demo_screen import Screen
    from app.cli.demo_stage import YOUR_PHONE
    from app.demo.run import keep_running

    typer.echo(stage.invitation())
    with Screen(stage.simulator, first=YOUR_PHONE) as screen:
        await _unless(
            stop,
            keep_running(
                lockstep_url=stage.url,
                api_key=stage.api_key,
                simulator=stage.simulator,
                seed=seed,
                on_progress=screen.tell,
                on_result=screen.show_result,
                plans=plans,
                pace=pace,
            ),
        )
    typer.echo(f"{os.linesep}Stopping. The data stays in {stage.place}; `lockstep demo --reset` starts over.")


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
