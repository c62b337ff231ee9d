"""`lockstep pause`, `resume` and `pauses`: the stop button of pushes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

What = Annotated[str | None, typer.Argument(help="`all`, unless --app or --type says what.", show_default=False)]
App = Annotated[str | None, typer.Option("--app", help="The pushes of one app, by its bundle id.")]
Type = Annotated[str | None, typer.Option("--type", help="The pushes of one attributes type.")]
Topic = Annotated[str | None, typer.Option("--topic", help="What APNs paused of an app: bundle id/environment.")]
Credential = Annotated[str | None, typer.Option("--credential", help="What APNs paused of a key: key id/environment.")]
Channels = Annotated[
    str | None, typer.Option("--channels", help="New channels of an app at Apple's limit: bundle id/environment.")
]


def pause(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for those who find it.")],
    what: What = None,
    app: App = None,
    type_: Type = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="For how long; until `resume` unless given.")] = None,
) -> None:
    """Stop sending pushes: all of them, those of an app, or those of a type. Events are still taken and folded.

    Example: `lockstep pause all --reason "wrong texts since 12:03"`
    """
    run(_pause(context, _named(what, {"app": app, "type": type_}), reason, minutes))


def resume(
    context: typer.Context,
    what: What = None,
    app: App = None,
    type_: Type = None,
    topic: Topic = None,
    credential: Credential = None,
    channels: Channels = None,
) -> None:
    """Send again; each card gets what it should show now, not what it missed. Exit code 1 says there was no such pause.

    Example: `lockstep resume all`
    """
    given = {"app": app, "type": type_, "topic": topic, "credential": credential, "channels": channels}
    run(_resume(context, _named(what, given)))


def pauses(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the pauses that hold now, each with the command that lifts it.

    Example: `lockstep pauses --json`
    """
    run(_list(context, as_json=as_json))


def _named(what: str | None, options: Mapping[str, str | None]) -> tuple[str, str]:
    """Give kind and key of the pause that was meant; a mistake is told as typer tells its own."""
    from projections.pause import ALL

    given = [(kind, key) for kind, key in options.items() if key is not None]
    known = ", ".join(["all", *(f"--{kind}" for kind in options)])
    if what not in (None, "all"):
        raise typer.BadParameter(f"{what!r} is none of: {known}.")
    if len(given) + (what is not None) != 1:
        raise typer.BadParameter(f"Say one of: {known}.")
    return given[0] if given else ALL


async def _pause(context: typer.Context, named: tuple[str, str], reason: str, minutes: int | None) -> int:
    from app.cli.database import opened
    from projections.pause import lifted_by, spelled
    from projections.pauses import Pauses

    if not reason.strip():
        raise CommandError("A pause needs a --reason: whoever finds it wants to know.")
    until = None if minutes is None else datetime.now(UTC) + timedelta(minutes=minutes)
    async with opened(context) as database:
        await Pauses(database.pool).pause(*named, reason=reason, until=until)
    typer.echo(f"Paused: {spelled(*named)}. Send again with: {lifted_by(*named)}")
    return 0


async def _resume(context: typer.Context, named: tuple[str, str]) -> int:
    from app.cli.database import opened
    from app.cli.reading import operator
    from app.deeds import Deeds
    from projections.pause import spelled

    async with opened(context) as database:
        lifted = await Deeds(database.pool).resume(operator(), *named)
    typer.echo(
        f"Sending again: {spelled(*named)}." if lifted else "There was no such pause. See: lockstep pauses",
        err=not lifted,
    )
    return 0 if lifted else NO


async def _list(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from projections.pause import lifted_by, spelled, told_pause
    from projections.pauses import Pauses

    async with opened(context) as database:
        found = await Pauses(database.pool).list()
    if as_json:
        print_json({"pauses": [told_pause(each) for each in found]})
    else:
        print_table(
            ("what", "since", "until", "reason", "lifted by"),
            [
                (spelled(each.kind, each.key), each.paused_at, each.until, each.reason, lifted_by(each.kind, each.key))
                for each in found
            ],
            empty="Nothing is paused.",
        )
    return 0
