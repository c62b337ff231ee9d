"""Extension attributes: what may be kept, and every reason why something may not."""

from typing import Any, Final

import pytest

from events.cloud_event import CloudEvent
from events.errors import Fault
from events.extensions import (
    ATTRIBUTES,
    LARGEST_BYTES,
    LONGEST_NAME,
    MOST_EXTENSIONS,
    OWN_ATTRIBUTES,
    encode_extensions,
    read_extensions,
)

KEPT: Final[dict[str, Any]] = {
    "tenant": "Wien",
    "sequence": 7,
    "replayed": False,
    "empty": "",
    "x" * LONGEST_NAME: -(2**31),
}


def faults_of(given: dict[str, Any], parent: str = "") -> list[Fault]:
    """Give what is wrong."""
    faults: list[Fault] = []
    encode_extensions(given, faults, parent)
    return faults


def test_what_is_kept_comes_back_with_its_types() -> None:
    """Texts, integers and booleans; a null is no value, and the order is of no account."""
    faults: list[Fault] = []
    encoded = encode_extensions({**KEPT, "nothing": None}, faults)

    assert encoded is not None
    assert faults == []
    assert read_extensions(encoded) == KEPT
    assert [type(each) for each in read_extensions(encoded).values()].count(bool) == 1
    assert encode_extensions(dict(reversed(KEPT.items())), faults) == encoded


def test_nothing_takes_no_room() -> None:
    """An event without them has no column of them."""
    assert encode_extensions({}, []) is None
    assert encode_extensions({"nothing": None}, []) is None


@pytest.mark.parametrize(
    "value",
    [1.0, [], {}, b"", 2**31, -(2**31) - 1, "\x00", "a\nb", "\x7f", "\x9f", "\ud800", "\ufffe", "\ufdd0", "\U0010ffff"],
    ids=ascii,
)
def test_a_value_of_no_type_of_theirs_is_refused(value: Any) -> None:
    """The fault names the attribute, and not what is in it."""
    [fault] = faults_of({"good": "“Ünicode” 🚲", "bad": value}, "/extensions")

    assert fault.pointer == "/extensions/bad"
    assert ascii(value) not in fault.detail


def test_a_data_schema_is_a_text() -> None:
    """The specification names it, and says that it is a URI."""
    assert faults_of({"dataschema": "https://shop.example/order.json"}) == []
    assert [each.pointer for each in faults_of({"dataschema": 7})] == ["/dataschema"]


@pytest.mark.parametrize("name", ["", "Tenant", "two-words", "a_b", "ü", "٣", "a/b", "x" * (LONGEST_NAME + 1)])
def test_a_name_that_none_may_have_is_refused(name: str) -> None:
    """Lower-case letters and digits of ASCII, up to a length that can be shown."""
    [fault] = faults_of({name: "value"})

    assert "lower-case letters and digits" in fault.detail


@pytest.mark.parametrize("name", sorted(OWN_ATTRIBUTES | ATTRIBUTES))
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    """Also without a value: in what is given of an event it means something else."""
    assert [each.pointer for each in faults_of({name: None})] == [f"/{name}"]


def test_whatever_an_event_is_given_with_is_taken() -> None:
    """So no extension attribute stands in the way of one of ours."""
    assert {*CloudEvent.__struct_fields__} <= OWN_ATTRIBUTES | ATTRIBUTES


def test_number_and_size_have_limits() -> None:
    """The fault says the limit; up to it they are kept."""
    most = {f"x{number}": True for number in range(MOST_EXTENSIONS)}
    fits = {"x": "y" * (LARGEST_BYTES - len('{"x":""}'))}

    assert faults_of(most) == faults_of(fits) == []
    assert [each.detail for each in faults_of({**most, "more": 1})] == [
        f"has {MOST_EXTENSIONS + 1} extension attributes; at most {MOST_EXTENSIONS} are kept"
    ]
    assert [each.detail for each in faults_of({"x": fits["x"] + "y"})] == [
        f"has {LARGEST_BYTES + 1} bytes of extension attributes as JSON; at most {LARGEST_BYTES} are kept"
    ]
