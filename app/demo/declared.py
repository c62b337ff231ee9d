"""What an app would declare for a card of one's own: its Swift structs, told from the definition."""

from typing import Any, Final

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
    """Give the declaration that decodes a card."""
    [subject] = [
        field.encode_name for field in msgspec.structs.fields(card.attributes) if field.name == f"{card.kind}_id"
    ]
    return Declaration(
        name=card.attributes_type,
        attributes=_fields(card.attributes),
        content=_fields(card.content_state),
        subject=subject,
    )


def _fields(shape: type[Struct]) -> dict[str, str]:
    """Give the kind of each field; one that may be left out is optional in Swift."""
    return {
        field.encode_name: _kind(inspect.type_info(field.type)) + ("" if field.required else "?")
        for field in msgspec.structs.fields(shape)
    }


def _kind(described: Any) -> str:
    if isinstance(described, inspect.Metadata):
        return _kind(described.type)
    if isinstance(described, inspect.UnionType):
        [some, *_] = [each for each in described.types if not isinstance(each, inspect.NoneType)]
        return _kind(some)
    return _KINDS.get(type(described), "object")
