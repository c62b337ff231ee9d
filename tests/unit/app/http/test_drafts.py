"""Documents become events, or every reason why not."""

from typing import Any

import pytest

from app.http.drafts import Draft, Invalid, read_cloud_event, read_plain_event
from events.envelope import NewEvent
from tests.examples.events import FACTS, KEY, NOON

EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/shop",
    "subject": "o-1",
    "type": "order.ready",
    "data": FACTS["order.ready"],
}

PLAIN = {"type": "order.ready", "data": FACTS["order.ready"]}


def cloud(**changes: Any) -> Draft:
    """Read an example with changes."""
    return read_cloud_event({**EVENT, **changes}, key=KEY, now=NOON, trace=None)


def plain(document: Any) -> Draft:
    """Read a document of order o-1."""
    return read_plain_event(document, order_id="o-1", event_id="made", key=KEY, now=NOON, trace="t")


def pointers(draft: Draft) -> set[str]:
    """Give the places of the faults."""
    assert isinstance(draft, Invalid), draft
    return {fault.pointer for fault in draft.faults}


@pytest.mark.parametrize("type_", [name for name in FACTS if name != "order.erased"])
def test_every_fact_can_be_posted(type_: str) -> None:
    """The whole vocabulary comes in through both shapes, with one digest."""
    one, other = cloud(type=type_, data=FACTS[type_]), plain({"type": type_, "data": FACTS[type_]})
    assert isinstance(one, NewEvent)
    assert isinstance(other, NewEvent)
    assert one.digest == other.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"comexampleextension": "kept"},
        {"datacontenttype": "application/json"},
        {"datacontenttype": "application/vnd.shop+json; charset=utf-8"},
        {"dataschema": "https://shop.example/order.json"},
        {"tracestate": "a=1"},
        {"time": None},
        {"time": "2025-11-01T13:00:00.5+01:00"},
    ],
)
def test_what_a_cloud_event_may_carry_is_let_through(changes: dict[str, Any]) -> None:
    """Extensions and optional attributes do not disturb."""
    assert isinstance(cloud(**changes), NewEvent)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"datacontenttype": "application/xml"}, "/datacontenttype"),
        ({"datacontenttype": 5}, "/datacontenttype"),
        ({"data_base64": "e30="}, "/data_base64"),
        ({"Data": {}}, "/Data"),
        ({"recordedat": "2025-11-01T12:00:00Z"}, "/recordedat"),
        ({"tracestate": {"a": 1}}, "/tracestate"),
        ({"a/b": 1}, "/a~1b"),
        ({"time": "2025-11-01T12:00:00"}, "/time"),
        ({"time": 5}, "/time"),
        ({"time": "1999-11-01T12:00:00Z"}, "/time"),
        ({"schemaversion": True}, "/schemaversion"),
        ({"schemaversion": "1"}, "/schemaversion"),
        ({"schemaversion": 9}, "/schemaversion"),
        ({"traceparent": 5}, "/traceparent"),
        ({"traceparent": "a\nb"}, "/traceparent"),
        ({"type": ["order.ready"]}, "/type"),
        ({"type": "order.erased"}, "/type"),
        ({"subject": "a b"}, "/subject"),
        ({"source": "x" * 129}, "/source"),
        ({"id": {}}, "/id"),
        ({"data": None}, "/data"),
    ],
)
def test_a_fault_names_its_place(changes: dict[str, Any], expected: str) -> None:
    """Each attribute is judged by itself."""
    assert pointers(cloud(**changes)) == {expected}


def test_extensions_are_the_same_in_both_shapes() -> None:
    """A CloudEvent has them beside its attributes, the plain shape in an object; the digest is that of the rest."""
    one, other = cloud(region="eu", hops=2), plain({**PLAIN, "extensions": {"hops": 2, "region": "eu"}})
    assert isinstance(one, NewEvent)
    assert isinstance(other, NewEvent)
    assert one.extensions == other.extensions == b'{"hops":2,"region":"eu"}'
    assert isinstance(bare := cloud(), NewEvent)
    assert bare.extensions is None
    assert one.digest == bare.digest


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ([], "/extensions"),
        ({"a/b": 1}, "/extensions/a~1b"),
        ({"traceparent": "00-a-01"}, "/extensions/traceparent"),
        ({"region": []}, "/extensions/region"),
    ],
)
def test_a_fault_of_a_plain_extension_names_its_place(extensions: Any, expected: str) -> None:
    """Within the object that holds it."""
    assert pointers(plain({**PLAIN, "extensions": extensions})) == {expected}


def test_everything_that_is_missing_is_named() -> None:
    """All at once, so that the sender mends it at once."""
    empty = read_cloud_event({}, key=KEY, now=NOON, trace=None)
    assert pointers(empty) == {"/specversion", "/id", "/source", "/subject", "/type", "/data"}
    assert pointers(plain({})) == {"/type", "/data"}


@pytest.mark.parametrize("document", [None, 5, "x", []])
def test_what_is_no_object_is_no_event(document: Any) -> None:
    """The whole document is the fault."""
    assert pointers(read_cloud_event(document, key=KEY, now=NOON, trace=None)) == {""}
    assert pointers(plain(document)) == {""}


def test_a_faulty_event_keeps_what_names_it() -> None:
    """A lenient answer can say which event it was."""
    draft = cloud(data={"colour": "red"})
    assert isinstance(draft, Invalid)
    assert (draft.id, draft.source, draft.subject) == ("e-1", "/shop", "o-1")


def test_the_plain_shape_fills_in_what_is_left_out() -> None:
    """Id, source, time and trace come from the request."""
    draft = plain({"type": "order.ready", "data": {}})
    assert isinstance(draft, NewEvent)
    assert (draft.event_id, draft.source, draft.occurred_at, draft.trace) == ("made", "api", NOON, "t")
