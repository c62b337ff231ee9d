"""`lockstep erase`: let go of what is personal, for good."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run, unknown

if TYPE_CHECKING:
    from app.erasure import Eraser, Erasure, Extent

erase = typer.Typer(name="erase", no_args_is_help=True, help="Erase what is personal, for good.")

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

BEYOND: Final = (
    "Out of reach, and yours to delete: backups from before, exports with personal values, and what readers of the "
    "feed have kept."
)
FIRST: Final = "2000-01-01T00:00:00Z"


@erase.callback()
def _erase() -> None:
    """Erase what is personal, for good."""


@erase.command()
def order(
    context: typer.Context,
    order_id: Annotated[str, typer.Argument(help="The order's id.", show_default=False)],
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase the personal values of an order: names, notes, items. Its events, cards and ids stay, without them.

    Says what goes, and asks. It may be repeated. Exit code 1: nothing is known of the order, or you said no.

    Example: `lockstep erase order order-4711`
    """
    run(_order(context, order_id, yes=yes, as_json=as_json))


@erase.command()
def customer(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(help="The customer's id.", show_default=False)],
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase a customer: the personal values of all orders until now, the phones, their tokens, and the cards.

    Says what goes, and asks. Cards on phones end by the next push; the running service lets the rows of cards go when
    they have ended, and those of phones a day later. End the customer's session in your apps before: a phone that
    launches, or an order that is placed after this, is kept like any other. It may be repeated, and broken off: the
    running service brings it to its end. Exit code 1: nothing is known of the customer, or you said no.

    Example: `lockstep erase customer customer-7`
    """
    run(_customer(context, customer_id, yes=yes, as_json=as_json))


@erase.command("list")
def list_(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="At this time or later.")] = FIRST,
    *,
    as_json: AsJson = False,
) -> None:
    """List what was erased; with --json one a line, to be kept apart from the database for `erase again`.

    Example: `lockstep erase list --since 2026-11-01T03:00:00Z --json`
    """
    run(_list(context, since, as_json=as_json))


@erase.command()
def again(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Lines of `erase list --json`, or of other erasures.")],
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase again what a list names, because a backup from before has brought it back.

    Orders that the backup does not have are erased before they come: nothing personal of them will be kept.

    Example: `lockstep erase again erasures.jsonl`
    """
    run(_again(context, file, yes=yes, as_json=as_json))


@asynccontextmanager
async def _erasing(context: typer.Context) -> "AsyncIterator[Eraser]":
    """Give what erases, and hint to the running service that something was."""
    from app.cli.database import opened
    from app.devices.registry import DeviceRegistry
    from app.doorbell import ring
    from app.erasure import Eraser
    from events.store import EventStore

    async with opened(context) as database:
        # nobody hears a bell of ours: one hint at the end takes its place
        registry = DeviceRegistry(database.pool, database.keyring, ring_matcher=lambda: None, ring_due=lambda _: None)
        erased: list[str] = []
        yield Eraser(database.pool, EventStore(database.pool, database.keyring), registry, erased.extend)
        # a hint is short; the sweep finds what it does not name
        await ring(database.pool, behind=tuple(erased[:20]), matching=True)


async def _order(context: typer.Context, order_id: str, *, yes: bool, as_json: bool) -> int:
    async with _erasing(context) as eraser:
        extent = await eraser.extent_of_order(order_id)
        if extent is None:
            return unknown(order_id)
        what = (
            f"This lets go of the personal values of {order_id} ({_some(extent.events, 'event')}), for good; "
            f"{_some(extent.open_cards, 'open card')} of it will show none."
        )
        if not _agreed(what, yes=yes):
            return NO
        await eraser.erase_order(order_id)
    _tell("order", order_id, extent, as_json=as_json)
    return 0


async def _customer(context: typer.Context, customer_id: str, *, yes: bool, as_json: bool) -> int:
    async with _erasing(context) as eraser:
        extent = await eraser.extent_of_customer(customer_id)
        if not extent:
            return unknown(customer_id)
        already = f"; {extent.erased_orders:,} more have lost theirs already" if extent.erased_orders else ""
        what = (
            f"This lets go of the personal values of {_some(extent.orders, 'order')} ({_some(extent.events, 'event')}"
            f"{already}), {_some(extent.phones, 'phone')} ({_some(extent.tokens, 'token')}) and "
            f"{_some(extent.open_cards, 'open card')}, for good."
        )
        if not _agreed(what, yes=yes):
            return NO
        open_cards = await eraser.carry_out(await eraser.ask(customer_id))
    _tell("customer", customer_id, extent, as_json=as_json)
    if open_cards and not as_json:
        typer.echo(
            f"Still to end: {_some(open_cards, 'card')}, by the next push, or after eight hours where there is no "
            "token. Whether something is left is told by: lockstep erase list"
        )
    return 0


async def _list(context: typer.Context, since: str, *, as_json: bool) -> int:
    from app.point import AtTime, point_of

    point = point_of(since, None)
    async with _erasing(context) as eraser:
        found = await eraser.erasures(point.at) if isinstance(point, AtTime) else []
    if as_json:
        for each in found:
            print_json(each)
    else:
        print_table(
            ("what", "id", "erased", "nothing left since"),
            [(each.kind, each.id, each.erased_at, each.done_at) for each in found],
            empty="Nothing was erased.",
        )
    return 0


async def _again(context: typer.Context, file: Path, *, yes: bool, as_json: bool) -> int:
    named = _read(file)
    orders = [each.id for each in named if each.kind == "order"]
    customers = [each.id for each in named if each.kind == "customer"]
    what = f"This erases {_some(len(orders), 'order')} and {_some(len(customers), 'customer')}, for good."
    if not _agreed(what, yes=yes):
        return NO
    async with _erasing(context) as eraser:
        for order_id in orders:
            await eraser.erase_order(order_id)
        for customer_id in customers:
            await eraser.carry_out(await eraser.ask(customer_id))
    if as_json:
        print_json({"orders": len(orders), "customers": len(customers)})
    else:
        typer.echo(f"Erased again: {_some(len(orders), 'order')} and {_some(len(customers), 'customer')}.")
    return 0


def _read(file: Path) -> "list[Erasure]":
    """Read what was erased, each once, in the order of the first."""
    import msgspec

    from app.erasure import Erasure

    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    found: dict[tuple[str, str], Erasure] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            each = msgspec.json.decode(line, type=Erasure)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CommandError(
                f"{file}, line {number}: it is no erasure, and nothing was done. "
                "Take what `lockstep erase list --json` wrote."
            ) from error
        found.setdefault((each.kind, each.id), each)
    return list(found.values())


def _agreed(what: str, *, yes: bool) -> bool:
    """Say what goes, and ask."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise CommandError(f"{what} Say --yes if that is meant.")
    return typer.confirm(f"{what} Go on?", err=True)


def _tell(kind: str, id_: str, extent: "Extent", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        told: dict[str, Any] = {"kind": kind, "id": id_, **msgspec.to_builtins(extent)}
        print_json(told)
    else:
        typer.echo(f"Erased {id_}. {BEYOND}")


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
