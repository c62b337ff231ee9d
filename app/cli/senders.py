"""`lockstep senders`: the upstreams that sign what they post."""

from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

senders = typer.Typer(name="senders", no_args_is_help=True, help="Take events from upstreams that sign them.")

Source = Annotated[str, typer.Argument(help="`source` of its events.", show_default=False)]
DAY: Final = 86_400


@senders.command()
def put(
    context: typer.Context,
    source: Source,
    secret_file: Annotated[
        Path | None, typer.Option(help="A file with the secret that upstream has made, whsec_….")
    ] = None,
    overlap: Annotated[int, typer.Option(min=0, help="Seconds for which the secret before is taken too.")] = DAY,
    *,
    as_json: AsJson = False,
) -> None:
    """Take what a source signs, at POST /v1/events?source=…; again, to give it another secret.

    Without --secret-file a secret is made and shown, this once.

    Example: `lockstep senders put pos`
    """
    run(_put(context, source, secret_file, overlap, as_json=as_json))


@senders.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the sources that sign, without their secrets.

    Example: `lockstep senders list`
    """
    run(_list(context, as_json=as_json))


@senders.command()
def delete(context: typer.Context, source: Source) -> None:
    """Take a source's signatures no more; every process knows within ten seconds.

    Example: `lockstep senders delete pos`
    """
    run(_delete(context, source))


async def _put(context: typer.Context, source: str, secret_file: Path | None, overlap: int, *, as_json: bool) -> int:
    from app.access.senders import Senders
    from app.cli.database import opened
    from app.webhooks.errors import WebhookError

    secret = None if secret_file is None else _read(secret_file)
    async with opened(context) as database:
        try:
            made = await Senders(database.pool, database.keyring).put(source, secret, overlap_seconds=overlap)
        except WebhookError:
            raise CommandError(
                f"{secret_file} holds no secret: whsec_ and 24 to 64 bytes in base64. Leave it out to have one made."
            ) from None
        except ValueError as error:
            raise CommandError(str(error)) from None
    shown = made if secret is None else None
    if as_json:
        print_json({"source": source, "secret": shown})
    elif shown is not None:
        typer.echo(shown)
        typer.echo("Keep the secret now, it is shown this once.", err=True)
    else:
        typer.echo(f"Signatures of {source} are taken.")
    return 0


async def _list(context: typer.Context, *, as_json: bool) -> int:
    from app.access.senders import Senders
    from app.cli.database import opened

    async with opened(context) as database:
        found = await Senders(database.pool, database.keyring).list_senders()
    if as_json:
        print_json({"senders": found})
    else:
        print_table(
            ("source", "created", "secret since", "secret before until"),
            [(each.source, each.created_at, each.changed_at, each.previous_until) for each in found],
            empty="No source signs. Let one: lockstep senders put",
        )
    return 0


async def _delete(context: typer.Context, source: str) -> int:
    from app.access.senders import Senders
    from app.cli.database import opened

    async with opened(context) as database:
        gone = await Senders(database.pool, database.keyring).delete(source)
    typer.echo(f"Deleted {source}." if gone else "No such source signs. See: lockstep senders list", err=not gone)
    return 0 if gone else NO


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {type(error).__name__}.") from None
