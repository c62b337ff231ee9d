"""`lockstep secret`: the secret key, and the keys that push tokens and secrets of webhooks are sealed with."""

import asyncio
from typing import TYPE_CHECKING, Final

import typer

from app.cli.output import AsJson, print_json, progress_bar
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.cli.database import Database
    from app.token_rotation import Resealed, TokenRotation

secret = typer.Typer(
    name="secret", no_args_is_help=True, help="Change the secret key, and the keys that seal push tokens."
)

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


@secret.command()
def rewrap(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Put a new LOCKSTEP_SECRET_KEY in the place of the one before it, while everything goes on.

    Give every process the new one as LOCKSTEP_SECRET_KEY, and the old one as LOCKSTEP_SECRET_KEY_PREVIOUS, before you
    run this. Afterwards the old one opens nothing any more, and can be taken out of each. It may be stopped at any
    time, and run again.

    Example: `lockstep secret rewrap`
    """
    run(_rewrap(context, as_json=as_json))


async def _rewrap(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.configured import quiet_settings
    from app.cli.database import opened
    from events.rewrapping import rewrap as rewrap_keys

    async with opened(context) as database:
        done = await rewrap_keys(database.pool, quiet_settings().secrets())
    if as_json:
        print_json(done)
        return 0
    typer.echo(
        f"Wrapped {done.rewrapped} keys with LOCKSTEP_SECRET_KEY; {done.already} were before. None needs the one from "
        "before it: take LOCKSTEP_SECRET_KEY_PREVIOUS out of every process, and keep that key with older backups, "
        "which need it."
    )
    return 0


async def _rotate(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.configured import quiet_settings
    from app.cli.database import opened
    from events.keyring import read_keyring
    from events.rewrapping import wrapped_before

    async with opened(context) as database:
        if wrapped_before(await read_keyring(database.pool), quiet_settings().secrets()):
            typer.echo("The secret key is being changed. Finish that first, with: lockstep secret rewrap", err=True)
            return NO
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

    return TokenRotation(database.pool, quiet_settings().secrets(), database.keyring)


async def _resealed(rotation: "TokenRotation") -> "Resealed":
    with progress_bar() as bar:
        task = bar.add_task("Sealing", total=None)
        return await rotation.reseal(lambda count: bar.advance(task, count))
