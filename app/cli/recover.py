"""`lockstep recover`: after a restore, or a failover that may have lost the newest writes."""

from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json
from app.cli.running import run


def recover(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Pushes are paused, and this is meant.")] = False,
    as_json: AsJson = False,
) -> None:
    """Doubt every open card: what was sent since the backup is on phones, and the database does not know it.

    A card that may have been started counts as a start without an answer, and is not started again before its app has
    had its time; every other gets what it should show, under a later timestamp. Pause all pushes before, let upstream
    post again what is missing, then run this, then resume.

    Example: `lockstep recover --yes`
    """
    run(_recover(context, yes=yes, as_json=as_json))


async def _recover(context: typer.Context, *, yes: bool, as_json: bool) -> int:
    from app.cli.database import opened
    from events.feed_writer import disown_feed
    from events.postgres.errors import translated
    from projections.card_desk import CardDesk
    from projections.pause import ALL
    from projections.pauses import Pauses

    async with opened(context) as database:
        with translated():
            paused = any((each.kind, each.key) == ALL for each in await Pauses(database.pool).list())
        if not paused:
            raise CommandError(
                "Pushes are not paused: a card could be started twice. First run: "
                'lockstep pause all --reason "recovering"'
            )
        if not yes:
            raise CommandError("This sends every open card again once pushes are resumed. Say --yes if that is meant.")
        await disown_feed(database.pool)
        done = await CardDesk(database.pool).doubt()
    if as_json:
        print_json(done)
    else:
        typer.echo(
            f"{done.open} open cards are looked at anew; {done.cards} of them may have been started and wait for their "
            "apps. Now run: lockstep resume all"
        )
    return 0
