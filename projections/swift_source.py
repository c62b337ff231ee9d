"""A card's structs as Swift source: what `lockstep card swift` prints, and what `docs/ios` holds for orders.

Swift decodes them with its default strategies: the properties have the names of the keys, times stay numbers, and a
type of words is a struct around its text, because one unknown case of an enum fails the whole decode.
"""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any, Final, assert_never

import msgspec

from projections.card_shape import CardShape, Choice, Field, Flag, Number, Record, Rows, Shape, Text, Whole
from projections.swift_names import (
    CARD_ID,
    CONTENT_STATE,
    SUBJECT,
    case_name,
    date_name,
    is_time,
    quoted,
    subject_key,
    type_name,
    types_of,
)

_WIDTH: Final = 120
_STEP: Final = "    "
_HEAD: Final = """\
// Written by `lockstep card swift`: change the card in Python, and write it anew.
//
// Times are whole Unix seconds in plain numbers: ActivityKit decodes with the default strategies, and would read a
// `Date` as seconds since 2001. A choice of words keeps those that it does not know, because one unknown case of an
// enum fails the whole decode, and the card then stands still without an error anywhere.
import Foundation
"""
_FOOT: Final = """\
#if canImport(ActivityKit) && os(iOS) && !targetEnvironment(macCatalyst)
import ActivityKit

extension {name}: ActivityAttributes {{}}
#endif
"""


def swift_source(card: CardShape, kind: str, string_keys: Sequence[str] = ()) -> str:
    """Write a card's structs.

    Args:
        card: One in which nothing is misnamed.
        kind: That of its subjects.
        string_keys: What its alerts look up in the app's strings.
    """
    subject = subject_key(card, kind)
    body = [*_members(card.attributes)]
    if subject is not None and subject != SUBJECT:
        body += ["", f"public var {SUBJECT}: String {{ {quoted(subject)} }}"]
    for name, type_ in dict(types_of(card)).items():
        body += ["", *(_struct(name, type_) if isinstance(type_, Record) else _choice(name, type_))]
    body += ["", *_struct(CONTENT_STATE, card.content_state)]
    whole = _block(card.attributes_type, "CardAttributes, Hashable", card.attributes.about, body)
    strings = ["", "// Alerts look these up in the strings of the app:", *(f"// - {key}" for key in string_keys)]
    return "\n".join([_HEAD, *whole, *(strings if string_keys else ()), "", _FOOT.format(name=card.attributes_type)])


def _struct(name: str, record: Record) -> list[str]:
    return _block(name, "Codable, Hashable, Sendable", record.about, _members(record))


def _choice(name: str, choice: Choice) -> list[str]:
    body = [
        "public let rawValue: String",
        "",
        "public init(rawValue: String) {",
        f"{_STEP}self.rawValue = rawValue",
        "}",
    ]
    body += [
        "",
        *(f"public static let {quoted(case_name(each))} = Self(rawValue: {_literal(each)})" for each in choice.words),
    ]
    about = "One of the words below, or one that a newer server has added: `switch` over it with a `default`."
    return _block(name, "RawRepresentable, Codable, Hashable, Sendable", about, body)


def _block(name: str, conforms: str, about: str, body: Iterable[str]) -> list[str]:
    lines = [f"{_STEP}{line}" if line else "" for line in body]
    return [*_about(about), f"public struct {name}: {conforms} {{", *lines, "}"]


def _members(record: Record) -> Iterator[str]:
    for field in record.fields:
        yield from _about(_about_field(field))
        yield f"public var {quoted(field.key)}: {_type_of(field)}"
    yield ""
    parameters = [
        f"{quoted(field.key)}: {_type_of(field)}{' = nil' if _optional(field) else ''}" for field in record.fields
    ]
    one_line = f"public init({', '.join(parameters)}) {{"
    if len(one_line) <= _WIDTH - 2 * len(_STEP):
        yield one_line
    else:
        yield "public init("
        yield from (
            f"{_STEP}{each}{',' if place < len(parameters) else ''}" for place, each in enumerate(parameters, 1)
        )
        yield ") {"
    yield from (f"{_STEP}self.{field.key} = {quoted(field.key)}" for field in record.fields)
    yield "}"
    for field in record.fields:
        if is_time(field.shape):
            yield ""
            yield from _date(field)


def _date(field: Field) -> Iterator[str]:
    name = date_name(field.key)
    yield f"/// `{field.key}` as a date."
    key, date = quoted(field.key), "Date(timeIntervalSince1970: TimeInterval({}))".format
    if _optional(field):
        yield f"public var {name}: Date? {{ {key}.map {{ {date('$0')} }} }}"
    else:
        yield f"public var {name}: Date {{ {date(key)} }}"


def _about_field(field: Field) -> str:
    unit = field.shape.unit if isinstance(field.shape, Whole | Number) else None
    absent = "" if field.default in (None, [], {}) else f"Where it is absent, `{_json(field.default)}` is meant."
    told = f"In {unit}." if unit and not is_time(field.shape) else ""
    return " ".join(each for each in (field.about, told, absent) if each)


def _about(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from (f"/// {each}".rstrip() for each in wrap(line, _WIDTH - 2 * len(_STEP) - 4) or [""])


def _type_of(field: Field) -> str:
    return _swift_type(field.shape, field.key) + ("?" if _optional(field) else "")


def _optional(field: Field) -> bool:
    # an app that starts a card before Lockstep knows of it has no id for it
    return field.optional or field.key == CARD_ID


def _swift_type(shape: Shape, key: str) -> str:
    match shape:
        case Text():
            return "String"
        case Choice():
            return shape.name or type_name(key)
        case Whole():
            return "Int"
        case Number():
            return "Double"
        case Flag():
            return "Bool"
        case Rows():
            return f"[{_swift_type(shape.item, key)}]"
        case Record():
            return shape.name
        case _:
            assert_never(shape)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _literal(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\u{{{ord(each):x}}}" for each in plain) + '"'
