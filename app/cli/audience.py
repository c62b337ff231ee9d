"""`lockstep audience`: how far the cards of an activity's audience are; stop, and go on."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.output import AsJson, print_json, print_table, print_wide, table_of_facts
from app.cli.running import NO, run

if TYPE_CHECKING:
    from projections.audience_store import Progress

audience = typer.Typer(name="audience", no_args_is_help=True, help="See how far bulk starts are; stop them, go on.")

ActivityId = Annotated[str, typer.Argument(help="The activity's id.", show_default=False)]


@audience.command()
def show(context: typer.Context, activity_id: ActivityId, *, as_json: AsJson = False) -> None:
    """Count an audience's phones by what became of the start on each, and why.

    Example: `lockstep audience show match-77`
    """
    run(_show(context, activity_id, as_json=as_json))


@audience.command()
def phones(
    context: typer.Context,
    activity_id: ActivityId,
    outcome: Annotated[
        Literal["accepted", "waiting", "unknown", "rejected", "left_out"] | None,
        typer.Option(help="With this outcome; any unless given."),
    ] = None,
    after: Annotated[str, typer.Option(help="After this phone.")] = "",
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="At the most so many.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List an audience's phones by id, with what became of the start on each.

    Example: `lockstep audience phones match-77 --outcome unknown`
    """
    run(_phones(context, activity_id, outcome, after, most, as_json=as_json))


@audience.command()
def stop(context: typer.Context, activity_id: ActivityId) -> None:
    """Start no further cards; what is on its way goes, and cards that are there move on and end.

    Exit code 1 says that there is no such audience.

    Example: `lockstep audience stop match-77`
    """
    run(_turn(context, activity_id, on=False))


@audience.command()
def resume(context: typer.Context, activity_id: ActivityId) -> None:
    """Go on starting cards, also on phones that came meanwhile; nobody gets a second one.

    Exit code 1 says that there is no such audience.

    Example: `lockstep audience resume match-77`
    """
    run(_turn(context, activity_id, on=True))


async def _show(context: typer.Context, activity_id: str, *, as_json: bool) -> int:
    from app.cli.database import opened
    from projections.audience_store import AudienceStore

    async with opened(context) as database:
        progress = await AudienceStore(database.pool).progress(activity_id)
    if progress is None:
        return _no_audience(activity_id)
    if as_json:
        print_json(progress)
    else:
        _print(progress)
    return 0


async def _phones(
    context: typer.Context,
    activity_id: str,
    outcome: Literal["accepted", "waiting", "unknown", "rejected", "left_out"] | None,
    after: str,
    most: int,
    *,
    as_json: bool,
) -> int:
    from app.cli.database import opened
    from projections.audience_store import AudienceStore

    async with opened(context) as database:
        found = await AudienceStore(database.pool).phones(activity_id, outcome=outcome, after=after, most=most)
    if as_json:
        print_json({"phones": found})
    else:
        print_table(
            ("phone", "customer", "card", "outcome", "reason", "since", "why"),
            [(p.device_id, p.customer_id, p.card_id, p.outcome, p.reason, p.outcome_at, p.why) for p in found],
            empty="There is no such phone.",
        )
    return 0


async def _turn(context: typer.Context, activity_id: str, *, on: bool) -> int:
    from app.cli.database import opened
    from app.doorbell import ring
    from projections.audience_store import AudienceStore

    async with opened(context) as database:
        store = AudienceStore(database.pool)
        found = await (store.resume if on else store.stop)(activity_id)
        await ring(database.pool, settings=True)
    if not found:
        return _no_audience(activity_id)
    typer.echo(f"{activity_id}: {'further cards are started' if on else 'no further cards are started'}.")
    return 0


def _print(progress: "Progress") -> None:
    whom = f"segment {progress.segment}" if progress.segment is not None else f"{progress.customers} customers"
    counted = f"{progress.phones} phones: " + ", ".join(
        f"{getattr(progress, each)} {each.replace('_', ' ')}"
        for each in ("accepted", "waiting", "unknown", "rejected", "left_out")
    )
    facts = [
        ("Audience", "everybody" if progress.everybody else whom),
        ("State", f"{progress.state}, begun {progress.begun_at:%Y-%m-%d %H:%M:%S}"),
        ("Starts", counted),
    ]
    print_wide(table_of_facts(facts))
    print_table(
        ("outcome", "reason", "phones"),
        [(each.outcome, each.reason, each.phones) for each in progress.reasons],
        empty="No phone has a card yet.",
    )


def _no_audience(activity_id: str) -> int:
    typer.echo(f"{activity_id} is for no audience, or its time has not come.", err=True)
    return NO
