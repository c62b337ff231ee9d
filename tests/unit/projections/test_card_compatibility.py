"""What builds of an app could not decode, and what was declared."""

from typing import Annotated, Any, Final, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from projections.card_compatibility import breaking, judge
from projections.card_fields import Fraction, UnixSeconds, Word
from projections.card_shape import CardShape, Choice, Flag, Number, Record, Rows, Shape, Text, Whole
from projections.content_state import CARD as ORDER
from tests.examples.card_types import TOUR, TourAttributes, TourState, reading_of, state_of
from tests.unit.projections.test_widest import values_of

METRES = Annotated[int, Meta(extra_json_schema={"unit": "m"})]
SHORT = Annotated[str, Meta(max_length=4)]
ON_PHONES: Final = "builds with the new structs"
BEFORE: Final = "builds from before"


class Row(Struct):
    """A row of a list."""

    word: Word
    at: UnixSeconds


class OtherRow(Struct):
    """The same without its time."""

    word: Word


def shape_of_state(**fields: Any) -> CardShape:
    """Give the shape of a card with this content state."""
    return reading_of(state_of(**fields)).card


def broken(old: CardShape, new: CardShape) -> dict[str, str]:
    """Give what breaks, by field."""
    return {each.field: each.why for each in breaking(old, new)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SHORT, Word),
        (SHORT, Literal["a", "b"]),
        (Literal["a"], Literal["a", "b"]),
        (Literal["a", "b"], SHORT),
        (int, Annotated[int, Meta(le=3)]),
        (int, UnixSeconds),
        (tuple[SHORT, ...], list[SHORT]),
        ((SHORT | None, None), (SHORT | None, None)),
        (Row, state_of("Other", word=Word, at=UnixSeconds, more=(int | None, None))),
    ],
)
def test_what_decodes_both_ways_is_fine(old: Any, new: Any) -> None:
    """Longer texts, more words, other bounds, other names of structs, and new optional fields."""
    assert broken(shape_of_state(field=old), shape_of_state(field=new)) == {}


def test_a_new_optional_field_is_fine_and_one_that_was_optional_may_go() -> None:
    """Older builds do not ask for it."""
    small, large = shape_of_state(a=int), shape_of_state(a=int, b=(SHORT | None, None))

    assert broken(small, large) == {}
    assert broken(large, small) == {}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (SHORT, (SHORT | None, None), f"may be absent now, and {BEFORE}"),
        (int, (int, 1), f"may be absent now, and {BEFORE}"),
        ((SHORT | None, None), SHORT, "was optional and has to be there now"),
        (int, float, "may be a fraction"),
        (float, int, "was a number and is a whole one now"),
        (SHORT, int, "it was a text and is a whole number"),
        ((int | None, None), (SHORT | None, None), "it was a whole number and is a text"),
        (bool, int, "it was true or false and is a whole number"),
        (SHORT, tuple[SHORT, ...], "it was a text and is a list"),
        (Row, tuple[Row, ...], "it was an object and is a list"),
        (METRES, UnixSeconds, "counted m and counts Unix seconds now"),
    ],
)
def test_what_some_build_cannot_decode_is_named(old: Any, new: Any, why: str) -> None:
    """With its reason: an older build, or a new one that meets what was sent before."""
    found = broken(shape_of_state(field=old), shape_of_state(field=new))

    assert list(found) == ["contentState.field"]
    assert why in found["contentState.field"]


def test_a_renamed_field_is_recognised() -> None:
    """The old name is gone, and the new one is new."""
    found = broken(shape_of_state(seat=SHORT), shape_of_state(place=SHORT))

    assert found["contentState.seat"].startswith("is gone")
    assert "was it renamed to place?" in found["contentState.seat"]
    assert found["contentState.place"].startswith("is new and has to be there")


def test_rows_and_structs_are_looked_into() -> None:
    """The path leads there."""
    found = broken(
        shape_of_state(rows=tuple[Row, ...], one=Row), shape_of_state(rows=tuple[OtherRow, ...], one=OtherRow)
    )

    assert list(found) == ["contentState.rows[].at", "contentState.one.at"]


