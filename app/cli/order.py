"""`lockstep order`: look at an order, with or without a running server."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.archived import archived
from app.cli.output import AsJson, print_json, print_table, print_wrapped
from app.cli.reading import note_read
from app.cli.running import NO, run, unknown

if TYPE_CHECKING:
    from rich.console import RenderableType

T = TypeVar("T")

order = typer.Typer(name="order", no_args_is_help=True, help="Look at an order, its events and its cards.")

OrderId = Annotated[str, typer.Argument(help="The order's id.", show_default=False)]


@order.command()
def show(context: typer.Context, order_id: OrderId, *, as_json: AsJson = False) -> None:
    """Show an order as it stands: its status, what its card shows, and why each card did what it did last.

    Exit code 1 says that nothing is known of it.

    Example: `lockstep order show order-4711`
    """
    run(_show(context, order_id, as_json=as_json))


@order.command()
def explain(
    context: typer.Context,
    order_id: OrderId,
    *,
    states: Annotated[bool, typer.Option("--states", help="Add what the order showed after each event.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say why a card did not move: how things stand with the order and each card, since when, and what to do next.

    No personal value is in it, save with --states. Exit code 1 says that nothing is known of the order.

    Example: `lockstep order explain order-4711`
    """
    run(_explain(context, order_id, states=states, as_json=as_json))


@order.command()
def state(
    context: typer.Context,
    order_id: OrderId,
    *,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As it was then: 2025-11-01T12:03:00Z.")] = None,
    version: Annotated[str | None, typer.Option(metavar="N", help="As of its n-th event.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what an order was: what had been recorded by then, and for each phone what Apple had accepted by then.

    With --version, pushes count up to that version, whenever Apple accepted them. Personal values are in it. Exit code
    1 says that nothing is known of the order.

    Example: `lockstep order state order-4711 --at 2025-11-01T12:03:00Z`
    """
    run(_state(context, order_id, at, version, as_json=as_json))


@order.command()
def events(context: typer.Context, order_id: OrderId, *, as_json: AsJson = False) -> None:
    """List an order's events in the order they were recorded; with --json one a line, personal values included.

    Example: `lockstep order events order-4711 --json`
    """
    run(_events(context, order_id, as_json=as_json))


@order.command()
def release(context: typer.Context, order_id: OrderId) -> None:
    """Let an order be folded again that was set aside because its fold failed.

    Do so once the release that mends the fold is running. Exit code 1 says that it was not set aside.

    Example: `lockstep order release order-4711`
    """
    run(_release(context, order_id))


async def _show(context: typer.Context, order_id: str, *, as_json: bool) -> int:
    import msgspec

    from app.cli.database import opened
    from app.orders import OrderReader

    async with opened(context) as database:
        page = await OrderReader(database.pool, database.keyring).read(order_id)
        if page is not None and page.content_state is not None:
            await note_read(database, "order", order_id)
    if page is None:
        return unknown(order_id)
    if as_json:
        print_json(page)
        return 0
    if page.archived_at is not None:
        typer.echo(archived(page.order_id, page.version, page.archived_at, page.archived_to))
        return 0
    version = f"version {page.version}" + ("" if page.view_version == page.version else f", shown {page.view_version}")
    typer.echo(f"{page.order_id}: {page.status or 'state unknown'} ({version}), customer {page.customer_id or '-'}")
    if page.content_state is not None:
        typer.echo(msgspec.json.format(bytes(page.content_state), indent=2).decode())
    print_table(
        ("card", "device", "phase", "considered", "accepted", "outcome", "why"),
        [
            (c.card_id, c.device_id, c.phase, c.considered_version, c.accepted_version, c.outcome, c.why)
            for c in page.cards
        ],
        empty="No phone has a card of it.",
    )
    return 0


async def _explain(context: typer.Context, order_id: str, *, states: bool, as_json: bool) -> int:
    from app.cli.configured import quiet_settings
    from app.cli.database import opened
    from app.cli.explained import explained
    from app.explanations import Explainer

    settings = quiet_settings()
    async with opened(context) as database:
        explainer = Explainer(database.pool, database.keyring, settings.dispatch_rules(), settings.key_routes)
        explanation = await explainer.explain(order_id, states)
        if states and explanation is not None:
            await note_read(database, "explain", order_id)
    return _tell(order_id, explanation, explained, as_json=as_json)


async def _state(context: typer.Context, order_id: str, at: str | None, version: str | None, *, as_json: bool) -> int:
    from app.cli.configured import quiet_settings
    from app.cli.database import opened
    from app.cli.stated import stated
    from app.order_states import StateReader
    from app.point import point_of

    point, settings = point_of(at, version), quiet_settings()
    async with opened(context) as database:
        reader = StateReader(database.pool, database.keyring, keep_receipts_days=settings.keep_receipts_days)
        found = await reader.read(order_id, point)
        if found is not None:
            await note_read(database, "state", order_id)
    return _tell(order_id, found, stated, as_json=as_json)


def _tell(order_id: str, found: T | None, spelled: "Callable[[T], RenderableType]", *, as_json: bool) -> int:
    """Print what is known of an order, for programs or for people; give the exit code."""
    if found is None:
        return unknown(order_id)
    if as_json:
        print_json(found)
    else:
        print_wrapped(spelled(found))
    return 0


async def _events(context: typer.Context, order_id: str, *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.shown_event import shown_event
    from events.store import EventStore

    async with opened(context) as database:
        store = EventStore(database.pool, database.keyring)
        found = [shown_event(each) async for each in store.read_subject(order_id)]
        head = await store.read_head(order_id)
        if as_json and found:
            await note_read(database, "events", order_id)
    if head is not None and head.archived_at is not None:
        typer.echo(archived(order_id, head.version, head.archived_at, head.archived_to), err=True)
        return NO
    if not found:
        return unknown(order_id)
    if as_json:
        for each in found:
            print_json(each)
    else:
        print_table(
            ("version", "type", "occurred", "recorded", "source", "id"),
            [(each.version, each.type, each.occurred_at, each.recorded_at, each.source, each.id) for each in found],
            empty="",
        )
    return 0


async def _release(context: typer.Context, order_id: str) -> int:
    from app.cli.database import opened
    from app.cli.reading import operator
    from app.deeds import Deeds

    async with opened(context) as database:
        released = await Deeds(database.pool).release(operator(), order_id)
    typer.echo(
        f"Released {order_id}: the next projector folds it." if released else f"{order_id} is not set aside.",
        err=not released,
    )
    return 0 if released else NO
