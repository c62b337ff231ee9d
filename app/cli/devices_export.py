"""`lockstep devices export`: give phones and running cards back, tokens in clear."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import progress_bar
from app.cli.reading import note_read
from app.cli.running import run

if TYPE_CHECKING:
    from app.cli.database import Database
    from app.export_file import ExportFile


def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Write to this file; it appears when it is whole, for you alone to read.")],
    *,
    with_tokens: Annotated[
        bool, typer.Option("--with-tokens", help="Say that the file may hold push tokens, readable by whoever has it.")
    ] = False,
) -> None:
    """Write every phone with its push tokens and the cards that are on it, one a line, as `devices import` reads them.

    Whoever has the file can send to your phones. It is noted who wrote it: see `lockstep audit`. To go back to another
    backend, have Lockstep send nothing before: `lockstep shadow on`.

    Example: `lockstep devices export --out back.jsonl --with-tokens`
    """
    run(_export(context, out, with_tokens=with_tokens))


async def _export(context: typer.Context, out: Path, *, with_tokens: bool) -> int:
    from app.cli.database import opened
    from app.export_file import ExportFile

    if not with_tokens:
        raise CommandError(
            "The file would hold push tokens in clear, with which anybody can send to your phones. If that is meant, "
            "say --with-tokens."
        )
    async with opened(context) as database:
        await note_read(database, "tokens", "")
        file = ExportFile.begin(out, kind="with-tokens")
        try:
            found = await _write(database, file)
            file.finish()
        finally:
            # half a file is of no use, and holds secrets
            file.discard()
    typer.echo(f"{found['phones']:,} phones, {found['cards']:,} cards. {out} holds PUSH TOKENS: remove it after use.")
    if found["without"]:
        typer.echo(
            f"{found['without']:,} cards have no update token: they wait for one, or follow a channel, and cannot move."
        )
    return 0


async def _write(database: "Database", file: "ExportFile") -> Counter[str]:
    from app.takeover.exporter import moving_phones
    from app.takeover.line import write_line

    found = Counter[str]()
    with progress_bar() as bar:
        task = bar.add_task("exporting", total=None)
        async for phone in moving_phones(database.pool, database.keyring):
            file.write(write_line(phone))
            found["phones"] += 1
            found["cards"] += len(phone.cards)
            found["without"] += sum(each.update_token is None for each in phone.cards)
            bar.update(task, description=f"{found['phones']:,} phones")
    return found
