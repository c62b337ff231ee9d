"""Decode as Swift would."""

from typing import Any

import pytest

from app.simulator.declaration import Declaration, find_fault

DECLARED = Declaration(
    name="Ride",
    attributes={"ride": "str"},
    content={"seats": "int", "shared": "bool", "driver": "object?", "stops": "list?"},
    rows={"stops": {"name": "str"}},
)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"seats": 2, "shared": True}, None),
        ({"seats": 2, "shared": True, "driver": None, "more": 1}, None),
        ({"seats": 2.5, "shared": True}, "seats is no int"),
        ({"seats": True, "shared": True}, "seats is no int"),
        ({"seats": 2, "shared": 1}, "shared is no bool"),
        ({"seats": 2, "shared": True, "driver": "Ada"}, "driver is no object"),
        ({"seats": 2, "shared": True, "stops": {}}, "stops is no list"),
        ({"seats": 2, "shared": True, "stops": ["x"]}, "stops: an element is no object"),
        ({"seats": 2, "shared": True, "stops": [{"name": "a"}, {}]}, "stops: name is missing"),
    ],
)
def test_content_decodes_whole_or_not_at_all(content: dict[str, Any], fault: str | None) -> None:
    """One key amiss fails the whole struct; optional keys may be absent or null, others are ignored."""
    assert DECLARED.content_fault(content) == fault


def test_a_missing_attribute_is_named() -> None:
    """The fault says which key."""
    assert find_fault({}, DECLARED.attributes) == "ride is missing"
