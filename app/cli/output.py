"""Prints what a command found: JSON for programs, tables for people."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress, ProgressColumn

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


WIDTH_OF_FILES: Final = 240
WIDTH_OF_TEXT: Final = 100


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    typer.echo(msgspec.json.encode(value).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under their columns.

    Args:
        columns: Their titles.
        rows: Values, which are printed as they are.
        empty: What to say when there are none.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(_shown(each)) for each in row))
    if table.row_count:
        print_wide(table)
    else:
        typer.echo(empty)


def print_wide(text: "RenderableType") -> None:
    """Print what stands in columns."""
    from rich.console import Console

    # a file or a pipe has no width, and a program that reads it wants a row on one line
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    console.print(text)


def table_of_facts(facts: Iterable[tuple[str, str]]) -> "RenderableType":
    """Give facts under one another, each behind its label; what to do next stands out."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(width=13)
    table.add_column()
    for label, text in facts:
        table.add_row(Text(f"  {label}", "dim"), Text(text, "bold" if label == "Next" else ""))
    return table


def print_wrapped(text: "RenderableType") -> None:
    """Print text that is to be read, and no wider than that."""
    from rich.console import Console

    wide = Console()
    Console(width=min(wide.width, WIDTH_OF_TEXT), highlight=False).print(text)


def progress_bar(*columns: "ProgressColumn") -> "Progress":
    """Give a bar that stands on standard error as long as that is a terminal, and is gone in the end.

    Args:
        columns: What it shows; the usual unless given.
    """
    from rich.console import Console
    from rich.progress import Progress

    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _shown(value: object) -> str:
    match value:
        case None:
            return "-"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
