"""Names in Swift: what may be one, how a word of the server becomes one, and what a computed date is called."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from projections.card_fields import UNIX_SECONDS
from projections.card_shape import CardShape, Choice, Record, Refusal, Shape, Whole, innermost

CARD_ID: Final = "cardId"
SUBJECT: Final = "subject"
CONTENT_STATE: Final = "ContentState"

_is_name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_KEYWORDS: Final = frozenset(
    (
        "Any", "Protocol", "Self", "Type", "actor", "as", "associatedtype", "async", "await", "break", "case",
        "catch", "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough",
        "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is",
        "let", "nil", "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return",
        "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias",
        "var", "where", "while",
    )
)  # fmt: skip
_TAKEN_FIELDS: Final = frozenset({"self", "init", "Self", "Type", "Protocol", "hashValue", "_"})
"""What a property cannot be called, backticks or not."""

_TAKEN_TYPES: Final = frozenset(
    (
        CONTENT_STATE,
        "Any", "Bool", "Codable", "Date", "Decodable", "Decoder", "Double", "Encodable", "Encoder", "Hashable",
        "Hasher", "Int", "Never", "Optional", "Protocol", "RawRepresentable", "Self", "Sendable", "String",
        "TimeInterval", "Type",
    )
)  # fmt: skip
"""What a nested type cannot be called without hiding what the card is written with."""


def quoted(name: str) -> str:
    """Give a name as it stands in source."""
    return f"`{name}`" if name in _KEYWORDS else name


def type_name(key: str) -> str:
    """Name the type of a choice by its field."""
    return key[:1].upper() + key[1:]


def case_name(word: str) -> str:
    """Name a word of the server: `courier_assigned` is `courierAssigned`; one that is no name gets an underscore."""
    first, *others = re.findall(r"[A-Za-z0-9]+", word) or [""]
    name = first[:1].lower() + first[1:] + "".join(each[:1].upper() + each[1:] for each in others)
    return name if _is_name(name) and name not in _TAKEN_FIELDS else f"_{name}"


def date_name(key: str) -> str:
    """Name the date that is computed of Unix seconds: `deliveryTime` gives `deliveryDate`, `at` gives `date`."""
    stem = re.sub(r"(^at|At|Time|Seconds|Date)$", "", key)
    return f"{stem}Date" if stem else "date"


def subject_key(card: CardShape, kind: str) -> str | None:
    """Name the attribute that holds the subject's id: that of its kind, `orderId`, else `subjectId` or `subject`."""
    first, *others = kind.split("_")
    keys = {field.key for field in card.attributes.fields}
    named = (first + "".join(map(str.capitalize, others)) + "Id", "subjectId", SUBJECT)
    return next((each for each in named if each in keys), None)


def is_time(shape: Shape) -> bool:
    """Tell whether a value is a time, of which Swift gets a date too."""
    return isinstance(shape, Whole) and shape.unit == UNIX_SECONDS


def types_of(card: CardShape) -> Iterator[tuple[str, Record | Choice]]:
    """Give every type within the two structs, with the name it has in Swift; the same one may come twice."""
    for _, record in card.halves():
        yield from _within(record)


def misnamed(card: CardShape, kind: str) -> Iterator[Refusal]:
    """Name what Swift could not call so, or what would be called like something else."""
    if not _is_name(card.attributes_type) or card.attributes_type in _KEYWORDS | _TAKEN_TYPES:
        cure = "no module before it, no generics: a start that names it otherwise is dropped by the phone"
        yield Refusal("attributesType", f"{card.attributes_type} is not the bare name of a Swift struct; {cure}")
    subject = subject_key(card, kind)
    if subject is None:
        cure = f"add {kind}_id: SubjectId, which gets subject_id"
        yield Refusal("attributes", f"have no field for the subject's id; {cure}")
    elif subject != SUBJECT and any(field.key == SUBJECT for field in card.attributes.fields):
        yield Refusal(f"attributes.{SUBJECT}", f"collides with what Swift gets for {subject}; rename it")
    for half, record in card.halves():
        yield from _misnamed_fields(record, half)
    yield from _misnamed_types(card)


def _misnamed_fields(record: Record, path: str) -> Iterator[Refusal]:
    named = Counter([field.key for field in record.fields])
    named.update(date_name(field.key) for field in record.fields if is_time(field.shape))
    for field in record.fields:
        place = f"{path}.{field.key}"
        if not _is_name(field.key) or field.key in _TAKEN_FIELDS:
            yield Refusal(
                place, 'cannot be the name of a Swift property; rename it, and let the struct have rename="camel"'
            )
        if is_time(field.shape) and named[date_name(field.key)] > 1:
            yield Refusal(place, f"collides: Swift gets {date_name(field.key)} for its date; rename one of the two")
        inner = innermost(field.shape)
        if isinstance(inner, Record):
            yield from _misnamed_fields(inner, place if inner is field.shape else f"{place}[]")
        elif isinstance(inner, Choice):
            for name, count in Counter(map(case_name, inner.words)).items():
                if count > 1:
                    yield Refusal(place, f"collides: {count} of its words are {name} in Swift")


def _misnamed_types(card: CardShape) -> Iterator[Refusal]:
    met = dict[str, Record | Choice]()
    for name, type_ in types_of(card):
        if not _is_name(name) or name in _TAKEN_TYPES or name == card.attributes_type:
            yield Refusal(name, "cannot be the name of a nested Swift struct; rename it, or its field")
        elif met.setdefault(name, type_) != type_:
            yield Refusal(name, "collides: two types are called so in Swift; rename one, or its field")


def _within(record: Record) -> Iterator[tuple[str, Record | Choice]]:
    for field in record.fields:
        inner = innermost(field.shape)
        if isinstance(inner, Record):
            yield inner.name, inner
            yield from _within(inner)
        elif isinstance(inner, Choice):
            yield inner.name or type_name(field.key), inner
