"""`lockstep recover`: after a restore, or a failover that may have lost the newest writes."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json
from app.cli.running import run

if TYPE_CHECKING:
    from projections.card_desk import CardDesk

LOOK_SECONDS: Final = 0.5


def recover(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Pushes are paused, and this is meant.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for orders to be folded and matched.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Doubt every open card: what was sent since the backup is on phones, and the database does not know it.

    A card that may have been started counts as a start without an answer, and is not started again before its app has
    had its time; every other gets what it should show, under a later timestamp. Pause all pushes before, let upstream
    post again what is missing, then run this beside the running service, then resume. It waits until what upstream has
    posted is folded and matched: a card that was made after this would not be doubted.

    Example: `lockstep recover --yes`
    """
    run(_recover(context, yes=yes, wait_seconds=wait, as_json=as_json))


async def _recover(context: typer.Context, *, yes: bool, wait_seconds: float, as_json: bool) -> int:
    from app.cli.database import opened
    from events.feed_writer import disown_feed
    from events.postgres.errors import translated
    from projections.audience_store import AudienceStore
    from projections.card_desk import CardDesk
    from projections.card_fact_store import leap_facts
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
        desk = CardDesk(database.pool)
        await _matched(desk, wait_seconds)
        await disown_feed(database.pool)
        await leap_facts(database.pool)
        # a card that it makes from now on may be of a phone that was sent one after the backup
        stopped = await AudienceStore(database.pool).stop_running()
        done = await desk.doubt()
    if as_json:
        print_json({"cards": done.cards, "open": done.open, "stopped_audiences": stopped})
    else:
        typer.echo(
            f"{done.open} open cards are looked at anew; {done.cards} of them may have been started and wait for their "
            "apps. Now run: lockstep resume all"
        )
        for each in stopped:
            typer.echo(
                f"The starts of {each} were stopped: see docs/audiences.md before lockstep audience resume {each}"
            )
    return 0


async def _matched(desk: "CardDesk", wait_seconds: float) -> None:
    """Wait until every card is there that should be."""
    ends = time.monotonic() + wait_seconds
    while left := await desk.count_unmatched():
        if time.monotonic() >= ends:
            raise CommandError(
                f"{left:,} orders or phones are still to be folded and matched: their cards could be started twice. "
                "See that the service is running, with the roles projector and matcher, and run this again."
            )
        await asyncio.sleep(LOOK_SECONDS)
