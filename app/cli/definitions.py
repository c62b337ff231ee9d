"""`lockstep definitions`: what senders save by name for their activities."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

if TYPE_CHECKING:
    from events.saved_definition import SavedDefinition

definitions = typer.Typer(
    name="definitions", no_args_is_help=True, help="Save, list and delete activities' definitions."
)

_Name = Annotated[str, typer.Argument(help="The name that events refer to.")]
_NONE = "There is no such definition. See: lockstep definitions list"


@definitions.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the definitions with their newest versions, by name.

    Example: `lockstep definitions list --json`
    """
    run(_list(context, as_json=as_json))


@definitions.command()
def show(
    context: typer.Context,
    name: _Name,
    version: Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="An older one.")] = None,
) -> None:
    """Print a definition as JSON, as `save` takes it.

    Example: `lockstep definitions show match --version 2`
    """
    run(_show(context, name, version))


@definitions.command()
def save(
    context: typer.Context,
    name: _Name,
    file: Annotated[Path, typer.Argument(help="JSON.", exists=True, dir_okay=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Save a definition under its next version; one that has not changed stays as it is.

    Example: `lockstep definitions save match match.json`
    """
    run(_save(context, name, file, as_json=as_json))


@definitions.command()
def delete(context: typer.Context, name: _Name) -> None:
    """Let a name be used no more; its versions stay, for the events that they completed.

    Example: `lockstep definitions delete match`
    """
    run(_delete(context, name))


async def _list(context: typer.Context, *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.definitions import DefinitionStore

    async with opened(context) as database:
        found = await DefinitionStore(database.pool).list()
    if as_json:
        print_json(
            {
                "definitions": [
                    {
                        "name": each.named.name,
                        "version": each.named.version,
                        "attributesType": each.named.definition.attributes_type,
                        "savedAt": each.saved_at,
                    }
                    for each in found
                ]
            }
        )
    else:
        print_table(
            ("name", "version", "attributes type", "saved"),
            [(e.named.name, e.named.version, e.named.definition.attributes_type, e.saved_at) for e in found],
            empty="There are no definitions. Save one with: lockstep definitions save NAME FILE",
        )
    return 0


async def _show(context: typer.Context, name: str, version: int | None) -> int:
    from app.cli.database import opened
    from app.definitions import DefinitionStore
    from events.saved_definition import Reference

    async with opened(context) as database:
        found = await DefinitionStore(database.pool).read(Reference(name, version))
    if found is None:
        typer.echo(_NONE, err=True)
        return NO
    print_json(found.named.definition)
    return 0


async def _save(context: typer.Context, name: str, file: Path, *, as_json: bool) -> int:
    from app.cli.database import opened
    from app.definitions import DefinitionStore
    from events.saved_definition import NAME_RULE, is_definition_name

    if not is_definition_name(name):
        raise CommandError(f"A name {NAME_RULE}.")
    definition = _read(file)
    async with opened(context) as database:
        saved = await DefinitionStore(database.pool).save(name, definition)
    if as_json:
        print_json({"name": name, "version": saved.version, "saved": saved.added})
    else:
        word = "Saved" if saved.added else "Nothing has changed in"
        typer.echo(f"{word} {name}, version {saved.version}.")
    return 0


def _read(file: Path) -> "SavedDefinition":
    from events.document import read_document
    from events.errors import DocumentError, EventError
    from events.saved_definition import read_definition

    try:
        return read_definition(read_document(file.read_bytes()))
    except (DocumentError, EventError) as error:
        faults = "\n".join(f"  {each.pointer or 'the whole'} {each.detail}" for each in error.faults)
        raise CommandError(f"{file} is no definition:\n{faults}") from None


async def _delete(context: typer.Context, name: str) -> int:
    from app.cli.database import opened
    from app.definitions import DefinitionStore

    async with opened(context) as database:
        deleted = await DefinitionStore(database.pool).delete(name)
    typer.echo(f"Deleted {name}." if deleted else _NONE, err=not deleted)
    return 0 if deleted else NO
