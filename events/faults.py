"""Every reason why data is not a fact, each with its place and what is known there."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from events.document import pointer_to
from events.errors import Fault
from events.fact import Fact
from events.personal import listed_object

# msgspec ends its sentence with the place: `$.cards[0].subject`, `$.startTokens[...]`, "`key` in `$.startTokens`".
_PLACE: Final = re.compile(r" - at .*`\$(?P<path>[^`]*)`$")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def faults_of(data: Any, shape: type[Fact], pointer: str, *, whole: bool = True) -> Iterator[Fault]:
    """Name everything that keeps `data` from being a `shape`; nothing if it is one.

    Args:
        data: Builtins.
        shape: What it is to be.
        pointer: Where `data` stands.
        whole: Whether null is refused where a personal value must be given.
    """
    known = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    if not isinstance(data, dict):
        yield Fault(pointer, f"is to be an object; known fields: {_listed(known)}")
        return
    for name in data:
        if name not in known:
            yield Fault(pointer_to(pointer, str(name)), f"is not known here; known fields: {_listed(known)}")
    for name, field in known.items():
        place = f"{pointer}/{name}"
        value = data.get(name)
        if value is None and (name not in data or (field.required and whole)):
            if field.required:
                yield Fault(place, "is missing")
        elif isinstance(value, list | tuple) and (inner := _item_shape(field.type)) is not None:
            yield from _list_faults(value, inner, field.type, place, whole=whole)
        elif isinstance(value, dict) and (inner := _object_shape(field.type)) is not None:
            yield from faults_of(value, inner, place, whole=whole)
        else:
            yield from _value_faults(value, field.type, place)


def text_faults(value: Any, pointer: str) -> Iterator[Fault]:
    """Name every text that cannot be stored: it holds NUL, or halves of a character."""
    if isinstance(value, str):
        if "\0" in value:
            yield Fault(pointer, "holds the character NUL, which cannot be stored")
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield Fault(pointer, "holds half of a surrogate pair")
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from text_faults(member, pointer_to(pointer, str(name)))
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from text_faults(member, f"{pointer}/{index}")


def _list_faults(value: Any, inner: type[Fact], kind: Any, place: str, *, whole: bool) -> Iterator[Fault]:
    found = [fault for i, member in enumerate(value) for fault in faults_of(member, inner, f"{place}/{i}", whole=whole)]
    yield from found or _value_faults(value, kind, place)


def _value_faults(value: Any, kind: Any, place: str) -> Iterator[Fault]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield Fault(place, without_value(str(error).split(" - at `", 1)[0]))


def without_value(sentence: str) -> str:
    """Give what msgspec says is wrong; the one of its sentences that quotes the value, about enums, is another then."""
    return "is not a value that is known here" if sentence.startswith("Invalid enum value") else sentence


def misfit(error: msgspec.ValidationError, shape: type[Any]) -> Fault:
    """Give the first thing that keeps a document from being of a shape, and its place, as msgspec says it."""
    sentence = str(error)
    place = _PLACE.search(sentence)
    if place is None:
        return Fault("", _explained(sentence, shape))
    pointer = "".join(f"/{name or index}" for name, index in _STEP.findall(place["path"].replace("[...]", "")))
    return Fault(pointer, _explained(sentence[: place.start()], shape if pointer == "" else None))


def _explained(sentence: str, shape: type[Any] | None) -> str:
    if shape is None or "unknown field" not in sentence:
        return without_value(sentence)
    known = ", ".join(field.encode_name for field in msgspec.structs.fields(shape))
    return f"{sentence}; known fields: {known}"


def _item_shape(kind: Any) -> type[Fact] | None:
    """Give the shape of a list's members, when they are objects of the vocabulary."""
    item = listed_object(msgspec.inspect.type_info(kind))
    return item.cls if item is not None and issubclass(item.cls, Fact) else None


def _object_shape(kind: Any) -> type[Fact] | None:
    """Give the shape of an object of the vocabulary that stands in a field."""
    described = msgspec.inspect.type_info(kind)
    members = described.types if isinstance(described, msgspec.inspect.UnionType) else (described,)
    shapes = [each.cls for each in members if isinstance(each, msgspec.inspect.StructType)]
    return next((each for each in shapes if issubclass(each, Fact)), None)


def _listed(known: dict[str, Any]) -> str:
    return ", ".join(known) or "none"