def test_attributes_count_too() -> None:
    """A card on a phone keeps those that it was started with."""
    more = msgspec.defstruct(
        "More", [("table", int)], bases=(TourAttributes,), rename="camel", kw_only=True, frozen=True
    )

    [found] = breaking(reading_of(TourState).card, reading_of(TourState, more).card)

    assert found.field == "attributes.table"
    assert ON_PHONES in found.why


def test_a_declaration_takes_one_field_out() -> None:
    """Its reason stands in the place of ours; one that nothing needs is told."""
    old, new = shape_of_state(seat=SHORT, row=int), shape_of_state()
    reasons = {"contentState.seat": "builds before 42 are gone", "contentState.door": "long ago"}

    judged = judge({"TourAttributes": old}, [new], {"TourAttributes": reasons})

    assert [each.field for each in judged.refused] == ["TourAttributes.contentState.row"]
    assert judged.declared == [("TourAttributes.contentState.seat", "builds before 42 are gone")]
    assert judged.unneeded == ["TourAttributes.contentState.door"]


def test_another_attributes_type_is_a_break() -> None:
    """Phones wait for the old one; it is told, and declared, by the one that takes its place."""
    old = shape_of_state(a=int)
    new = msgspec.structs.replace(old, attributes_type="TripAttributes")

    judged = judge({"TourAttributes": old}, [new], {})
    assert [each.field for each in judged.refused] == ["TripAttributes.attributesType"]
    assert "TourAttributes is gone" in judged.refused[0].why

    declared = judge({"TourAttributes": old}, [new], {"TripAttributes": {"attributesType": "no app had it"}})
    assert (declared.refused, declared.unneeded) == ([], [])

    assert [each.field for each in judge({"TourAttributes": old}, [], {}).refused] == ["TourAttributes.attributesType"]
    assert judge({}, [new], {}) == ([], [], [])


@pytest.mark.parametrize("content_state", [TOUR.content_state, ORDER.content_state])
def test_a_schema_is_compatible_with_itself(content_state: type[Struct]) -> None:
    """Nothing breaks where nothing changed."""
    assert broken(reading_of(content_state).card, reading_of(content_state).card) == {}


def _or_absent(type_: Any) -> Any:
    return type_ | None, None


TYPES: Final = st.sampled_from(
    [
        SHORT,
        Word,
        int,
        float,
        bool,
        UnixSeconds,
        Fraction,
        Literal["a", "b"],
        Row,
        OtherRow,
        tuple[Row, ...],
        list[SHORT],
    ]
)
FIELDS: Final = st.dictionaries(st.sampled_from("abc"), st.one_of(TYPES, TYPES.map(_or_absent)), max_size=3)


@settings(max_examples=200)
@given(FIELDS, FIELDS, st.data())
def test_what_is_found_fine_is_decoded(old: Any, new: Any, data: st.DataObject) -> None:
    """Whatever is sent from now on by builds from before, and the other way round; nothing breaks against itself."""
    before, now = shape_of_state(**old), shape_of_state(**new)

    assert broken(before, before) == {}
    if not broken(before, now):
        assert decodes(before.content_state, data.draw(values_of(now.content_state)))
        assert decodes(now.content_state, data.draw(values_of(before.content_state)))


def decodes(shape: Shape, value: Any) -> bool:
    """Tell whether Swift's synthesised decoder takes a value."""
    match shape:
        case Text() | Choice():
            return isinstance(value, str)
        case Whole():
            return type(value) is int
        case Number():
            return type(value) in (int, float)
        case Flag():
            return isinstance(value, bool)
        case Rows():
            return isinstance(value, list) and all(decodes(shape.item, each) for each in value)
        case Record():
            return isinstance(value, dict) and all(
                decodes(each.shape, value[each.key]) if value.get(each.key) is not None else each.optional
                for each in shape.fields
            )
