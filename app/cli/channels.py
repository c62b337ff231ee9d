"""`lockstep channels`: what one push reaches many cards by."""

from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import run

channels = typer.Typer(
    name="channels", no_args_is_help=True, help="Broadcast channels, which carry the updates of all cards that follow."
)


@channels.command("list")
def list_(
    context: typer.Context,
    order: Annotated[str | None, typer.Option(help="Of this order.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=1_000, help="At the most so many.")] = 100,
    *,
    gone: Annotated[bool, typer.Option("--gone", help="Also those that are deleted or lost.")] = False,
    as_json: AsJson = False,
) -> None:
    """List channels, the newest outcome first, with how many cards follow each and how many pushes it took.

    Example: `lockstep channels list --order match-7 --json`
    """
    run(_list(context, order, most, gone=gone, as_json=as_json))


@channels.command()
def count(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Count the channels that Lockstep has at Apple, of the 10,000 that an app may have in each environment.

    Example: `lockstep channels count`
    """
    run(_count(context, as_json=as_json))


@channels.command()
def unknown(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List channels that Apple has and Lockstep does not know: of a request whose answer was lost, or somebody else's.

    Example: `lockstep channels unknown`
    """
    run(_unknown(context, as_json=as_json))


@channels.command()
def delete(
    context: typer.Context,
    channel_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID…", help="Apple's ids of unknown channels.", show_default=False)
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that are unknown now.")] = False,
) -> None:
    """Delete unknown channels for good, which nobody else may use: cards that follow one get no further update.

    Example: `lockstep channels delete --all`
    """
    run(_delete(context, channel_ids or [], every=every))


async def _list(context: typer.Context, order: str | None, most: int, *, gone: bool, as_json: bool) -> int:
    from app.cli.database import opened
    from projections.channel_desk import ChannelDesk

    async with opened(context) as database:
        found = await ChannelDesk(database.pool).find(order_id=order, gone=gone, most=most)
    if as_json:
        print_json({"channels": found})
    else:
        print_table(
            ("order", "type", "app", "environment", "phase", "cards", "pushes", "accepted", "of", "since", "why"),
            [
                (c.subject_id, c.attributes_type, c.app, c.environment, c.phase, c.cards, c.published,
                 c.accepted_version, c.view_version, c.outcome_at, c.why)
                for c in found
            ],
            empty="There is no such channel.",
        )  # fmt: skip
    return 0


async def _count(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from projections.channel_desk import ChannelDesk

    async with opened(context) as database:
        counted = await ChannelDesk(database.pool).count()
    if as_json:
        print_json({"counts": counted})
    else:
        rows = [
            (each.app, each.environment, each.channels, each.listed, each.unknown, each.most, each.listed_at)
            for each in counted
        ]
        columns = ("app", "environment", "channels", "at Apple", "unknown", "of", "since")
        print_table(columns, rows, empty="There is no channel.")
    return 0


async def _unknown(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from projections.channel_desk import ChannelDesk

    async with opened(context) as database:
        found = await ChannelDesk(database.pool).unknown()
    if as_json:
        print_json({"channels": found})
    else:
        print_table(
            ("app", "environment", "channel", "since", "deletion asked"),
            [(c.app, c.environment, c.channel_id, c.listed_at, c.delete_asked_at) for c in found],
            empty="There is no unknown channel.",
        )
    return 0


async def _delete(context: typer.Context, channel_ids: list[str], *, every: bool) -> int:
    from app.cli.database import opened
    from projections.channel_desk import ChannelDesk

    if every == bool(channel_ids):
        raise CommandError(
            "Name unknown channels by their ids, or give --all. They are listed by: lockstep channels unknown"
        )
    async with opened(context) as database:
        desk = ChannelDesk(database.pool)
        known = {each.channel_id for each in await desk.unknown()}
        if missing := sorted(set(channel_ids) - known):
            raise CommandError(f"No unknown channel is {', '.join(missing)}; see: lockstep channels unknown")
        asked = await desk.delete_unknown(None if every else channel_ids)
    what = "1 unknown channel is" if len(asked) == 1 else f"{len(asked)} unknown channels are"
    typer.echo(f"{what} deleted as soon as a dispatcher has asked Apple.")
    return 0
