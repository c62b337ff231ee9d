"""`lockstep events import`: read an export back."""

from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from app.cli.lines import lines_of, open_lines
from app.cli.output import AsJson, print_json, progress_bar
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.cli.database import Database
    from events.importer import Imported


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="An export; - reads standard input.", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Store the events of an export under their versions and times. It may be repeated, and stopped at any time.

    What the log has already is compared and passed over. Exit code 1: a line was refused, and what came before its
    batch is stored. Orders that are still open get cards as if their events had been posted: pause pushes before, if
    that is not meant.

    Example: `lockstep events import orders.jsonl`
    """
    run(_import(context, file, as_json=as_json))


async def _import(context: typer.Context, file: str, *, as_json: bool) -> int:
    from app.cli.database import opened
    from events.importer import ImportRefusedError

    source = open_lines(file)
    try:
        async with opened(context) as database:
            done = await _store(database, source)
    except ImportRefusedError as error:
        typer.echo(f"lockstep: {file}: {error}", err=True)
        return NO
    finally:
        source.close()
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done.stored:,} events stored, {done.known:,} were there already.")
    return 0


async def _store(database: "Database", source: BinaryIO) -> "Imported":
    from events.cloud_event import LONGEST_LINE
    from events.importer import Imported, Importer

    lines = lines_of(source, LONGEST_LINE)
    importer = Importer(database.pool, database.keyring)
    done = Imported()
    with progress_bar() as bar:
        task = bar.add_task("importing", total=None)
        while (batch := await importer.take(lines)) is not None:
            done = Imported(done.stored + batch.stored, done.known + batch.known)
            bar.update(task, description=f"{done.stored + done.known:,} events")
    return done
