"""The Swift package of `docs/ios` says what the service says: without a compiler, by names, types and paths."""

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from msgspec import inspect

from app.devices.device import CardAnswer, CardReport, DeviceReport, LaunchAnswer, LaunchCardReport, MissingCard
from app.devices.pictures import AssetErrand, FailedAsset, FetchedAsset, HeldAsset, PhoneAssets
from app.http.routes import ROUTES
from app.http.ticket_routes import TicketAnswer
from projections.steps import STEPS
from tests.house.swift_source import FILES, REPOSITORY, SOURCES, Call, Kind, calls, enums, faults, name_of, structs

GUIDE: Final = REPOSITORY / "docs/ios.md"
MOST_LINES: Final = 400
STRUCTS: Final = structs()
ENUMS: Final = enums()
READ: Final = {
    "LaunchAnswer": LaunchAnswer,
    "CardAnswer": CardAnswer,
    "MissingCard": MissingCard,
    "Ticket": TicketAnswer,
    "AssetErrand": AssetErrand,
    "FetchedAsset": FetchedAsset,
}
"""What the app decodes beside its cards, by the name of its Swift struct."""

WRITTEN: Final = {
    "DeviceReport": DeviceReport,
    "LaunchCardReport": LaunchCardReport,
    "CardReport": CardReport,
    "PhoneAssets": PhoneAssets,
    "HeldAsset": HeldAsset,
    "FailedAsset": FailedAsset,
}
"""What the app encodes."""

PLAIN: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "String",
    inspect.IntType: "Int",
    inspect.FloatType: "Double",
    inspect.BoolType: "Bool",
    inspect.DateTimeType: "Date",
    inspect.RawType: "JSONValue",
}


class Field(NamedTuple):
    """A field of a document.

    Attributes:
        kinds: The Swift types that hold it.
        absent: Whether it may be left out, or null.
    """

    kinds: set[str]
    absent: bool


def fields_of(type_: type[msgspec.Struct]) -> dict[str, Field]:
    """Give the fields of a document as JSON names them."""
    described = inspect.type_info(type_)
    assert isinstance(described, inspect.StructType)
    return {
        field.encode_name: Field(swift_types(field.type), not field.required or may_be_null(field.type))
        for field in described.fields
    }


def may_be_null(type_: inspect.Type) -> bool:
    """Tell whether a value may be null."""
    return isinstance(type_, inspect.UnionType) and type_.includes_none


def swift_types(type_: inspect.Type) -> set[str]:
    """Name the Swift types that hold a value of ours; an enum does if its raw values are the same."""
    match type_:
        case inspect.LiteralType():
            return {"String"} | {name for name, values in ENUMS.items() if values == set(type_.values)}
        case inspect.StructType():
            return {type_.cls.__name__}
        case inspect.VarTupleType() | inspect.ListType():
            return {f"[{each}]" for each in swift_types(type_.item_type)}
        case inspect.DictType():
            return {f"[String: {each}]" for each in swift_types(type_.value_type)}
        case inspect.UnionType():
            return swift_types(next(each for each in type_.types if not isinstance(each, inspect.NoneType)))
        case _:
            return {PLAIN[type(type_)]}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_swift_file_parses_and_can_be_read_in_one_sitting(path: Path) -> None:
    """So do the fragments of the guide, below."""
    text = path.read_text(encoding="utf-8")

    assert faults(text) == []
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize(("name", "type_"), READ.items(), ids=READ)
def test_what_the_app_decodes_is_what_is_sent(name: str, type_: type[Any]) -> None:
    """The same names and types, and an optional wherever something may be absent, or the whole decode would fail."""
    ours, theirs = fields_of(type_), STRUCTS[name]

    assert theirs.keys() == ours.keys()
    assert [field for field, kind in theirs.items() if kind.name not in ours[field].kinds] == []
    assert [field for field, kind in theirs.items() if ours[field].absent and not kind.optional] == []


@pytest.mark.parametrize(("name", "type_"), WRITTEN.items(), ids=WRITTEN)
def test_what_the_app_encodes_is_what_is_taken(name: str, type_: type[Any]) -> None:
    """The same names and types, and no optional where something is required."""
    ours, theirs = fields_of(type_), STRUCTS[name]
    required = {field for field, each in ours.items() if not each.absent}

    assert theirs.keys() == ours.keys()
    assert [field for field, kind in theirs.items() if kind.name not in ours[field].kinds] == []
    assert [field for field in required if theirs[field].optional] == []


def test_json_has_the_names_of_the_properties() -> None:
    """No coding keys, and one strategy, for the ticket's date: ActivityKit knows none."""
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES)

    assert "CodingKey" not in text
    assert re.findall(r"\w+(?:Decoding|Encoding)Strategy", text) == ["dateDecodingStrategy"]


def test_the_words_are_those_of_the_service() -> None:
    """Steps; states of cards are compared where they are reported."""
    assert ENUMS["Step"] == {each.status for each in STEPS.values() if each.status} | {"note"}


def test_the_client_calls_routes_that_take_a_ticket() -> None:
    """What an app may not call it does not call."""
    open_to_apps = {Call(each.method, re.sub(r"\{\w+\}", "{}", each.path)) for each in ROUTES if each.rule.tickets}

    assert calls() == {
        Call("PUT", "/v1/devices/{}"),
        Call("DELETE", "/v1/devices/{}"),
        Call("PUT", "/v1/devices/{}/cards/{}"),
        Call("PUT", "/v1/devices/{}/assets"),
    }
    assert calls() <= open_to_apps


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_what_is_apples_alone_is_behind_a_condition(path: Path) -> None:
    """Everything else compiles with Foundation, where the tests of the package run."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"^import (?:ActivityKit|UIKit|SwiftUI|WidgetKit)$", text, re.MULTILINE):
        before = text[: found.start()]
        assert before.count("#if ") > before.count("#endif")


def fragments() -> list[str]:
    """Give the Swift that the guide quotes."""
    return re.findall(r"^```swift\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("fragment", fragments(), ids=lambda fragment: fragment.strip().splitlines()[0])
def test_the_guide_quotes_what_is_there(fragment: str) -> None:
    """Each fragment stands in a file of the package or of the example, line by line."""
    whole = ["\n".join(line.strip() for line in path.read_text(encoding="utf-8").splitlines()) for path in FILES]
    quoted = "\n".join(line.strip() for line in fragment.strip().splitlines())

    assert any(quoted in text for text in whole)


def test_a_drift_would_be_seen() -> None:
    """The reader sees names, types and optionals: it is no test that nothing can fail."""
    assert STRUCTS["ContentState"]["deliveryTime"] == Kind("Int", optional=True)
    assert STRUCTS["DeviceReport"]["startTokens"] == Kind("[String: String]", optional=False)
    assert ENUMS["CardState"] == {"starting", "active", "dismissed", "ended"}
    assert faults("struct A { var b: }") != []
