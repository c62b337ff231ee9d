"""The types of a card, read from their schema."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from projections.card_fields import UNIX_SECONDS
from projections.card_refusals import read_card, schema_of
from projections.card_schema import card_schema
from projections.card_shape import Choice, Field, Flag, Number, Record, Rows, Text, Whole
from projections.errors import CardTypesError
from tests.examples.card_types import TOUR, Stop, TourState, a_card, reading_of, state_of


class Node(Struct):
    """Holds others of its kind."""

    inner: "Node | None" = None


class Parcel(Struct, tag=True):
    """One of two things."""


class Letter(Struct, tag=True):
    """The other."""


class Placed(Struct, array_like=True):
    """A struct that is a list in JSON."""

    row: int


def test_every_type_is_read_as_what_it_is() -> None:
    """In the order of the struct, optional where it may be absent, with what is said of it."""
    moment = Whole(0, 9_999_999_999, UNIX_SECONDS)
    stop = Record(
        "Stop",
        (Field("name", Text(20)), Field("plannedAt", moment), Field("parcels", Whole(1, 99), optional=True, default=1)),
        "One stop of a tour.",
    )

    reading = reading_of(TourState)

    assert reading.refused == []
    assert reading.card.attributes_type == "TourAttributes"
    assert reading.card.attributes.fields == (
        Field("cardId", Text(36), about="Lockstep's id of the card."),
        Field("tourId", Text(128, "^[!-~]*$"), about="What the card is about."),
        Field("title", Text(30), optional=True, about="What the tour is called."),
    )
    assert reading.card.content_state == Record(
        "TourState",
        (
            Field("status", Text(32, "^[a-z0-9_]*$")),
            Field("in", Flag(), optional=True, about="Whether it is inside.", default=False),
            Field("mood", Choice(("good", "so-so")), optional=True),
            Field("vehicle", Choice(("bicycle", "cargo_bicycle"), "Vehicle")),
            Field("done", Number(0)),
            Field("balance", Number(), optional=True),
            Field("height", Whole(-50, 9_000, "m"), optional=True),
            Field("nextStop", stop, optional=True),
            Field("stops", Rows(stop, 3), optional=True, default=[]),
            Field("tags", Rows(Text(4), 2), optional=True, default=[]),
            Field("arrivalTime", moment, optional=True),
            Field("updatedAt", moment),
            Field(
                "freshness",
                Choice(("fresh", "late", "stale"), "Freshness"),
                optional=True,
                about="How old the news is.",
            ),
        ),
        "What changes on a tour.",
    )


@pytest.mark.parametrize(
    ("given", "shape", "optional"),
    [
        (Literal["a", "b"] | None, Choice(("a", "b")), True),
        (Literal[3, 1], Whole(1, 3), False),
        (int | UnsetType, Whole(), False),
        (Annotated[Stop, Meta(description="d")] | None, None, True),
        (Annotated[int, Meta(gt=0, lt=5)], Whole(1, 4), False),
        (Annotated[float, Meta(gt=0, lt=5)], Number(0), False),
    ],
)
def test_a_type_can_be_spelled_otherwise(given: Any, shape: Any, optional: bool) -> None:  # noqa: FBT001
    """What may be null is optional in Swift, whether it is left out or not."""
    [field, _] = reading_of(state_of(field=given)).card.content_state.fields

    assert field.optional is optional
    if shape is not None:
        assert field.shape == shape


def test_what_may_be_unset_is_optional() -> None:
    """It is left out then."""
    [field, _] = reading_of(state_of(field=(int | UnsetType, UNSET))).card.content_state.fields

    assert field == Field("field", Whole(), optional=True)


@pytest.mark.parametrize(
    ("given", "place", "cure"),
    [
        (Annotated[datetime, Meta(tz=True)], "", "UnixSeconds"),
        (datetime, "", "UnixSeconds"),
        (time, "", "UnixSeconds"),
        (datetime | None, "", "UnixSeconds"),
        (date, "", "UnixSeconds"),
        (tuple[datetime, ...], "[]", "UnixSeconds"),
        (timedelta, "", "max_length"),
        (Decimal, "", "max_length"),
        (UUID, "", "max_length"),
        (bytes, "", "max_length"),
        (dict[str, int], "", "list of structs"),
        (tuple[int, str], "", "struct"),
        (Placed, "", "struct"),
        (int | str, "", "a field for each"),
        (Parcel | Letter, "", "a field for each"),
        (Literal["a", 1], "", "words alone"),
        (list[int | None], "[]", "leave such values out"),
        (Any, "", "give it a type"),
        (Node, ".inner", "unroll"),
    ],
    ids=str,
)
def test_what_swift_would_not_decode_is_refused(given: Any, place: str, cure: str) -> None:
    """With the field and the cure; the fields beside it are read all the same."""
    reading = read_card(a_card(state_of(before=int, field=given, behind=int)))

    [refused] = [each for each in reading.refused if "of any length" not in each.why]
    assert refused.field == f"contentState.field{place}"
    assert cure in refused.why
    assert {"before", "behind"} < {each.key for each in reading.card.content_state.fields}


def test_a_schema_is_one_of_its_cards() -> None:
    """Each has its definitions to itself, and every reference leads to one of them."""
    schema = card_schema([TOUR, a_card(Stop, attributes_type="StopAttributes")])

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["oneOf"] == [{"$ref": "#/$defs/TourAttributes"}, {"$ref": "#/$defs/StopAttributes"}]
    assert all(_follow(schema, each) for each in _references(schema))
    assert schema["$defs"]["TourAttributes"]["$defs"]["TourState"]["properties"]["updatedAt"]["unit"] == UNIX_SECONDS


def test_what_json_does_not_hold_is_an_error() -> None:
    """It is no type of a card at all."""
    with pytest.raises(CardTypesError, match="complex"):
        schema_of([a_card(state_of(field=complex))])


def test_a_struct_may_be_called_like_what_lockstep_adds() -> None:
    """It is refused by its name in Swift, and nothing leads nowhere."""
    own = msgspec.defstruct("Freshness", [("level", int)])

    [refused, *_] = read_card(a_card(state_of(bread=own))).refused

    assert refused.field.endswith(".Freshness")


def test_a_field_that_lockstep_adds_is_taken() -> None:
    """Two of one name would be sent."""
    assert [each.field for each in read_card(a_card(state_of(freshness=bool))).refused] == ["contentState.freshness"]
    assert read_card(TOUR).refused == []


def _references(node: Any) -> list[str]:
    if isinstance(node, Mapping):
        here = [node["$ref"]] if "$ref" in node else []
        return here + [each for member in node.values() for each in _references(member)]
    return [each for member in node for each in _references(member)] if isinstance(node, list) else []


def _follow(schema: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        schema = schema[step]
    return schema


def test_msgspec_still_tells_names_that_collide() -> None:
    """So nobody else has to: the module of such a card cannot be imported."""
    with pytest.raises(ValueError, match="rename to the same name"):
        msgspec.defstruct("Both", [("a_b", int), ("aB", int)], rename="camel")
