"""How large a card can get."""

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from projections.card_shape import Choice, Flag, Number, Record, Rows, Shape, Text, Whole
from projections.content_state import CARD as ORDER
from projections.widest import Writing, size_bytes, unbounded, widest
from tests.examples.card_types import TOUR, TourState, reading_of, state_of

TEXT = Annotated[str, Meta(max_length=10)]


def values_of(shape: Shape) -> st.SearchStrategy[Any]:
    """Give every value that a type allows, as builtins."""
    match shape:
        case Text(most, pattern):
            return (
                st.text(max_size=most)
                if pattern is None
                else st.from_regex(pattern).filter(lambda it: len(it) <= (most or 0))
            )
        case Choice():
            return st.sampled_from(shape.words)
        case Whole(least, most):
            return st.integers(-(2**63) if least is None else least, 2**64 - 1 if most is None else most)
        case Number(least):
            return st.floats(least, 1 if least == 0 else None, allow_nan=False, allow_infinity=False)
        case Flag():
            return st.booleans()
        case Rows():
            return st.lists(values_of(shape.item), max_size=shape.most)
        case Record():
            needed = {each.key: values_of(each.shape) for each in shape.fields if not each.optional}
            return st.fixed_dictionaries(
                needed, optional={each.key: values_of(each.shape) for each in shape.fields if each.optional}
            )


@pytest.mark.parametrize("definition", [TOUR, ORDER], ids=lambda each: each.attributes_type)
@settings(max_examples=40)
@given(data=st.data())
def test_no_value_is_larger(definition: Any, data: st.DataObject) -> None:
    """Whatever a content state's type allows is at most as large as its largest value is said to be."""
    shape = reading_of(definition.content_state).card.content_state
    value = data.draw(values_of(shape))
    value.pop("freshness", None)
    largest = widest(shape)
    del largest["freshness"]

    assert size_bytes(msgspec.convert(value, definition.content_state)) <= size_bytes(largest)


@given(st.text(max_size=40))
def test_no_text_is_larger(text: str) -> None:
    """The same for texts alone, which have more to hide."""
    assert size_bytes(text) <= size_bytes(widest(Text(len(text))))


@pytest.mark.parametrize(
    "pattern", ["^[a-z0-9_]*$", "^[!-~]+$", "^[^\\x00-\\x1f]*$", "^[\\u0621-\\u064a ]*$", "^[a-z]+-[0-9]+$", "[a-z]*$"]
)
@settings(max_examples=30)
@given(data=st.data())
def test_no_text_of_a_pattern_is_larger(pattern: str, data: st.DataObject) -> None:
    """Also one that lets fewer characters stand, or whose characters cannot be told by looking at it."""
    text = data.draw(st.from_regex(pattern))

    assert size_bytes(text) <= size_bytes(widest(Text(len(text), pattern)))


def test_a_pattern_of_one_class_counts() -> None:
    """A word of ASCII letters is as large as it is long; what is written as an escape is not among them."""
    assert size_bytes(widest(Text(32, "^[a-z0-9_]*$"))) == 32 + 2 + 1
    assert size_bytes(widest(Text(10, "^[^\\x00-\\x1f]*$"))) == 4 * 10 + 2
    assert size_bytes(widest(Text(10, "^[!-~]*$"))) == 2 * 10 + 2
    assert size_bytes(widest(Text(10, "^[a-z]-[0-9]$"))) == 6 * 10 + 2


def test_a_text_is_measured_in_each_writing() -> None:
    """A letter has one to four bytes, and more as an escape; a joined emoji is seven code points."""
    sizes = {writing.name: size_bytes(widest(Text(14), writing)) - 2 for writing in Writing}

    assert sizes == {
        "LATIN": 14,
        "GREEK": 28,
        "RIGHT_TO_LEFT": 2 * 12 + 2 * 3,
        "EMOJI": 56,
        "JOINED_EMOJI": 2 * 26,
        "QUOTES": 28,
        "CONTROL": 84,
    }
    assert all(len(widest(Text(3), writing)) == 3 for writing in Writing)
    assert all(widest(Text(0), writing) == "" for writing in Writing)


def test_the_largest_value_has_everything_that_may_be_absent() -> None:
    """The longest words and numbers too."""
    shape = reading_of(TourState).card.content_state
    value = widest(shape, Writing.LATIN)

    assert value.keys() == {each.key for each in shape.fields}
    assert value["vehicle"] == "cargo_bicycle"
    assert value["height"] == 9_000
    assert value["freshness"] == "fresh"
    assert [len(each["name"]) for each in value["stops"]] == [20, 20, 20]


def test_what_has_no_largest_value_is_named_with_its_cure() -> None:
    """However deep it is."""
    row = state_of("Row", word=str, at=int)
    shape = reading_of(state_of(note=(str | None, None), rows=tuple[row, ...], tags=list[TEXT])).card.content_state  # type: ignore[valid-type]

    found = list(unbounded(shape, "contentState"))

    assert [each.field for each in found] == [
        "contentState.note",
        "contentState.rows",
        "contentState.rows[].word",
        "contentState.tags",
    ]
    assert all("Meta(max_length=…)" in each.why for each in found)
    assert list(unbounded(reading_of(TourState).card.content_state, "contentState")) == []
