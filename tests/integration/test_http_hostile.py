"""Any bytes are answered 2xx or 4xx, never 5xx."""

import copy
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.examples.events import FACTS
from tests.integration.http_api import CARD, CLOUD_EVENT, CLOUD_EVENTS, DEVICE, Api, Reply, cloud_event, running_api

JSON: Final = "application/json"
ROUTES: Final = (
    ("POST", "/v1/events", CLOUD_EVENT, cloud_event(data=FACTS["order.placed"])),
    ("POST", "/v1/events", CLOUD_EVENTS, [cloud_event(id="a"), cloud_event(id="b", subject="order-2")]),
    ("POST", "/v1/orders/order-1/events", JSON, {"type": "order.note", "data": FACTS["order.note"]}),
    ("POST", "/v1/activities/match-1/update", JSON, FACTS["activity.updated"]),
    ("PUT", "/v1/devices/phone-1", JSON, {**DEVICE, "cards": [CARD], "startTokens": {"OrderAttributes": "abcd"}}),
    ("PUT", "/v1/devices/phone-1/cards/card-1", JSON, CARD),
    ("POST", "/v1/tickets", JSON, {"customerId": "customer-7"}),
)
HOSTILE: Final = {
    "NaN": b"NaN",
    "minus infinity": b"-Infinity",
    "1e400": b"1e400",
    "2^64": b"18446744073709551616",
    "a long integer": b"9" * 5_000,
    "a lone surrogate": b'"\\ud800"',
    "NUL": b'"\\u0000"',
    "NUL as a name": b'{"\\u0000": 1}',
    "bad UTF-8": b'"\xff"',
    "an overlong encoding": b'"\xc0\x80"',
    "a deep list": b"[" * 5_000 + b"]" * 5_000,
    "a deep object": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "many values": b"[" + b"1," * 30_000 + b"1]",
    "the year 0": b'"0000-01-01T00:00:00Z"',
    "the year 9999": b'"9999-12-31T23:59:59-23:59"',
    "a time without an offset": b'"2025-11-01T12:00:00"',
    "null": b"null",
    "true": b"true",
    "an empty list": b"[]",
    "an empty object": b"{}",
    "an empty text": b'""',
    "a long text": b'"' + b"x" * 200_000 + b'"',
    "a text of marks": '"\u202e\ufeff\U0001f468\u200d"'.encode(),
    "half": b'{"a"',
    "nothing": b"",
    "a byte order mark": b"\xef\xbb\xbf{}",
}
MARK: Final = b'"HOSTILE-MARK"'


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge, with a phone."""
    async with running_api(pool, keyring) as running:
        await running.send("PUT", "/v1/devices/phone-1", DEVICE, token="admin")
        yield running


def places(document: Any) -> Iterator[Any]:
    """Give copies of a document, each with the mark at another place."""
    yield "HOSTILE-MARK"
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for key, member in list(members) if isinstance(document, dict | list) else ():
        for marked in places(member) if isinstance(member, dict | list) else ("HOSTILE-MARK",):
            changed = copy.copy(document)
            changed[key] = marked
            yield changed
    if isinstance(document, dict):
        yield {**document, "HOSTILE-MARK": 1}


def is_answered(reply: Reply) -> bool:
    """Tell whether a reply is as it should be for any bytes."""
    return 200 <= reply.status < 300 or (400 <= reply.status < 500 and bool(reply.problem))


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_value_is_answered_at_every_place(api: Api, name: str) -> None:
    """Each value of the table, at each place of each document, gives 2xx or 4xx."""
    for method, path, media_type, document in ROUTES:
        for marked in places(document):
            body = msgspec.json.encode(marked).replace(MARK, HOSTILE[name])
            reply = await api.send(method, path, body=body, token="admin", media_type=media_type)
            assert is_answered(reply), (method, path, body[:200], reply)


@given(
    route=st.sampled_from(ROUTES),
    body=st.binary(max_size=300),
    media_type=st.sampled_from([CLOUD_EVENT, CLOUD_EVENTS, JSON]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_random_bytes_are_answered(api: Api, route: Any, body: bytes, media_type: str) -> None:
    """No body makes a 5xx."""
    method, path, _, _ = route
    assert is_answered(await api.send(method, path, body=body, token="admin", media_type=media_type))


VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20)
    | st.datetimes().map(lambda at: at.isoformat() + "Z"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_changed_documents_are_answered(api: Api, data: st.DataObject) -> None:
    """No value at any place makes a 5xx."""
    method, path, media_type, document = data.draw(st.sampled_from(ROUTES))
    marked = data.draw(st.sampled_from(list(places(document))))
    value = msgspec.json.encode(data.draw(VALUES))
    body = msgspec.json.encode(marked).replace(MARK, value)
    assert is_answered(await api.send(method, path, body=body, token="admin", media_type=media_type))


@given(
    text=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=200).map(str.strip),
    name=st.sampled_from(
        ["Authorization", "If-Match", "If-None-Match", "Prefer", "Idempotency-Key", "traceparent", "X-Request-Id",
         "Content-Type", "Accept"]
    ),
)  # fmt: skip
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_headers_of_any_kind_are_answered(api: Api, text: str, name: str) -> None:
    """No header makes a 5xx."""
    token = None if name == "Authorization" else "admin"
    headers = {name: f"Bearer {text}" if name == "Authorization" else text}
    reply = await api.send(
        "POST", "/v1/orders/order-1/events", body=b'{"type":"order.ready","data":{}}', token=token, headers=headers,
        media_type="" if name == "Content-Type" else JSON,
    )  # fmt: skip
    assert is_answered(reply), (name, text, reply)


@example(path=".", query="")
@given(path=st.text(max_size=60), query=st.text(max_size=40))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_paths_of_any_kind_are_answered(api: Api, path: str, query: str) -> None:
    """No path or query makes a 5xx."""
    for place in ("/v1/orders/{}/events?after={}", "/v1/orders/{}?{}", "/{}?limit={}"):
        reply = await api.send("GET", place.format(quote(path, safe=""), quote(query, safe="")), token="admin")
        assert is_answered(reply), (path, query, reply)
