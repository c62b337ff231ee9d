"""`lockstep devices import`: take phones and running cards over from another backend."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from app.cli.lines import lines_of, open_lines
from app.cli.output import AsJson, print_json, progress_bar
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.cli.database import Database
    from app.takeover.importer import LineReport


def import_(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Phones, one a line; - reads standard input.", show_default=False)
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say of each line what would become of it, and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take phones and their running cards over from another backend. It may be repeated, and stopped at any time.

    No card is started for an order whose card is in the file. What an app has told Lockstep later than its line stands.
    Import the orders' events before (`lockstep events import`): a card whose order is not known waits for it.

    Exit code 1: lines were refused, and are named; all others were taken.

    Example: `lockstep devices import phones.jsonl --dry-run`
    """
    run(_import(context, file, dry_run=dry_run, as_json=as_json))


async def _import(context: typer.Context, file: str, *, dry_run: bool, as_json: bool) -> int:
    from app.cli.database import opened
    from app.doorbell import ring

    source = open_lines(file)
    try:
        async with opened(context) as database:
            counts = await _take(database, source, dry_run=dry_run, as_json=as_json)
            if not dry_run:
                await ring(database.pool, matching=True, settings=True)
    finally:
        source.close()
    if as_json and not dry_run:
        print_json({"phones": _counted(counts, "phone"), "cards": _counted(counts, "card")})
    elif not as_json:
        typer.echo(f"Phones: {_told(counts, 'phone')}. Cards: {_told(counts, 'card')}.", err=dry_run)
    return NO if counts["phone refused"] else 0


async def _take(database: "Database", source: BinaryIO, *, dry_run: bool, as_json: bool) -> Counter[str]:
    from app.takeover.importer import PhoneImporter
    from app.takeover.judgement import Fate
    from app.takeover.line import LONGEST_LINE

    importer = PhoneImporter(database.pool, database.keyring, dry_run=dry_run)
    lines = lines_of(source, LONGEST_LINE)
    counts = Counter[str]()
    with progress_bar() as bar:
        task = bar.add_task("importing", total=None)
        while (reports := await importer.take(lines)) is not None:
            for report in reports:
                refused = report.fate is Fate.REFUSED
                counts[f"phone {report.fate}"] += 1
                counts.update(f"card {'refused' if refused else each.fate}" for each in report.cards)
                if dry_run and as_json:
                    print_json(report)
                elif dry_run or refused:
                    typer.echo(_spelled(report), err=not dry_run)
            bar.update(task, description=f"{sum(_counted(counts, 'phone').values()):,} phones")
    return counts


def _counted(counts: Counter[str], what: str) -> dict[str, int]:
    return {fate: counts[f"{what} {fate}"] for fate in ("new", "changed", "known", "refused")}


def _told(counts: Counter[str], what: str) -> str:
    return ", ".join(f"{number:,} {fate}" for fate, number in _counted(counts, what).items())


def _spelled(report: "LineReport") -> str:
    """Write what became of a line, each of its cards and faults on a line of its own."""
    phone = "" if report.device_id is None else f" {report.device_id}"
    told = [f"line {report.line}:{phone} {report.fate}: {report.why}"]
    told += [f"  {each.subject}: {each.fate}: {each.why}" for each in report.cards]
    told += [f"  {each.pointer or 'the line'}: {each.detail}" for each in report.faults]
    return "\n".join(told)
