"""Prints what became of orders that were archived, checked or put back."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import typer

from app.cli.output import print_json

if TYPE_CHECKING:
    from pathlib import Path

    from projections.archiver import Archived
    from projections.restorer import Restored


def archived(order_id: str, version: int, at: datetime, to: str | None) -> str:
    """Say of an order that it is archived."""
    return f"{order_id}: archived on {at:%Y-%m-%d} at version {version}, in {to}"


def print_archived(done: "Archived", folder: "Path", seconds: float, *, as_json: bool) -> None:
    """Print what was archived."""
    if as_json:
        print_json({**msgspec.to_builtins(done), "seconds": seconds})
        return
    for each in done.different.first:
        typer.echo(f"{each.subject_id} stays: its view at version {each.version} differs in {', '.join(each.paths)}")
    if done.files:
        typer.echo(
            f"{done.orders:,} orders, {done.events:,} events are archived in {folder}, in {seconds:.1f} s: "
            f"{len(done.files):,} files of {done.size_bytes:,} bytes."
        )
    else:
        typer.echo("No order is finished that is old enough.")
    if done.stayed:
        typer.echo(f"{done.stayed:,} orders stay, because something happened to them meanwhile.")
    if done.different.count:
        typer.echo(f"{done.different.count:,} orders stay, because they are not the fold of their events.")


def print_restored(done: "Restored", *, as_json: bool) -> None:
    """Print what was put back."""
    if as_json:
        print_json(done)
        return
    for each in done.refused.first:
        typer.echo(f"{each.order_id} stays as it is: {each.why}.", err=True)
    typer.echo(f"{done.orders:,} orders, {done.events:,} events are back; {done.known:,} orders were there already.")
    if done.refused.count:
        typer.echo(f"{done.refused.count:,} orders could not be put back.", err=True)
