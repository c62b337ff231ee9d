"""`lockstep events export`: every event of the log as a line of JSON."""

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import progress_bar
from app.cli.reading import note_read
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.cli.database import Database
    from app.export_file import ExportFile
    from events.cloud_event import GivenEvent
    from events.exporter import Position


def export(
    context: typer.Context,
    after: Annotated[
        str | None, typer.Option(metavar="ID@VERSION", help="Go on after this event, the last one that you have.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="This order alone.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file; it appears when it is whole.")] = None,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with --out where it was stopped.")] = False,
    personal: Annotated[
        bool, typer.Option("--with-personal-values", help="Write names, notes and extensions too, readable by anybody.")
    ] = False,
) -> None:
    """Write every event as a CloudEvent, one a line; `events import` reads them back.

    Names, notes and extension attributes are left out unless you say --with-personal-values: erasing an order does not
    reach into files.
    Orders that were erased stay erased. The log may go on while this runs; archived orders are not in it.

    Example: `lockstep events export --out orders.jsonl`
    """
    run(_export(context, after, subject, out, resume=resume, personal=personal))


async def _export(
    context: typer.Context, after: str | None, subject: str | None, out: Path | None, *, resume: bool, personal: bool
) -> int:
    from app.cli.database import opened
    from app.export_file import ExportFile
    from events.exporter import Position

    place = None if after is None else Position.read(after)
    if resume and (out is None or after is not None or subject is not None):
        raise CommandError("--resume goes with --out alone: the file says where it was stopped.")
    async with opened(context) as database:
        if personal:
            await note_read(database, "export", subject or "")
        if out is None:
            return _tell(await _to_standard_output(database, place, subject, personal=personal), "The output")
        kind = f"{'part' if after or subject else 'all'}-{'with' if personal else 'without'}-personal-values"
        file = ExportFile.resume(out, kind=kind) if resume else ExportFile.begin(out, kind=kind)
        try:
            found = await _to_file(database, file, file.after or place, subject, personal=personal)
            file.finish()
        finally:
            file.leave()
    return _tell(found, str(out), resumed=file.after is not None)


async def _to_file(
    database: "Database", file: "ExportFile", after: "Position | None", subject: str | None, *, personal: bool
) -> Counter[str]:
    with progress_bar() as bar:
        task = bar.add_task("exporting", total=256)

        def show(events: int, slot: int) -> None:
            bar.update(task, completed=slot, description=f"{events:,} events")

        found: Counter[str] = Counter()
        await _walk(database, file.write, after, subject, personal=personal, found=found, show=show)
    return found


async def _to_standard_output(
    database: "Database", after: "Position | None", subject: str | None, *, personal: bool
) -> Counter[str]:
    found: Counter[str] = Counter()
    try:
        await _walk(database, sys.stdout.buffer.write, after, subject, personal=personal, found=found)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # whoever reads has enough; what is still in the buffer goes nowhere, or Python would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return found


async def _walk(
    database: "Database",
    write: Callable[[bytes], object],
    after: "Position | None",
    subject: str | None,
    *,
    personal: bool,
    found: Counter[str],
    show: Callable[[int, int], None] | None = None,
) -> None:
    """Write the events, and count them, their orders, and what became of personal values."""
    from events.cloud_event import write_event
    from events.exporter import walk
    from events.slot import slot_of

    last: GivenEvent | None = None
    async for event in walk(database.pool, database.keyring, withhold=not personal, after=after, subject_id=subject):
        write(write_event(event) + b"\n")
        found["events"] += 1
        if event.personal is not None:
            found[event.personal] += 1
        if last is None or last.subject != event.subject:
            found["orders"] += 1
            if show is not None:
                show(found["events"], slot_of(event.subject))
        last = event


def _tell(found: Counter[str], where: str, *, resumed: bool = False) -> int:
    """Say on standard error what was written, and what it holds of people."""
    from events.cloud_event import Personal

    if not found["events"] and not resumed:
        typer.echo(f"There is no event{'' if where == 'The output' else f'; {where} is empty'}.", err=True)
        return NO
    typer.echo(f"{found['events']:,} events of {found['orders']:,} orders{' more' if resumed else ''}.", err=True)
    if found[Personal.OPEN]:
        typer.echo(
            f"{where} holds PERSONAL VALUES that anybody can read: names, notes and extensions of "
            f"{found[Personal.OPEN]:,} events. "
            "Erasing an order does not reach them: keep it as long as you must, and remove it then.",
            err=True,
        )
    if found[Personal.WITHHELD]:
        typer.echo(
            f"Personal values of {found[Personal.WITHHELD]:,} events were left out: imported, these have lost them.",
            err=True,
        )
    if found[Personal.ERASED]:
        typer.echo(f"{found[Personal.ERASED]:,} events are of erased orders; theirs can be opened by nobody.", err=True)
    return 0
