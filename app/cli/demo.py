"""`lockstep demo`: everything in one process, without Apple, a phone or Docker."""

import asyncio
import os
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.output import print_json
from app.cli.running import NO, run, stop_on_signals

if TYPE_CHECKING:
    from app.cli.demo_stage import Stage
    from app.demo.run import DemoResult

T = TypeVar("T")


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play the scenario once, flat out, and compare.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Remove what earlier demos left, first.")] = False,
    seed: Annotated[int, typer.Option(help="Chooses the cast and how the phones behave.")] = 1,
    speed: Annotated[
        float | None, typer.Option(min=0.01, help="1 is the pace people watch at; flat out with --once.")
    ] = None,
) -> None:
    """Play sample orders on a real database, the real service and a simulated APNs with phones, until Ctrl-C.

    It prints its address, an API key, and a line to post an event of your own. The data stays in `.lockstep/demo`.
    With --once, exit code 1 says that a phone shows what it should not.

    Example: `lockstep demo --once --json`
    """
    run(_demo(once=once or as_json, as_json=as_json, reset=reset, seed=seed, speed=speed))


async def _demo(*, once: bool, as_json: bool, reset: bool, seed: int, speed: float | None) -> int:
    from app.cli.demo_stage import staged

    stop = stop_on_signals()
    result: DemoResult | None = None
    async with staged(free_port=once, reset=reset, seed=seed) as stage:
        if once:
            result = await _unless(stop, _play_once(stage, seed, 0.0 if speed is None else 1 / speed, as_json=as_json))
        else:
            await _play_on(stage, stop, seed, 1 / (speed or 1.0))
    if result is None:
        return NO if once else 0
    for each in result.differences:
        typer.echo(each, err=True)
    if as_json:
        names = ("orders", "events", "pushes", "phones_match")
        print_json({name: getattr(result, name) for name in names})
    else:
        pushes = ", ".join(f"{count} {kind}" for kind, count in result.pushes.items())
        verdict = "every phone shows what it should." if result.phones_match else "phones differ, see above."
        typer.echo(f"{result.orders} orders, {result.events} events, pushes: {pushes}; {verdict}")
    return 0 if result.phones_match else NO


async def _play_once(stage: "Stage", seed: int, pace: float, *, as_json: bool) -> "DemoResult":
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
        pace=pace,
    )


async def _play_on(stage: "Stage", stop: asyncio.Event, seed: int, pace: float) -> None:
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
