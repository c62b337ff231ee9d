"""`lockstep audit`: who looked at whose personal values."""

from typing import Annotated

import typer

from app.cli.output import AsJson, print_json, print_table
from app.cli.running import run


def audit(
    context: typer.Context,
    order: Annotated[str | None, typer.Option(help="Who looked at this order.")] = None,
    reader: Annotated[str | None, typer.Option(help="What this key, by its id, or this account looked at.")] = None,
    days: Annotated[int, typer.Option(min=1, help="In so many days, today included.")] = 30,
    limit: Annotated[int, typer.Option(min=1, help="So many rows at the most.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List who looked at personal values, through the API or the command line, whoever looked last first.

    A row is a reader, an order, a way and a day (UTC). No order stands for every one: the feed, or an export. What
    customers saw of their own is not in it.

    Example: `lockstep audit --order order-4711`
    """
    run(_audit(context, order, reader, days, limit, as_json=as_json))


async def _audit(
    context: typer.Context, order: str | None, reader: str | None, days: int, limit: int, *, as_json: bool
) -> int:
    from app.access.personal_reads import PersonalReads
    from app.cli.database import opened

    async with opened(context) as database:
        found = await PersonalReads(database.pool).list_reads(order_id=order, reader=reader, days=days, limit=limit)
    if as_json:
        print_json({"reads": found})
    else:
        print_table(
            ("order", "reader", "what", "times", "first", "last"),
            [
                (each.order_id or None, each.reader, each.what, each.times, each.first_at, each.last_at)
                for each in found
            ],
            empty="Nobody has looked.",
        )
    return 0
