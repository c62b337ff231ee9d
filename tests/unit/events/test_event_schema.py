"""The JSON Schema of events says what the codec says."""

from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import pytest

from events.codec import encode_new
from events.errors import EventError
from events.event_schema import events_document, one_event_document
from events.vocabulary import TODAY_VERSION, public_types
from tests.examples.events import FACTS, KEY, NOON

WHOLE: Final = jsonschema_rs.Draft202012Validator(events_document(), validate_formats=True)
OTHER_VALUES: Final[tuple[Any, ...]] = (
    None,
    "",
    0,
    -1,
    True,
    [],
    {},
    "x" * 1_001,
    "1999-12-31T23:59:59Z",
    "2101-01-01T00:00:00Z",
    1.5,
)


def cloud_event(type_: str, data: Any) -> dict[str, Any]:
    """Give a CloudEvent."""
    return {"specversion": "1.0", "id": "e-1", "source": "shop", "subject": "order-1", "type": type_, "data": data}


def is_taken(type_: str, data: Any) -> bool:
    """Ask the codec."""
    try:
        encode_new(
            subject_id="order-1", source="shop", event_id="e-1", type=type_, data=data, occurred_at=NOON, key=KEY
        )
    except EventError:
        return False
    return True


def changed(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give data with one field left out, added, or of another value."""
    yield {**data, "tableNumber": 4}
    for name in data:
        yield {other: each for other, each in data.items() if other != name}
        yield from ({**data, name: value} for value in OTHER_VALUES)


@pytest.mark.parametrize("type_", public_types())
def test_an_event_that_is_taken_fits_the_schema(type_: str) -> None:
    """By itself, and as a CloudEvent with attributes of somebody's own."""
    alone = one_event_document(type_)
    assert alone is not None
    jsonschema_rs.Draft202012Validator(alone, validate_formats=True).validate(FACTS[type_])
    event = cloud_event(type_, FACTS[type_])
    for each in (
        event,
        {
            **event,
            "traceparent": "00-a-b-01",
            "region": "eu",
            "hops": 3,
            "replayed": True,
            "nothing": None,
            "dataschema": "urn:x",
        },
        {**event, "time": "2026-11-22T18:35:37Z"},
    ):
        WHOLE.validate(each)


@pytest.mark.parametrize("type_", [each for each in public_types() if each.startswith("order.")])
def test_the_schema_and_the_codec_agree_on_what_is_wrong(type_: str) -> None:
    """Field by field: one that is missing, too many, of another type, too long, out of its range."""
    for data in changed(FACTS[type_]):
        assert WHOLE.is_valid(cloud_event(type_, data)) == is_taken(type_, data), data


@pytest.mark.parametrize("type_", [each for each in public_types() if each.startswith("activity.")])
def test_the_schema_of_an_activity_takes_no_less_than_the_codec(type_: str) -> None:
    """What goes together is not in it; and a definition may complete what lacks."""
    assert all(WHOLE.is_valid(cloud_event(type_, data)) for data in changed(FACTS[type_]) if is_taken(type_, data))
    assert WHOLE.is_valid(cloud_event(type_, {"definition": "match", "alert": "goal"}))


@pytest.mark.parametrize(
    "change",
    [{"subject": "customer:7"}, {"source": "lockstep"}, {"type": "order.erased"}, {"specversion": "0.3"}, {"id": ""},
     {"id": "e 1"}, {"Region": "eu"}, {"region": []}, {"region": 1.5}, {"region": "\n"}, {"hops": 2**31},
     {"dataschema": 7}, {"personal": "open"}, {"schemaversion": TODAY_VERSION["order.note"] + 1}],
    ids=str,
)  # fmt: skip
def test_an_event_that_is_refused_does_not_fit(change: dict[str, Any]) -> None:
    """Reserved names, types and versions that are not known, attributes that cannot be."""
    event = cloud_event("order.note", FACTS["order.note"])
    assert WHOLE.is_valid(event)
    assert not WHOLE.is_valid({**event, **change})


def test_there_is_no_schema_of_what_nobody_may_post() -> None:
    """Lockstep writes an erasure itself."""
    assert one_event_document("order.erased") is None
    assert one_event_document("order.unheard") is None
