"""`lockstep tickets`: order tickets, with which an app speaks for its user."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json
from app.cli.running import run

tickets = typer.Typer(name="tickets", no_args_is_help=True, help="Mint tickets for apps.")


@tickets.callback()
def _tickets() -> None:
    """Mint tickets for apps."""


@tickets.command()
def mint(
    context: typer.Context,
    customer: Annotated[str | None, typer.Option(help="The customer it speaks for.")] = None,
    order: Annotated[str | None, typer.Option(help="One order that it opens.")] = None,
    seconds: Annotated[int, typer.Option(help="How long it is good: 1 to 86400.")] = 3_600,
    *,
    as_json: AsJson = False,
) -> None:
    """Mint an order ticket, as a shop's backend does with POST /v1/tickets.

    Example: `lockstep tickets mint --customer customer-7`
    """
    run(_mint(context, customer, order, seconds, as_json=as_json))


async def _mint(context: typer.Context, customer: str | None, order: str | None, seconds: int, *, as_json: bool) -> int:
    from app.access.caller import Customer
    from app.access.ticket import mint as sign
    from app.cli.database import opened

    if not (customer or order):
        raise CommandError("A ticket speaks for somebody: give --customer, --order, or both.")
    async with opened(context) as database:
        try:
            ticket, expires_at = sign(
                Customer(customer, order), database.keyring.tickets, now=datetime.now(UTC), ttl_seconds=seconds
            )
        except ValueError as error:
            raise CommandError(f"{error} Choose --seconds accordingly.") from error
    if as_json:
        print_json({"ticket": ticket, "expiresAt": expires_at})
    else:
        typer.echo(ticket)
    return 0
