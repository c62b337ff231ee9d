"""A card's structs in Swift, and the names that Swift would not give them."""

from typing import Annotated, Any, Final, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from projections.card_fields import CardId, SubjectId, UnixSeconds, Word
from projections.card_refusals import read_card
from projections.swift_names import case_name, date_name
from projections.swift_source import swift_source
from tests.examples.card_types import TOUR, Stop, TourState, a_card, state_of
from tests.house.swift_source import faults

SHORT: Final = Annotated[str, Meta(max_length=4)]


class Other(Struct, frozen=True):
    """Another struct that is called as one of ours."""

    word: Word


Other.__name__ = "Stop"


def source_of(content_state: type[Struct]) -> list[str]:
    """Give the lines of a card's source, without what is before them."""
    return [line.strip() for line in swift_source(read_card(a_card(content_state)).card, "tour").splitlines()]


def refused(content_state: type[Struct], **more: Any) -> dict[str, str]:
    """Give what is refused, by field."""
    return {each.field: each.why for each in read_card(a_card(content_state, **more)).refused}


def test_what_is_written_is_swift() -> None:
    """It parses, whatever a card may hold, and no line is longer than the package's."""
    source = swift_source(read_card(TOUR).card, "tour")

    assert faults(source) == []
    assert max(map(len, source.splitlines())) <= 120
    assert "CodingKey" not in source


def test_optional_is_what_may_be_absent_and_the_cards_id() -> None:
    """An app that starts a card before Lockstep knows of it has no id for it."""
    lines = source_of(TourState)

    assert {
        "public var cardId: String?",
        "public var tourId: String",
        "public var title: String?",
        "public var subject: String { tourId }",
        "public var done: Double",
        "public var balance: Double?",
        "public var `in`: Bool?",
        "public var nextStop: Stop?",
        "public var stops: [Stop]?",
        "public var tags: [String]?",
    } <= set(lines)


def test_a_time_is_a_number_and_has_a_date_beside_it() -> None:
    """The date is computed, since a `Date` would be read as seconds since 2001."""
    lines = source_of(TourState)

    assert "public var updatedAt: Int" in lines
    assert "public var updatedDate: Date { Date(timeIntervalSince1970: TimeInterval(updatedAt)) }" in lines
    assert (
        "public var arrivalDate: Date? { arrivalTime.map { Date(timeIntervalSince1970: TimeInterval($0)) } }" in lines
    )
    assert date_name("at") == "date"


def test_a_choice_keeps_a_word_that_it_does_not_know() -> None:
    """It is a struct around its text, named for its enum or its field; `Codable` comes of `RawRepresentable`."""
    lines = source_of(TourState)

    assert "public struct Mood: RawRepresentable, Codable, Hashable, Sendable {" in lines
    assert 'public static let soSo = Self(rawValue: "so-so")' in lines
    assert "public var mood: Mood?" in lines
    assert "public var vehicle: Vehicle" in lines
    assert 'public static let cargoBicycle = Self(rawValue: "cargo_bicycle")' in lines


def test_what_is_said_of_a_field_stands_above_it() -> None:
    """Its unit and what it means where it is absent too."""
    lines = source_of(TourState)

    def above(line: str) -> str:
        return lines[lines.index(line) - 1]

    assert above("public var title: String?") == "/// What the tour is called."
    assert above("public var `in`: Bool?") == "/// Whether it is inside. Where it is absent, `false` is meant."
    assert above("public var height: Int?") == "/// In m."
    assert above("public var parcels: Int?") == "/// Where it is absent, `1` is meant."
    assert above("public struct Stop: Codable, Hashable, Sendable {") == "/// One stop of a tour."


def test_a_list_may_hold_lists() -> None:
    """Of what has a name in Swift too."""
    grid = Annotated[tuple[Annotated[tuple[Stop, ...], Meta(max_length=2)], ...], Meta(max_length=2)]
    lines = source_of(state_of(grid=grid))

    assert "public var grid: [[Stop]]" in lines
    assert "public struct Stop: Codable, Hashable, Sendable {" in lines


