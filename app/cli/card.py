"""`lockstep card`: look at cards before phones do: do they fit, can every build decode them, what are they in Swift."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_wide
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.card_sizes import Sizes
    from projections.card_shape import CardShape, Refusal
    from projections.definition import CardDefinition

Module = Annotated[
    str | None,
    typer.Argument(help="A module that holds CARD, by its import name; all cards of the settings if there is none."),
]

card = typer.Typer(name="card", no_args_is_help=True, help="Check cards, and write them as Swift and JSON Schema.")


@card.callback()
def _card() -> None:
    """Check cards, and write them as Swift and JSON Schema."""


@card.command()
def check(
    module: Module = None,
    *,
    against: Annotated[
        Path | None, typer.Option(help="What `lockstep card schema` gave for the builds that are out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell whether cards fit into Apple's 4,096 bytes at their worst, and whether every build of the app decodes them.

    Exit code 1 says that something is refused.

    Example: `lockstep card check shop.booking --against booking.schema.json`
    """
    run(_check(module, against, as_json=as_json))


@card.command()
def swift(module: Module = None, *, as_json: AsJson = False) -> None:
    """Write the structs of cards in Swift, for the app and its widget extension.

    Example: `lockstep card swift shop.booking > BookingAttributes.swift`
    """
    run(_swift(module, as_json=as_json))


@card.command()
def schema(module: Module = None, *, as_json: AsJson = False) -> None:
    """Write the types of cards as JSON Schema, to be committed and compared by `lockstep card check --against`.

    Example: `lockstep card schema shop.booking > booking.schema.json`
    """
    run(_schema(module, as_json=as_json))


async def _check(module: str | None, against: Path | None, *, as_json: bool) -> int:
    from app.card_sizes import sizes_of
    from app.cli.card_checked import as_document, checked
    from projections.card_compatibility import Judgement, judge
    from projections.card_refusals import read_card

    definitions = _definitions(module)
    refused, sizes, read = list["Refusal"](), dict[str, "Sizes"](), list["CardShape"]()
    for definition in definitions:
        name = definition.attributes_type
        shape, wrong = read_card(definition)
        read.append(shape)
        if not wrong:
            sizes[name] = sizes_of(definition, shape)
            wrong = sizes[name].refused
        refused += [each._replace(field=f"{name}.{each.field}") for each in wrong]
    judged = Judgement([], [], [])
    if against is not None:
        judged = judge(_before(against), read, {each.attributes_type: each.breaks for each in definitions})
        known = {each.field for each in refused}
        refused += [each for each in judged.refused if each.field not in known]
    if as_json:
        print_json(as_document(sizes, refused, judged))
    else:
        print_wide(checked(sizes, refused, judged))
    return NO if refused else 0


async def _swift(module: str | None, *, as_json: bool) -> int:
    from projections.card_refusals import read_card
    from projections.swift_source import swift_source

    sources, refused = dict[str, str](), list["Refusal"]()
    for definition in _definitions(module):
        shape, wrong = read_card(definition)
        refused += [each._replace(field=f"{definition.attributes_type}.{each.field}") for each in wrong]
        if not wrong:
            sources[definition.attributes_type] = swift_source(shape, definition.kind, definition.string_keys)
    if refused:
        for each in refused:
            typer.echo(f"{each.field} {each.why}.", err=True)
        return NO
    if as_json:
        print_json({"cards": [{"attributesType": name, "swift": source} for name, source in sources.items()]})
    else:
        typer.echo("\n".join(sources.values()), nl=False)
    return 0


async def _schema(module: str | None, *, as_json: bool) -> int:
    from projections.card_refusals import schema_of

    found = schema_of(_definitions(module))
    if as_json:
        print_json(found)
    else:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    return 0


def _definitions(module: str | None) -> "Sequence[CardDefinition]":
    """Give the cards that a command is about.

    Raises:
        CardModuleError: A module cannot be used.
    """
    from app.cli.configured import quiet_settings
    from projections.card_modules import install_cards
    from projections.content_state import CARD as ORDER_CARD
    from projections.registry import CARDS

    if module is None:
        quiet_settings()
        return CARDS.known
    install_cards([module])
    return [each for each in CARDS.known if each is not ORDER_CARD]


def _before(path: Path) -> "dict[str, CardShape]":
    """Read the cards of a schema that was written before.

    Raises:
        CommandError: It cannot be read.
    """
    from projections.card_shape import shape_of

    cure = "Write one with `lockstep card schema`."
    try:
        document = msgspec.json.decode(path.read_bytes())
        return {name: shape_of(each).card for name, each in document["$defs"].items()}
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}. {cure}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, AttributeError) as error:
        raise CommandError(f"{path} holds no schema of cards ({type(error).__name__}: {error}). {cure}") from error
