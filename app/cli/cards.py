"""`lockstep cards`: find cards, and ask for one to be ended or sent again."""

from typing import Annotated, Literal
from uuid import UUID

import typer

from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

cards = typer.Typer(name="cards", no_args_is_help=True, help="Find cards; end one, or send it again.")

OrderId = Annotated[str, typer.Argument(help="The order's id.", show_default=False)]
OneCard = Annotated[UUID | None, typer.Option("--card", help="One of the order's cards; all of them unless given.")]
Most = Annotated[int, typer.Option("--most", min=1, max=1_000, help="At the most so many.")]


@cards.command("list")
def list_(
    context: typer.Context,
    order: Annotated[str | None, typer.Option(help="Of this order.")] = None,
    device: Annotated[str | None, typer.Option(help="Of this phone, by the id its app chose.")] = None,
    phase: Annotated[
        Literal["wanted", "starting", "shown", "ending", "over"] | None,
        typer.Option(help="In this phase; those that are not over unless given."),
    ] = None,
    most: Most = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List cards, the newest outcome first, each with why it did what it did last.

    Example: `lockstep cards list --device 9E3FA1C6 --json`
    """
    run(_list(context, order, device, phase, None, most, as_json=as_json))


@cards.command()
def stuck(
    context: typer.Context,
    minutes: Annotated[float, typer.Option(min=0, help="Due, or behind their order, for longer than this.")] = 5.0,
    most: Most = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List the cards that should have moved and have not, and those that failed. Exit code 1 says that there are some.

    Example: `lockstep cards stuck --minutes 10`
    """
    run(_list(context, None, None, None, minutes * 60, most, as_json=as_json))


@cards.command()
def end(context: typer.Context, order_id: OrderId, card: OneCard = None) -> None:
    """End an order's cards, or one of them: it leaves the phone, and does not come back. The order goes on.

    Exit code 1 says that there was none to end.

    Example: `lockstep cards end order-4711`
    """
    run(_ask(context, order_id, "end", card))


@cards.command()
def resend(context: typer.Context, order_id: OrderId, card: OneCard = None) -> None:
    """Send an order's cards what they should show now, although APNs accepted just that already.

    A card without an update token gets it when its app reports one. Exit code 1 says that there was none.

    Example: `lockstep cards resend order-4711 --card 9ed9344a-bf63-4a15-8ca1-f1907008291e`
    """
    run(_ask(context, order_id, "resend", card))


async def _list(
    context: typer.Context,
    order: str | None,
    device: str | None,
    phase: str | None,
    stuck_seconds: float | None,
    most: int,
    *,
    as_json: bool,
) -> int:
    from app.cli.database import opened
    from projections.card_desk import CardDesk

    async with opened(context) as database:
        found = await CardDesk(database.pool).find(
            order_id=order, device_id=device, phase=phase, stuck_seconds=stuck_seconds, most=most
        )
    if as_json:
        print_json({"cards": found})
    else:
        print_table(
            ("order", "card", "device", "carrier", "phase", "seen", "of", "accepted", "outcome", "since", "why"),
            [
                (c.order_id, c.card_id, c.device_id, c.carrier, c.phase, c.considered_version, c.view_version,
                 c.accepted_version, c.outcome, c.outcome_at, c.why)
                for c in found
            ],
            empty="No card is stuck." if stuck_seconds is not None else "There is no such card.",
        )  # fmt: skip
    return NO if found and stuck_seconds is not None else 0


async def _ask(context: typer.Context, order_id: str, what: Literal["end", "resend"], card: UUID | None) -> int:
    from app.cli.database import opened
    from app.cli.reading import operator
    from app.deeds import Deeds

    async with opened(context) as database:
        asked = await Deeds(database.pool).ask_of_cards(operator(), order_id, what, card_id=card)
    words = "will be ended" if what == "end" else "will be sent again"
    for each in asked:
        typer.echo(f"{each} {words}.")
    if not asked:
        named = "" if card is None else " by this id"
        typer.echo(f"{order_id} has no open card{named}. See: lockstep cards list", err=True)
    return 0 if asked else NO
