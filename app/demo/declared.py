"""What an app would declare for a card of one's own: its Swift structs, told from the definition."""

from typing import Final

import msgspec
from msgspec import Struct, inspect

from app.simulator.declaration import Declaration
from projections.definition import CardDefinition

_KINDS: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "str",
    inspect.LiteralType: "str",
    inspect.EnumType: "str",
    inspect.IntType: "int",
    inspect.FloatType: "number",
    inspect.BoolType: "bool",
    inspect.VarTupleType: "list",
    inspect.TupleType: "list",
    inspect.ListType: "list",
}


def declared(card: CardDefinition) -> Declaration:
    """Give the declaration that decodes a card, whose attributes name its subject: by its kind, or as `subject`."""
    [subject] = [
        field.encode_name
        for field in msgspec.structs.fields(card.attributes)
        if field.name in (f"{card.kind}_id", "subject")
    ]
    return Declaration(
        name=card.attributes_type,
        attributes=_fields(card.attributes),
        content=_fields(card.content_state),
        rows=_rows(card.content_state),
        subject=subject,
    )


def _fields(shape: type[Struct]) -> dict[str, str]:
    """Give the kind of each field; one that may be left out is optional in Swift."""
    return {
        field.encode_name: _kind(inspect.type_info(field.type)) + ("" if field.required else "?")
        for field in msgspec.structs.fields(shape)
    }


def _rows(shape: type[Struct]) -> dict[str, dict[str, str]]:
    """Give what each element of a list must hold, of those that hold structs."""
    types = {field.encode_name: _bare(inspect.type_info(field.type)) for field in msgspec.structs.fields(shape)}
    return {
        name: _fields(each.item_type.cls)
        for name, each in types.items()
        if isinstance(each, inspect.VarTupleType | inspect.ListType) and isinstance(each.item_type, inspect.StructType)
    }


def _kind(described: inspect.Type) -> str:
    return _KINDS.get(type(_bare(described)), "object")


def _bare(described: inspect.Type) -> inspect.Type:
    """Give a type without its bounds, and without the absence that it allows."""
    if isinstance(described, inspect.Metadata):
        return _bare(described.type)
    if isinstance(described, inspect.UnionType):
        [some, *_] = [each for each in described.types if not isinstance(each, inspect.NoneType)]
        return _bare(some)
    return described
