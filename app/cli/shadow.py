"""`lockstep shadow`: plan and record pushes, and send nothing."""

import shlex
from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

shadow = typer.Typer(
    name="shadow",
    no_args_is_help=True,
    help="Plan and record pushes without sending them: before a launch, or a change.",
)

App = Annotated[str | None, typer.Option("--app", help="Of one app, by its bundle id.")]
Type = Annotated[str | None, typer.Option("--type", help="Of one attributes type.")]
Share = Annotated[int | None, typer.Option("--share", min=1, max=100, help="Of so many per cent of the customers.")]


@shadow.command()
def on(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for those who find it.")],
    app: App = None,
    type_: Type = None,
    share: Share = None,
) -> None:
    """Send no pushes, or none of an app, a type, or a share of the customers; receipts keep what was due.

    Example: `lockstep shadow on --share 90 --reason "first week"`
    """
    run(_on(context, _named(app, type_, share), reason))


@shadow.command()
def off(context: typer.Context, app: App = None, type_: Type = None, share: Share = None) -> None:
    """Send again: each card gets what it should show now. Exit code 1 says that there was no such shadow.

    Example: `lockstep shadow off --share 90`
    """
    run(_off(context, _named(app, type_, share)))


@shadow.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what is not sent.

    Example: `lockstep shadow list --json`
    """
    run(_list(context, as_json=as_json))


def _named(app: str | None, type_: str | None, share: int | None) -> tuple[str, str]:
    from projections.pause import ALL

    given = [(kind, str(key)) for kind, key in (("app", app), ("type", type_), ("share", share)) if key is not None]
    if len(given) > 1:
        raise typer.BadParameter("Say one of --app, --type and --share, or none for everything.")
    return given[0] if given else ALL


async def _on(context: typer.Context, named: tuple[str, str], reason: str) -> int:
    from app.cli.database import opened
    from projections.shadows import Shadows

    if not reason.strip():
        raise CommandError("A shadow needs a --reason: whoever finds it wants to know.")
    async with opened(context) as database:
        await Shadows(database.pool).cast(*named, reason=reason)
    typer.echo(f"Recorded and not sent: {_spelled(*named)}. Send again with: {_lifting(*named)}")
    return 0


async def _off(context: typer.Context, named: tuple[str, str]) -> int:
    from app.cli.database import opened
    from app.doorbell import ring
    from projections.shadows import Shadows

    async with opened(context) as database:
        lifted = await Shadows(database.pool).lift(*named)
        await ring(database.pool, settings=True)
    typer.echo(
        f"Sending again: {_spelled(*named)}." if lifted else "There was no such shadow. See: lockstep shadow list",
        err=not lifted,
    )
    return 0 if lifted else NO


async def _list(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from projections.shadows import Shadows

    async with opened(context) as database:
        found = await Shadows(database.pool).list()
    if as_json:
        print_json({"shadows": found})
    else:
        print_table(
            ("what", "since", "reason", "lifted by"),
            [(_spelled(each.kind, each.key), each.since, each.reason, _lifting(each.kind, each.key)) for each in found],
            empty="Everything is sent.",
        )
    return 0


def _spelled(kind: str, key: str) -> str:
    return {"all": "all pushes", "share": f"{key} % of the customers"}.get(kind, f"{kind} {key}")


def _lifting(kind: str, key: str) -> str:
    return "lockstep shadow off" + ("" if kind == "all" else f" --{kind} {shlex.quote(key)}")
