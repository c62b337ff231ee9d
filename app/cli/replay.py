"""`lockstep replay`: fold the log again. It cannot push: nothing here can reach what sends."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import AsJson, print_json
from app.cli.running import NO, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from projections.replayer import Progress, Verified

replay = typer.Typer(name="replay", no_args_is_help=True, help="Fold the log again, without sending anything.")


@replay.callback()
def _replay() -> None:
    """Fold the log again, without sending anything."""


@replay.command()
def verify(
    context: typer.Context,
    order: Annotated[str | None, typer.Option(help="This order alone.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Fold every order again and compare with what is shown. Exit code 0: the same; 1: some differ, and are named.

    It reads only, beside the running service, and sends nothing.

    Example: `lockstep replay verify --json`
    """
    run(_verify(context, order, as_json=as_json))


async def _verify(context: typer.Context, order: str | None, *, as_json: bool) -> int:
    from app.cli.database import opened
    from projections.replayer import verify as compare

    async with opened(context) as database:
        with _progress(visible=sys.stderr.isatty() and order is None) as on_progress:
            found = await compare(database.pool, database.keyring, subject_id=order, on_progress=on_progress)
    if order is not None and not found.orders:
        typer.echo(f"Nothing is known of {order}. Ids are told apart by upper and lower case.", err=True)
        return NO
    if as_json:
        print_json({"same": found.same, **_fields(found)})
    else:
        _print(found)
    return 0 if found.same else NO


def _fields(found: "Verified") -> dict[str, object]:
    import msgspec

    fields: dict[str, object] = msgspec.to_builtins(found)
    return fields


def _print(found: "Verified") -> None:
    for each in found.different:
        typer.echo(f"{each.subject_id} at version {each.version} differs in {', '.join(each.paths)}")
    rate = found.events / found.seconds if found.seconds else 0.0
    typer.echo(
        f"{found.orders:,} orders, {found.events:,} events folded again in {found.seconds:.1f} s ({rate:,.0f}/s): "
        + (f"{len(found.different):,} differ." if found.different else "every view is the fold of its events.")
    )
    for count, words in (
        (len(found.behind), "have events that the projector has not folded yet"),
        (len(found.quarantined), "are set aside because their fold failed; see: lockstep order release"),
        (found.archived, "are archived and were not compared"),
    ):
        if count:
            typer.echo(f"{count:,} {words}.")


def _progress(*, visible: bool) -> "AbstractContextManager[Callable[[Progress], None]]":
    """Draw a bar on the terminal while the block runs."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress as Bar

    @contextmanager
    def drawing() -> "Iterator[Callable[[Progress], None]]":
        with Bar(console=Console(stderr=True), transient=True, disable=not visible) as bar:
            task = bar.add_task("folding", total=None)
            yield lambda now: bar.update(
                task, total=now.slots, completed=now.slots_done, description=f"{now.events:,} events"
            )

    return drawing()
