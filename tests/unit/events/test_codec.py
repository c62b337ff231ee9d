"""What may be stored, and what stored bytes mean."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.codec import decode, encode_new
from events.envelope import NewEvent
from events.errors import EventError, NewerEventError, UnreadableEventError
from events.order import CourierAssigned, OrderNoted
from events.personal import personal_fields
from events.vocabulary import TODAY, TODAY_VERSION, is_known, public_types
from tests.examples.events import FACTS, KEY, NOON, new_event, recorded


def faults_of(type_: str, data: Any, **envelope: Any) -> dict[str, str]:
    """Give what is said against an event, by pointer."""
    given_: dict[str, Any] = {"subject_id": "o", "source": "s", "event_id": "e", "occurred_at": NOON, "key": KEY}
    with pytest.raises(EventError) as caught:
        encode_new(type=type_, data=data, **(given_ | envelope))
    assert caught.value.faults
    return {fault.pointer: fault.detail for fault in caught.value.faults}


@pytest.mark.parametrize("type_", [*TODAY])
def test_an_event_reads_as_it_was_written(type_: str) -> None:
    """Both halves together are the document."""
    fact = decode(recorded(new_event(type_)))

    assert fact == msgspec.convert(FACTS[type_], TODAY[type_])


@pytest.mark.parametrize("type_", [*TODAY])
def test_no_personal_value_is_in_the_plain_half(type_: str) -> None:
    """Every marked value, also inside a list, is in the half that gets sealed."""
    event = new_event(type_)
    personal = {"Moussaka", "Retsina", "No onions for Eleni", "In the oven", "On the counter", "Anna Kaya"}

    assert not [value for value in personal | {"Please ring twice"} if value.encode() in event.data]
    assert bool(personal_fields(TODAY[type_])) is (event.personal is not None)


def test_the_marks_are_found() -> None:
    """The types with personal fields are those of the vocabulary's table."""
    marked = {type_ for type_ in [*TODAY] if personal_fields(TODAY[type_])}

    assert marked == {
        "order.placed",
        "order.accepted",
        "order.preparing",
        "order.ready",
        "order.courier_assigned",
        "order.note",
        "activity.started",
        "activity.updated",
        "activity.ended",
    }


def test_erased_values_read_as_none() -> None:
    """Without the personal half the rest still reads."""
    event = replace(recorded(new_event("order.note")), personal=None)

    assert decode(event) == OrderNoted(text=None, alert=True)


def test_postgres_may_lay_json_out_anew() -> None:
    """A jsonb column gives text with other spaces and another order of keys."""
    event = recorded(new_event("order.courier_assigned"))
    laid_out = json.dumps(dict(reversed(json.loads(event.data).items())), indent=1) + " "

    assert decode(replace(event, data=laid_out)) == decode(event)


def test_an_older_shape_is_stored_as_given_and_read_as_todays() -> None:
    """Version 1 knew a courier by name alone."""
    event = new_event("order.courier_assigned", {"courier": "Anna"}, schema_version=1)

    assert (event.schema_version, event.data, event.personal) == (1, b"{}", b'{"courier":"Anna"}')
    assert decode(recorded(event)) == CourierAssigned(courier_name="Anna")
    assert decode(replace(recorded(event), personal=None)) == CourierAssigned(courier_name=None)


def test_what_is_newer_is_not_known() -> None:
    """A worker can tell what it must leave to a newer one."""
    assert is_known("order.note", 1)
    assert is_known("order.courier_assigned", 1)
    assert not is_known("order.note", 2)
    assert not is_known("order.teleported", 1)
    with pytest.raises(NewerEventError):
        decode(replace(recorded(new_event("order.note")), schema_version=2))


def test_stored_bytes_that_break_their_promise_are_named() -> None:
    """The error names the event and shows none of its values."""
    event = replace(recorded(new_event("order.note")), personal=b'{"text":42}')

    with pytest.raises(UnreadableEventError) as caught:
        decode(event)

    assert (caught.value.subject_id, caught.value.version) == ("order-1", 1)


def test_an_unknown_type_lists_what_is_known() -> None:
    """Erasure is not offered: upstream cannot post it."""
    faults = faults_of("order.teleported", {})

    assert faults == {"/type": f"is not known; known types: {', '.join(public_types())}"}
    assert "order.erased" not in public_types()


def test_an_unknown_version_lists_what_is_known() -> None:
    """The version comes from the event's `dataschema`."""
    faults = faults_of("order.courier_assigned", {"courierName": "A"}, schema_version=9)

    assert faults["/dataschema"].endswith("known versions: 1, 2")


def test_every_fault_of_an_event_is_listed() -> None:
    """A typo is named with what is known there, beside everything else."""
    faults = faults_of("order.placed", {"merchantName": 1, "items": [{"nme": "x"}], "delivery": 2}, source="a b")

    assert faults == {
        "/source": "is to be 1 to 128 bytes of visible ASCII",
        "/data/delivery": "is not known here; known fields: deliveryTime, customerId, merchantName, orderNumber, items,"
        " showAt, imageKey, deepLink",
        "/data/customerId": "is missing",
        "/data/merchantName": "Expected `str`, got `int`",
        "/data/items/0/nme": "is not known here; known fields: name, quantity",
        "/data/items/0/name": "is missing",
    }


