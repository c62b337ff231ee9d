"""`lockstep tokens`: stop using a phone's push tokens."""

from typing import Annotated

import typer

from app.cli.running import NO, run

tokens = typer.Typer(name="tokens", no_args_is_help=True, help="Stop using the push tokens of a phone.")


@tokens.callback()
def _tokens() -> None:
    """Stop using the push tokens of a phone."""


@tokens.command()
def retire(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="The phone, by the id its app chose.", show_default=False)],
) -> None:
    """Send nothing more to a phone's tokens. Its cards move again when its app reports other ones.

    Exit code 1 says that it has none.

    Example: `lockstep tokens retire 9E3FA1C6-6441-43E7-BC40-3927543463E0`
    """
    run(_retire(context, device))


async def _retire(context: typer.Context, device: str) -> int:
    from app.cli.database import opened
    from app.devices.retirement import retire_tokens
    from app.doorbell import ring

    async with opened(context) as database:
        retired = await retire_tokens(database.pool, [device])
        await ring(database.pool, settings=True)
    if not retired.tokens and not retired.cards:
        typer.echo(f"{device} has no tokens. Ids are told apart by upper and lower case.", err=True)
        return NO
    typer.echo(f"Retired: {retired.tokens} tokens of the phone, and the update tokens of {retired.cards} cards.")
    return 0
