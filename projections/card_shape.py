"""What the types of a card are, read from their JSON Schema: values for whoever measures, compares or writes Swift.

A card travels as JSON that Swift decodes with its default strategies, so its types are few. Whatever else a struct may
hold is refused here, with the field and the cure.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct

_REF: Final = "$ref"
_MOMENTS: Final = frozenset({"date-time", "date", "time"})

TIME_AS_TEXT: Final = (
    "is a time as text: Swift reads a Date as seconds since 2001, and a text fails the whole decode without an error "
    "anywhere; take UnixSeconds of projections.card_fields"
)


class Refusal(NamedTuple):
    """Why a card is not fit to be sent.

    Attributes:
        field: As in `contentState.history[].at`.
        why: What is wrong and what mends it, to be read behind the field.
    """

    field: str
    why: str


class Text(Struct, frozen=True):
    """A text of at most `most` code points; None if nothing bounds it."""

    most: int | None = None
    pattern: str | None = None


class Choice(Struct, frozen=True):
    """One of some words, of which a newer server may know more; `name` is that of its enum, if it has one."""

    words: tuple[str, ...]
    name: str | None = None


class Whole(Struct, frozen=True):
    """A whole number, within bounds if it has any."""

    least: int | None = None
    most: int | None = None
    unit: str | None = None


class Number(Struct, frozen=True):
    """A number that may be a fraction."""

    least: float | None = None
    unit: str | None = None


class Flag(Struct, frozen=True):
    """True or false."""


class Rows(Struct, frozen=True):
    """A list of at most `most` values of one type; None if nothing bounds it."""

    item: "Shape"
    most: int | None = None


class Field(Struct, frozen=True):
    """A field of a record.

    Attributes:
        key: Its name in JSON.
        optional: Whether it may be absent, or null.
        about: What it is; empty if nobody says.
        default: What is meant where it is absent, if that is not nothing.
    """

    key: str
    shape: "Shape"
    optional: bool = False
    about: str = ""
    default: Any = None


class Record(Struct, frozen=True):
    """The fields of a struct, in their order."""

    name: str
    fields: tuple[Field, ...]
    about: str = ""


Shape: TypeAlias = Text | Choice | Whole | Number | Flag | Rows | Record


def innermost(shape: Shape) -> Shape:
    """Give what a list holds, and a list of lists; any other type is that itself."""
    while isinstance(shape, Rows):
        shape = shape.item
    return shape


class CardShape(Struct, frozen=True):
    """The two structs of a card."""

    attributes_type: str
    attributes: Record
    content_state: Record

    def halves(self) -> tuple[tuple[str, Record], tuple[str, Record]]:
        """Give both structs, each under its name in paths."""
        return ("attributes", self.attributes), ("contentState", self.content_state)


class Reading(NamedTuple):
    """What was read of a schema.

    Attributes:
        card: Without what was refused.
        refused: All of it.
    """

    card: CardShape
    refused: list[Refusal]


def shape_of(schema: Mapping[str, Any]) -> Reading:
    """Read one card out of its schema, as `card_schema` writes it.

    Raises:
        LookupError: It is no such schema.
    """
    reader = _Reader(schema["$defs"])
    halves = schema["properties"]
    card = CardShape(
        halves["attributesType"]["const"],
        reader.record(_name_of(halves["attributes"][_REF]), "attributes", ()),
        reader.record(_name_of(halves["contentState"][_REF]), "contentState", ()),
    )
    return Reading(card, reader.refused)


class _RefusedError(Exception):
    """A type is no card's; holds the refusal."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path)
        self.refusal = Refusal(path, why)


class _Reader:
    """Walks a schema and gathers what it refuses."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.refused = list[Refusal]()
        self._definitions = definitions

    def record(self, name: str, path: str, within: tuple[str, ...]) -> Record:
        node = self._definitions[name]
        needed = frozenset(node.get("required", ()))
        fields = []
        for key, member in node["properties"].items():
            inner, may_be_null = _without_null(member)
            try:
                shape = self._shape(inner, f"{path}.{key}", (*within, name))
            except _RefusedError as error:
                self.refused.append(error.refusal)
                continue
            about = member.get("description") or inner.get("description", "")
            fields.append(Field(key, shape, may_be_null or key not in needed, about, member.get("default")))
        return Record(name, tuple(fields), node.get("description", ""))

    def _shape(self, node: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Shape:
        if _REF in node:
            return self._named(_name_of(node[_REF]), path, within)
        if "enum" in node:
            return _choice(node["enum"], None, path)
        match node.get("type"):
            case "string":
                return _text(node, path)
            case "integer":
                return _whole(node)
            case "number":
                return Number(node.get("minimum", node.get("exclusiveMinimum")), node.get("unit"))
            case "boolean":
                return Flag()
            case "array" if "items" in node and "prefixItems" not in node:
                inner, may_be_null = _without_null(node["items"])
                if may_be_null:
                    raise _RefusedError(f"{path}[]", "may be null within a list; leave such values out")
                return Rows(self._shape(inner, f"{path}[]", within), node.get("maxItems"))
            case _:
                raise _RefusedError(path, _why_not(node))

    def _named(self, name: str, path: str, within: tuple[str, ...]) -> Shape:
        node = self._definitions[name]
        if name in within:
            raise _RefusedError(path, f"holds {name} within {name}, which has no largest size; unroll it")
        if "enum" in node:
            return _choice(node["enum"], name, path)
        if "properties" not in node:
            raise _RefusedError(path, _why_not(node))
        return self.record(name, path, within)


def _choice(values: list[Any], name: str | None, path: str) -> Choice | Whole:
    if all(isinstance(each, str) for each in values):
        return Choice(tuple(values), name)
    if all(type(each) is int for each in values):
        return Whole(min(values), max(values))
    raise _RefusedError(path, "chooses between values of several types; take words alone")


def _text(node: Mapping[str, Any], path: str) -> Text:
    if node.get("format") in _MOMENTS:
        raise _RefusedError(path, TIME_AS_TEXT)
    if "format" in node or "contentEncoding" in node:
        kind = node.get("format") or node["contentEncoding"]
        raise _RefusedError(path, f"is {kind} as text; take Annotated[str, Meta(max_length=…)]")
    return Text(node.get("maxLength"), node.get("pattern"))


def _whole(node: Mapping[str, Any]) -> Whole:
    least, most = node.get("minimum"), node.get("maximum")
    if "exclusiveMinimum" in node:
        least = node["exclusiveMinimum"] + 1
    if "exclusiveMaximum" in node:
        most = node["exclusiveMaximum"] - 1
    return Whole(least, most, node.get("unit"))


def _without_null(node: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Give a type without its null, and whether it had one."""
    if "anyOf" in node:
        others = [each for each in node["anyOf"] if each != {"type": "null"}]
        if len(others) == 1:
            return others[0], True
        return node, False
    if None in node.get("enum", ()):
        return {**node, "enum": [each for each in node["enum"] if each is not None]}, True
    return node, False


def _why_not(node: Mapping[str, Any]) -> str:
    if "anyOf" in node:
        return "may be of several types, which a Swift property cannot be; take a field for each, all of them optional"
    if node.get("type") == "object":
        return "has keys that no type bounds; take a list of structs"
    if node.get("type") == "array":
        return (
            "has a type for each place, which Swift decodes into no plain struct; take a struct, or a list of one type"
        )
    return "may be anything; give it a type"


def _name_of(reference: str) -> str:
    return reference.rpartition("/")[2]