def test_the_strings_that_the_app_needs_are_listed() -> None:
    """Whoever writes the app need not look for them in Python."""
    card = read_card(TOUR).card

    source = swift_source(card, "tour", ("tour_news", "tour_over"))

    assert "// Alerts look these up in the strings of the app:\n// - tour_news\n// - tour_over\n\n#if" in source
    assert faults(source) == []
    assert "strings of the app" not in swift_source(card, "tour")


def test_only_activitykit_is_behind_a_condition() -> None:
    """The rest compiles with Foundation, in tests and on a server."""
    whole = swift_source(read_card(TOUR).card, "tour")
    foundation, _, rest = whole.partition("#if canImport(ActivityKit)")

    assert "ActivityAttributes {}" not in foundation
    assert rest.strip().endswith("extension TourAttributes: ActivityAttributes {}\n#endif")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("courier_assigned", "courierAssigned"),
        ("in transit", "inTransit"),
        ("2nd", "_2nd"),
        ("", "_"),
        ("self", "_self"),
    ],
)
def test_a_word_becomes_a_name(word: str, name: str) -> None:
    """What is no name by itself gets an underscore."""
    assert case_name(word) == name


@pytest.mark.parametrize("name", ["shop.TourAttributes", "Tour<Int>", "2Tours", "", "Self", "String", "class", "Tür"])
def test_an_attributes_type_is_the_bare_name_of_a_struct(name: str) -> None:
    """A start that names it otherwise is answered 200 and dropped by the phone."""
    assert "attributesType" in refused(TourState, attributes_type=name)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"self": int}, "contentState.self"),
        ({"hash_value": int}, "contentState.hashValue"),
        ({"updated_at": UnixSeconds, "updated_date": int}, "contentState.updatedAt"),
        ({"ready_at": UnixSeconds, "ready_time": UnixSeconds}, "contentState.readyTime"),
        ({"mood": Literal["so-so", "so so"]}, "contentState.mood"),
        ({"rows": tuple[state_of("Row", init=int), ...]}, "contentState.rows"),  # type: ignore[misc]
        ({"row": state_of("String", a=int)}, "String"),
        ({"date": Literal["a"]}, "Date"),
        ({"row": state_of("ContentState", a=int)}, "ContentState"),
        ({"row": state_of("Row", kind=Literal["a"]), "kind": Literal["b"]}, "Kind"),
    ],
)
def test_what_cannot_be_called_so_is_refused(fields: Any, place: str) -> None:
    """Names that Swift keeps, and names that collide with what is written beside them."""
    assert place in {each.removesuffix("[].init") for each in refused(state_of(**fields))}


def test_keys_that_are_no_names_are_refused_with_the_cure() -> None:
    """A coding key could map them, and nobody else needs one."""
    kebab = msgspec.defstruct("Kebab", [("updated_at", int)], rename="kebab")

    assert 'rename="camel"' in refused(kebab)["contentState.updated-at"]


def test_structs_of_one_name_are_refused() -> None:
    """They come from two modules."""
    found = refused(state_of(one=Stop, other=Other))

    assert [each for each in found if each.endswith("Stop")]


@pytest.mark.parametrize("name", ["tour_id", "subject_id", "subject"])
def test_attributes_name_the_subject(name: str) -> None:
    """By the kind's own word for it, or a plain one; a phone's report says what its card is about."""
    assert refused(TourState, attributes=attributes_of((name, SubjectId))) == {}


def test_attributes_without_the_subject_or_room_for_it_are_refused() -> None:
    """An id has up to 128 characters, and a start whose attributes forbid it would fail."""
    assert "tour_id: SubjectId" in refused(TourState, attributes=attributes_of(("title", SHORT)))["attributes"]
    assert "SubjectId" in refused(TourState, attributes=attributes_of(("tour_id", SHORT)))["attributes.tourId"]
    assert "SubjectId" in refused(TourState, attributes=attributes_of(("tour_id", int)))["attributes.tourId"]
    twice = attributes_of(("tour_id", SubjectId), ("subject", SHORT))
    assert "collides" in refused(TourState, attributes=twice)["attributes.subject"]


def attributes_of(*fields: tuple[str, Any]) -> type[Struct]:
    """Make attributes with a card's id and these."""
    return msgspec.defstruct("Made", [("card_id", CardId), *fields], rename="camel", frozen=True, kw_only=True)
