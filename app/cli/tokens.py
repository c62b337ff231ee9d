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
    from events.postgres.deadlocks import fetch_through_deadlocks
    from events.postgres.errors import translated
    from events.postgres.statements import statement
    from projections.view_store import ALL_SLOTS

    async with opened(context) as database:
        with translated():
            starts = await database.pool.fetch(statement("app/retire_tokens"), device)
            updates = await fetch_through_deadlocks(database.pool, "app/retire_update_tokens", ALL_SLOTS, device)
    if not starts and not updates:
        typer.echo(f"{device} has no tokens. Ids are told apart by upper and lower case.", err=True)
        return NO
    typer.echo(f"Retired: {len(starts)} tokens of the phone, and the update tokens of {len(updates)} cards.")
    return 0
