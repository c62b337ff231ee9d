"""Prints what a replay did, and draws its progress."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import typer

from app.cli.output import print_json, progress_bar
from events.slot import ALL_SLOTS
from projections.comparison import Verified
from projections.definition import ORDER
from projections.order_replay import Replayed
from projections.order_view import FOLD_VERSION
from projections.owed import Owed
from projections.rebuilder import Rebuilt
from projections.registry import CARDS


class Stopwatch:
    """Measures from when it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def seconds(self) -> float:
        """Give the seconds since then."""
        return time.monotonic() - self._began


def print_verified(found: Verified, seconds: float, *, as_json: bool) -> None:
    """Print what a comparison found."""
    if as_json:
        print_json({"same": found.same, **msgspec.to_builtins(found), "seconds": seconds})
        return
    for each in found.different.first:
        typer.echo(f"{each.subject_id} at version {each.version} differs in {', '.join(each.paths)}")
    differ = found.different.count
    if differ > len(found.different.first):
        typer.echo(f"… and {differ - len(found.different.first):,} more.")
    typer.echo(
        f"{_folded(found.orders, found.events, seconds)}: "
        + (f"{differ:,} differ." if differ else "every view compared is the fold of its events.")
    )
    for other in found.other_folds:
        own = other.kind != ORDER
        now = CARDS.own_kind(other.kind).version if own else FOLD_VERSION
        typer.echo(
            f"{other.orders:,}{f' of kind {other.kind}' if own else ''} were folded by version {other.fold_version}, "
            f"now {now}: a rebuild would change {other.unlike:,} of them. Run: lockstep replay rebuild"
        )
    for count, words in (
        (found.behind.count, "have events that the projector has not folded yet"),
        (found.quarantined.count, "are set aside because their fold failed; see: lockstep replay order"),
        (found.archived, "are archived and were not compared; see: lockstep replay verify --archive"),
        (found.erased, "were erased after the version of their view, and were not compared"),
        (found.later, "have an event that was recorded later, and were not compared"),
    ):
        if count:
            typer.echo(f"{count:,} {words}.")


def print_rebuilt(done: Rebuilt, owed: Owed, seconds: float, *, as_json: bool) -> None:
    """Print what a rebuild or a rollback did."""
    if as_json:
        fields = msgspec.to_builtins(done)
        print_json({**fields, "owed": msgspec.to_builtins(owed), "seconds": seconds})
        return
    for each in done.stopped.first:
        typer.echo(f"{each.subject_id} is set aside at version {each.version}: {each.why}")
    typer.echo(f"{_folded(done.orders, done.events, seconds)}; {done.changed:,} views changed.")
    typer.echo(
        f"{done.moved:,} slots show the new views; projectors were kept from each for "
        f"{1_000 * done.held_seconds:.0f} ms at the most."
    )
    for count, words in (
        (done.stopped.count, "orders are set aside because their fold failed; see: lockstep replay order"),
        (owed.cards, "cards follow now"),
        (owed.crowds, "orders have so many cards that they follow in batches"),
        (owed.matching, "orders are looked at for who should see them"),
    ):
        if count:
            typer.echo(f"{count:,} {words}.")


def print_replayed(done: Replayed, *, as_json: bool) -> None:
    """Print what became of one order."""
    if as_json:
        print_json(done)
        return
    if done.failure is not None:
        typer.echo(f"{done.order_id} stays as it is at version {done.version}: {done.failure}.", err=True)
        return
    typer.echo(
        f"{done.order_id} is folded again to version {done.version}: {'changed' if done.changed else 'the same'}."
        + (" It is not set aside any more." if done.released else "")
        + (f" Events up to version {done.head} are folded by the next projector." if done.version < done.head else "")
    )


def _folded(orders: int, events: int, seconds: float) -> str:
    rate = events / seconds if seconds else 0.0
    return f"{orders:,} orders, {events:,} events folded again in {seconds:.1f} s ({rate:,.0f}/s)"


@contextmanager
def progress() -> Iterator[Callable[[Verified | Rebuilt], None]]:
    """Draw a bar on the terminal while the block runs: slots, events a second, and the time left."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    bar = progress_bar(
        TextColumn("{task.completed:.0f}/{task.total:.0f} slots"),
        BarColumn(),
        TextColumn("{task.fields[events]:,} events, {task.fields[rate]:,.0f}/s, left:"),
        TimeRemainingColumn(),
    )
    watch = Stopwatch()
    events = 0
    with bar:
        task = bar.add_task("", total=len(ALL_SLOTS), events=0, rate=0.0)

        def on_slot(one: Verified | Rebuilt) -> None:
            nonlocal events
            events += one.events
            bar.update(task, advance=one.slots, events=events, rate=events / max(watch.seconds(), 0.001))

        yield on_slot
