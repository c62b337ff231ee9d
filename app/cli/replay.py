"""`lockstep replay`: fold the log again. It cannot push: nothing here can reach what sends."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.moment import moment_of
from app.cli.output import AsJson
from app.cli.running import COULD_NOT_RUN, NO, run, unknown

if TYPE_CHECKING:
    from app.cli.database import Database
    from projections.comparison import Verified
    from projections.owed import Owed
    from projections.rebuild_ledger import SlotState

replay = typer.Typer(name="replay", no_args_is_help=True, help="Fold the log again, without sending anything.")

Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes that fold at once.")]
PushChanges = Annotated[
    bool, typer.Option("--push-changes", help="Let cards follow whose content has changed; says how many, and asks.")
]
FullSpeed = Annotated[
    bool,
    typer.Option("--full-speed", help="Do not stand back for what else runs on this machine, such as the service."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@replay.callback()
def _replay() -> None:
    """Fold the log again, without sending anything."""


@replay.command()
def verify(
    context: typer.Context,
    order: Annotated[str | None, typer.Option(help="This order alone.")] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only views without an event recorded later, such as 2026-11-01T12:03:00Z."),
    ] = None,
    workers: Workers = 1,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="With --archive: its files.", show_default=False)
    ] = None,
    *,
    archive: Annotated[bool, typer.Option("--archive", help="Compare the orders in these files instead.")] = False,
    full_speed: FullSpeed = False,
    as_json: AsJson = False,
) -> None:
    """Fold every order again and compare with what is shown, beside the running service. It reads only.

    With --archive, archived orders are folded again, and compared with the views that they had.

    Exit code 0: the same. 1: some differ, and are named. 2: it could not run, or views are there that another version
    of the fold made; those are counted, and how many of them a rebuild would change.

    Example: `lockstep replay verify --json`
    """
    if archive != bool(files) or (archive and (order is not None or until is not None or workers != 1 or full_speed)):
        raise typer.BadParameter("--archive goes with files of an archive, and with --json alone")
    if files:
        run(_verify_archive(context, files, as_json=as_json))
    else:
        moment = None if until is None else moment_of(until, "--until")
        run(_verify(context, order, moment, workers, full_speed=full_speed, as_json=as_json))


@replay.command()
def rebuild(
    context: typer.Context,
    workers: Workers = 1,
    *,
    push_changes: PushChanges = False,
    yes: Yes = False,
    full_speed: FullSpeed = False,
    as_json: AsJson = False,
) -> None:
    """Fold every order again beside the running service, then show the new views in place of the old ones.

    Needed after a change of the fold. What was begun and broken off is taken up. Nothing is sent for it; phones follow
    with the next event of each order, or at once with --push-changes. The views before stay for `replay rollback`.

    Exit code 1: it is done, and some orders had to be set aside because their fold failed; or you said no.

    Example: `lockstep replay rebuild --workers 2`
    """
    run(_rebuild(context, workers, push_changes=push_changes, yes=yes, full_speed=full_speed, as_json=as_json))


@replay.command()
def rollback(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the views from before the last rebuild again, brought up to date; an unfinished rebuild is dropped.

    Run it with the release that folded them. Exit code 1: there is nothing to go back to.

    Example: `lockstep replay rollback`
    """
    run(_rollback(context, as_json=as_json))


