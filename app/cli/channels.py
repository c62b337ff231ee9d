"""`lockstep channels`: what one push reaches many cards by."""

from typing import Annotated

import typer

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
        rows = [(each.app, each.environment, each.channels, each.most) for each in counted]
        print_table(("app", "environment", "channels", "of"), rows, empty="There is no channel.")
    return 0
