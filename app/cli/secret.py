"""`lockstep secret`: the keys that push tokens and secrets of webhooks are sealed with."""

import asyncio
from typing import TYPE_CHECKING, Final

import typer

from app.cli.output import AsJson, print_json, progress_bar
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.cli.database import Database
    from app.token_rotation import Resealed, TokenRotation

secret = typer.Typer(name="secret", no_args_is_help=True, help="Seal push tokens with a new key.")

LOOK_SECONDS: Final = 1.0


@secret.command()
def rotate(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Make a new key, and seal with it all push tokens and secrets of webhooks, while everything goes on.

    It takes a minute until every process knows of the key. Stopped in between, it goes on when it is run again. Older
    keys stay: see `lockstep secret retire`. Run it only while every process is of this release, or a newer one.

    Example: `lockstep secret rotate`
    """
    run(_rotate(context, as_json=as_json))


@secret.command()
def retire(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Delete older keys, an hour after the new one came; exit code 1 says that they are of use still.

    Backups from before hold what they sealed; with the key that a backup holds itself it can be opened.

    Example: `lockstep secret retire`
    """
    run(_retire(context, as_json=as_json))


async def _rotate(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened

    async with opened(context) as database:
        rotation = _rotation(database)
        newest, known = await rotation.look()
        done = await _resealed(rotation) if known else None
        if done is None or done.total:
            typer.echo(f"An earlier run was stopped; it goes on with key {newest}.", err=True)
        else:
            newest, done = await rotation.add(), None
        if done is None:
            while not (await rotation.look())[1]:  # noqa: ASYNC110 - nobody tells that a minute has passed
                await asyncio.sleep(LOOK_SECONDS)
            done = await _resealed(rotation)
    if as_json:
        print_json({"key": newest, "sealed": done})
        return 0
    typer.echo(
        f"Key {newest} has sealed {done.phones} tokens of phones, {done.cards} of cards, and {done.secrets} secrets of "
        f"webhooks and of sources that sign. Older keys stay until you run: lockstep secret retire"
    )
    if done.unreadable:
        typer.echo(f"{done.unreadable} could be opened with no key, and are of no use to anybody.", err=True)
    return 0


async def _retire(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.token_rotation import NotRotatedError

    async with opened(context) as database:
        try:
            gone = await _rotation(database).retire()
        except NotRotatedError as error:
            typer.echo(str(error), err=True)
            return NO
    if as_json:
        print_json({"retired": gone})
    else:
        typer.echo(f"Retired {', '.join(f'key {each}' for each in gone) or 'nothing: there was no older key'}.")
    return 0


def _rotation(database: "Database") -> "TokenRotation":
    from app.cli.configured import quiet_settings
    from app.token_rotation import TokenRotation

    return TokenRotation(database.pool, quiet_settings().secret(), database.keyring)


async def _resealed(rotation: "TokenRotation") -> "Resealed":
    with progress_bar() as bar:
        task = bar.add_task("Sealing", total=None)
        return await rotation.reseal(lambda count: bar.advance(task, count))
