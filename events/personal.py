"""Which fields of a value are personal, found from their marks, and how they part from the rest and meet again."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct, inspect

_ERASED: Final = None
_Value = TypeVar("_Value", bound=Struct)


class PersonalFields(msgspec.Struct, frozen=True):
    """Where the personal values of one shape are, by their names in JSON.

    Attributes:
        own: the object's own personal fields.
        required: those of them that upstream must give.
        inside: personal fields of the objects in a list, by the list's name.
    """

    own: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    inside: dict[str, "PersonalFields"] = {}

    def __bool__(self) -> bool:
        """Tell whether there is anything personal at all."""
        return bool(self.own or self.inside)


def personal_fields(shape: type[Struct]) -> PersonalFields:
    """Find the marked fields of a shape, also inside its lists of objects."""
    described = inspect.type_info(shape)
    if not isinstance(described, inspect.StructType):
        raise TypeError(shape)
    return _find(described)


def split(data: dict[str, Any], fields: PersonalFields) -> dict[str, Any]:
    """Take the personal values out of `data`, which keeps the rest, and give them in the same shape."""
    personal = {name: data.pop(name) for name in fields.own if name in data}
    for name, inner in fields.inside.items():
        parts = [split(member, inner) for member in data.get(name, ())]
        if any(parts):
            personal[name] = parts
    return personal


def merge(data: dict[str, Any], personal: dict[str, Any], fields: PersonalFields) -> None:
    """Put personal values back into `data`; a required one that was erased becomes None."""
    for name in fields.own:
        if name in personal:
            data[name] = personal[name]
        elif name in fields.required:
            data[name] = _ERASED
    for name, inner in fields.inside.items():
        parts = personal.get(name, ())
        for index, member in enumerate(data.get(name, ())):
            merge(member, parts[index] if index < len(parts) else {}, inner)


def emptied(value: _Value, fields: PersonalFields) -> _Value:
    """Give a value without its personal values, as it is once they were erased; itself if there are none."""
    if not fields:
        return value
    data = msgspec.to_builtins(value, str_keys=True)
    if not split(data, fields):
        return value
    merge(data, {}, fields)
    return msgspec.convert(data, type(value), str_keys=True)


def unsealable(shape: type[Struct]) -> Iterator[str]:
    """Name the fields that carry a mark where it is not found: deep inside, and not in a list of objects."""
    for field in msgspec.structs.fields(shape):
        described = inspect.type_info(field.type)
        item = listed_object(described)
        if item is not None:
            yield from (f"{field.name}.{each}" for each in unsealable(item.cls))
        elif not _is_marked(described) and "'personal': True" in repr(described):
            yield field.name


def unerasable(shape: type[Struct]) -> Iterator[str]:
    """Name the personal fields that must be given and may not be None, as they are once they were erased."""
    for field in msgspec.structs.fields(shape):
        described = inspect.type_info(field.type)
        item = listed_object(described)
        if item is not None:
            yield from (f"{field.name}.{each}" for each in unerasable(item.cls))
        elif field.required and _is_marked(described) and not _may_be_none(described):
            yield field.name


def listed_object(described: inspect.Type) -> inspect.StructType | None:
    """Give the shape of a list's members, when they are objects."""
    if isinstance(described, inspect.Metadata):
        return listed_object(described.type)
    item = described.item_type if isinstance(described, inspect.VarTupleType) else None
    return item if isinstance(item, inspect.StructType) else None


def _find(shape: inspect.StructType) -> PersonalFields:
    own = []
    required = []
    inside = {}
    for field in shape.fields:
        if _is_marked(field.type):
            own.append(field.encode_name)
            if field.required:
                required.append(field.encode_name)
        item = listed_object(field.type)
        if item is not None and (found := _find(item)):
            inside[field.encode_name] = found
    return PersonalFields(tuple(own), tuple(required), inside)


def _may_be_none(described: inspect.Type) -> bool:
    if isinstance(described, inspect.Metadata):
        return _may_be_none(described.type)
    return isinstance(described, inspect.UnionType) and described.includes_none


def _is_marked(described: inspect.Type) -> bool:
    if isinstance(described, inspect.UnionType):
        return any(_is_marked(member) for member in described.types)
    return isinstance(described, inspect.Metadata) and bool((described.extra or {}).get("personal"))