@replay.command()
def clean(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Remove the views from before the last rebuild, or of one that was broken off: no way back, and less disk.

    Example: `lockstep replay clean`
    """
    run(_clean(context, as_json=as_json))


@replay.command()
def order(
    context: typer.Context,
    order_id: Annotated[str, typer.Argument(help="The order's id.", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Fold one order again from its first event, and take it out of quarantine.

    Nothing is sent for it; events that waited behind the quarantine are folded and sent by the running service.
    Exit code 1: its fold still fails, or nothing is known of it.

    Example: `lockstep replay order order-4711`
    """
    run(_order(context, order_id, as_json=as_json))


async def _verify(
    context: typer.Context,
    order_id: str | None,
    until: datetime | None,
    workers: int,
    *,
    full_speed: bool,
    as_json: bool,
) -> int:
    from app.cli.database import opened
    from app.cli.replayed import Stopwatch, print_verified, progress
    from app.replay_crew import verify_in
    from projections.customer_check import verify_customers
    from projections.registry import CARDS
    from projections.verifier import verify as compare

    async with opened(context) as database:
        watch = Stopwatch()
        if order_id is not None:
            found = await compare(database.pool, database.keyring, subject_id=order_id, until=until)
        else:
            with progress() as on_slot:
                found = await verify_in(database, workers, until=until, on_slot=on_slot, full_speed=full_speed)
            if until is None and CARDS.gathers:
                found += await verify_customers(database.pool, database.keyring)
    if order_id is not None and not found.orders:
        return unknown(order_id)
    print_verified(found, watch.seconds(), as_json=as_json)
    return _code(found)


def _code(found: "Verified") -> int:
    """Give the exit code of a comparison."""
    if not found.same:
        return NO
    return COULD_NOT_RUN if found.other_folds else 0


async def _verify_archive(context: typer.Context, files: "Sequence[Path]", *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.cli.replayed import Stopwatch, print_verified
    from projections.archive_check import check
    from projections.comparison import Verified

    found, watch = Verified(), Stopwatch()
    async with opened(context) as database:
        for file in files:
            async for checked in check(database.pool, database.keyring, file):
                found += checked.found
    print_verified(found, watch.seconds(), as_json=as_json)
    return _code(found)


async def _rebuild(
    context: typer.Context, workers: int, *, push_changes: bool, yes: bool, full_speed: bool, as_json: bool
) -> int:
    from app.cli.database import opened
    from app.cli.replayed import Stopwatch, print_rebuilt, progress
    from app.replay_crew import build_in
    from projections.rebuild_ledger import begin_rebuild, choose_pushing, drop_generations
    from projections.rebuilder import move_all

    async with opened(context) as database:
        watch = Stopwatch()
        slots = await begin_rebuild(database.pool)
        with progress() as on_slot:
            done = await build_in(database, workers, on_slot=on_slot, full_speed=full_speed)
        if push_changes and not yes and not await _agreed(database, slots):
            typer.echo("Nothing has moved. Run this again without --push-changes, or: lockstep replay clean", err=True)
            return NO
        await choose_pushing(database.pool, push_changes=push_changes)
        done += await move_all(database.pool, database.keyring, slots)
        owed = await _owe(database)
        await drop_generations(database.pool)
    print_rebuilt(done, owed, watch.seconds(), as_json=as_json)
    return NO if done.stopped.count else 0


async def _agreed(database: "Database", slots: "list[SlotState]") -> bool:
    """Say what would change on phones, and ask."""
    from projections.rebuild_changes import count_changes

    orders = cards = 0
    for slot in slots:
        some_orders, some_cards = await count_changes(database.pool, database.keyring, slot)
        orders, cards = orders + some_orders, cards + some_cards
    what = f"The content of {orders:,} orders has changed, which have {cards:,} open cards."
    if not sys.stdin.isatty():
        raise CommandError(f"{what} Nothing has moved. Say --yes if these cards are to follow.")
    return typer.confirm(f"{what} Put these in debt?", err=True)


async def _owe(database: "Database") -> "Owed":
    """Put the cards in debt that the moves have changed, those of a rebuild that was broken off included."""
    from app.doorbell import ring
    from projections.owed import Owed
    from projections.rebuild_changes import owe_changes
    from projections.rebuild_ledger import slot_states

    owed = Owed()
    for slot in await slot_states(database.pool):
        owed += await owe_changes(database.pool, database.keyring, slot)
    if owed != Owed():
        await ring(database.pool, settings=True)
    return owed


async def _rollback(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.cli.replayed import Stopwatch, print_rebuilt
    from projections.owed import Owed
    from projections.rebuild_ledger import begin_rollback, drop_generations
    from projections.rebuilder import move_all

    async with opened(context) as database:
        watch = Stopwatch()
        done = await move_all(database.pool, database.keyring, await begin_rollback(database.pool))
        await drop_generations(database.pool)
    if not done.moved:
        typer.echo("There is no generation to go back to; an unfinished rebuild was dropped.", err=True)
        return NO
    print_rebuilt(done, Owed(), watch.seconds(), as_json=as_json)
    return NO if done.stopped.count else 0


async def _clean(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.cli.output import print_json
    from projections.rebuild_ledger import give_up

    async with opened(context) as database:
        removed = await give_up(database.pool)
    if as_json:
        print_json({"removed": removed})
    else:
        typer.echo(f"Removed {removed:,} views that were not shown.")
    return 0


async def _order(context: typer.Context, order_id: str, *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.cli.replayed import print_replayed
    from app.doorbell import ring
    from projections.order_replay import replay_order

    async with opened(context) as database:
        done = await replay_order(database.pool, database.keyring, order_id)
        if done is None:
            return unknown(order_id)
        if done.failure is None and done.version < done.head:
            await ring(database.pool, behind=(order_id,))
    print_replayed(done, as_json=as_json)
    return 0 if done.failure is None else NO
