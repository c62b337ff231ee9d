"""`lockstep archive`: move finished orders into files, and put them back. It cannot push."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.moment import moment_of
from app.cli.output import AsJson, progress_bar
from app.cli.running import NO, run

archive = typer.Typer(name="archive", no_args_is_help=True, help="Move finished orders into files, and put them back.")


@archive.callback(invoke_without_command=True)
def _archive(
    context: typer.Context,
    before: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Orders whose last event was recorded before it, such as 2026-01-01."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the files go; made if it is not there.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Move orders that are over, and with which nothing is the matter, out of the database into compressed files.

    Each file is written, read back and folded again before its orders leave, and names and notes stay sealed in it:
    erasing an order reaches them there. It may be stopped at any time; run it again with the same folder. An order that
    is archived takes no more events: they are answered 409.

    Exit code 1: some orders stay because their view is not the fold of their events; they are named.

    Example: `lockstep archive --before 2026-01-01 --to /srv/archive`
    """
    if context.invoked_subcommand is not None:
        return
    if before is None or to is None:
        raise typer.BadParameter("--before and --to are both needed, or the subcommand restore")
    run(_move_out(context, moment_of(before, "--before"), to, as_json=as_json))


@archive.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of an archive.", show_default=False)],
    order: Annotated[str | None, typer.Option(help="This order alone.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Put archived orders back, with their versions and times, and fold them again. Nothing is sent for it.

    It may be repeated: what is back already is compared and passed over. Their cards and receipts do not come back.

    Exit code 1: some orders could not be put back, and are named.

    Example: `lockstep archive restore orders-20260102T030000Z-1f2e3d4c.jsonl.gz --order order-4711`
    """
    run(_put_back(context, file, order, as_json=as_json))


async def _move_out(context: typer.Context, before: datetime, to: Path, *, as_json: bool) -> int:
    from app.cli.archived import print_archived
    from app.cli.database import opened
    from app.cli.replayed import Stopwatch
    from events.archive_file import ArchiveFolder
    from events.slot import ALL_SLOTS
    from projections.archiver import Step, archive_orders

    with (
        ArchiveFolder.held(to) as folder,
        progress_bar() as bar,
    ):
        task = bar.add_task("archiving", total=len(ALL_SLOTS))

        def show(step: Step) -> None:
            bar.update(task, completed=step.slot, description=f"{step.orders:,} orders")

        async with opened(context) as database:
            watch = Stopwatch()
            done = await archive_orders(database.pool, database.keyring, folder, before=before, on_step=show)
    print_archived(done, to, watch.seconds(), as_json=as_json)
    return NO if done.different.count else 0


async def _put_back(context: typer.Context, file: Path, order_id: str | None, *, as_json: bool) -> int:
    from app.cli.archived import print_restored
    from app.cli.database import opened
    from projections.restorer import Restored, restore_orders

    with progress_bar() as bar:
        task = bar.add_task("putting back", total=None)
        orders = 0

        def show(done: Restored) -> None:
            nonlocal orders
            orders += done.orders
            bar.update(task, description=f"{orders:,} orders")

        async with opened(context) as database:
            done = await restore_orders(database.pool, database.keyring, file, order_id=order_id, on_step=show)
    print_restored(done, as_json=as_json)
    return NO if done.refused.count else 0