@pytest.mark.parametrize(
    ("type_", "data", "pointer"),
    [
        ("order.note", {"text": None}, "/data/text"),
        ("order.note", {"text": ""}, "/data/text"),
        ("order.note", {"text": "x" * 1001}, "/data/text"),
        ("order.note", {"text": "a\0b"}, "/data/text"),
        ("order.note", {"text": "\ud800"}, "/data/text"),
        ("order.note", {"text": "x", "alert": "yes"}, "/data/alert"),
        ("order.note", [], "/data"),
        ("order.note", None, "/data"),
        ("order.courier_assigned", {"courierName": "A", "courierId": "x" * 129}, "/data/courierId"),
        ("order.picked_up", {"deliveryTime": "2025-11-01T12:00:00"}, "/data/deliveryTime"),
        ("order.picked_up", {"deliveryTime": "1999-12-31T12:00:00Z"}, "/data/deliveryTime"),
        ("order.picked_up", {"deliveryTime": "9999-12-31T23:59:59-12:00"}, "/data/deliveryTime"),
        ("order.picked_up", {"deliveryTime": 1760000000}, "/data/deliveryTime"),
        ("order.placed", FACTS["order.placed"] | {"items": [{"name": None}]}, "/data/items/0/name"),
        ("order.placed", FACTS["order.placed"] | {"items": [{"name": "x"}] * 201}, "/data/items"),
        ("order.placed", FACTS["order.placed"] | {"items": {"name": "x"}}, "/data/items"),
    ],
)
def test_a_value_out_of_bounds_is_named(type_: str, data: Any, pointer: str) -> None:
    """Nothing is stored that Postgres or the fold could choke on."""
    assert list(faults_of(type_, data)) == [pointer]


@pytest.mark.parametrize(
    ("envelope", "pointer"),
    [
        ({"subject_id": ""}, "/subject"),
        ({"event_id": "x" * 129}, "/id"),
        ({"event_id": "é"}, "/id"),
        ({"event_id": "x\n"}, "/id"),
        ({"trace": "é"}, "/traceparent"),
        ({"occurred_at": datetime(1999, 12, 31, tzinfo=UTC)}, "/time"),
        ({"occurred_at": datetime(2025, 1, 1)}, "/time"),  # noqa: DTZ001 - the missing offset is the point
    ],
)
def test_an_envelope_out_of_bounds_is_named(envelope: dict[str, Any], pointer: str) -> None:
    """Ids are visible ASCII and times are sane."""
    assert list(faults_of("order.ready", {}, **envelope)) == [pointer]


def test_a_time_is_kept_in_utc() -> None:
    """The offset of `occurred_at` is not a fact about the order."""
    event = new_event("order.ready", occurred_at=NOON.astimezone(timezone(timedelta(hours=2))))

    assert event.occurred_at.isoformat() == "2025-11-01T12:00:00+00:00"


def digest(event: NewEvent) -> bytes:
    """Give the digest."""
    return event.digest


def test_the_digest_is_of_type_and_data_alone() -> None:
    """A retry has the digest of the first try; another content, type or key has not."""
    first = new_event("order.note", {"text": "a", "alert": True})

    assert len(first.digest) == 16
    assert digest(new_event("order.note", {"alert": True, "text": "a"}, event_id="other")) == first.digest
    assert digest(new_event("order.note", {"text": "b", "alert": True})) != first.digest
    assert digest(new_event("order.note", {"text": "a"})) != first.digest
    assert digest(new_event("order.ready", {})) != digest(new_event("order.accepted", {}))


def test_null_is_the_same_as_absent_where_a_field_may_be_absent() -> None:
    """Many upstreams write every optional field."""
    assert digest(new_event("order.ready", {"note": None})) == digest(new_event("order.ready", {}))


def test_each_type_has_a_version() -> None:
    """All are at their first but the one that changed."""
    assert {name: version for name, version in TODAY_VERSION.items() if version != 1} == {"order.courier_assigned": 2}


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({field.encode_name for fact in TODAY.values() for field in msgspec.structs.fields(fact)})
LIKELY = ANY_JSON | st.just("2025-11-01T12:00:00Z") | st.text(min_size=1)


@given(st.sampled_from([*TODAY]), st.dictionaries(st.sampled_from(FIELDS), LIKELY, max_size=5) | ANY_JSON.filter(bool))
def test_any_data_is_an_event_or_a_list_of_faults(type_: str, data: Any) -> None:
    """Whatever is accepted reads back; whatever is not has its reasons."""
    try:
        event = new_event(type_, data)
    except EventError as error:
        assert error.faults  # noqa: PT017 - both ways are right
    else:
        assert decode(recorded(event)) == msgspec.convert(data, TODAY[type_])
