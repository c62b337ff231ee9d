"""CloudEvents as other software sends them, in each mode, and gets them back; the official SDK is the oracle."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_binary_event,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent

from app.http.event_routes import CLOUD_EVENTS
from events.extensions import OWN_ATTRIBUTES
from events.feed_writer import FeedWriter
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import Api, Reply, order_page, running_api

DATA = {"customerId": "customer-7", "merchantName": "Táverna “Ilios” 100 %"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EXTENSIONS: dict[str, Any] = {
    "tenant": "Wien & Graz",
    "tracestate": "shop=1,other=2",
    "partitionkey": "100 % „Ilios“",
    "sequence": 2**31 - 1,
    "sampledrate": -(2**31),
    "replayed": False,
    "blob": "AAH/",
    "expirytime": "2026-11-22T18:35:37Z",
    "empty": "",
    "dataschema": "https://shop.example/order.json#placed",
    "aratherlongnamethatshouldbeshorter": "kept too",
}
"""Of every type that there is; what has no type of its own in JSON is a text."""
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "event-1",
    "ce-source": "shop",
    "ce-subject": "order-1",
    "ce-type": "order.placed",
}


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


def event(**changes: Any) -> CloudEvent:
    """Give an event as an upstream team makes it."""
    attributes = {
        "id": "event-1",
        "source": "shop",
        "subject": "order-1",
        "type": "order.placed",
        "time": datetime(2025, 11, 1, 11, 59, tzinfo=UTC),
        "datacontenttype": "application/json",
        "traceparent": TRACE,
        "tenant": "Wien & Graz",
    }
    return CloudEvent(attributes | changes, data=DATA)


async def send(api: Api, message: HTTPMessage) -> Reply:
    """Post what the SDK makes."""
    headers = {name: str(value) for name, value in message.headers.items() if name.lower() != "content-type"}
    media_type = next(value for name, value in message.headers.items() if name.lower() == "content-type")
    return await api.send(
        "POST", "/v1/events", token="events:write", media_type=media_type, body=bytes(message.body), headers=headers
    )


async def post(api: Api, body: bytes, media_type: str = "application/json", **headers: str) -> Reply:
    """Post in binary mode; a header of None is left out."""
    given = {**BINARY, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await api.send("POST", "/v1/events", token="events:write", media_type=media_type, body=body, headers=given)


async def test_both_modes_of_the_sdk_say_the_same(api: Api) -> None:
    """Whichever comes second is a repeat of the first, personal values and trace included."""
    first = await send(api, to_binary_event(event()))
    second = await send(api, to_structured_event(event()))
    [kept] = [each async for each in api.edge.store.read_subject("order-1")]
    assert (first.status, first.json["outcome"]) == (200, "appended")
    assert (second.status, second.json["outcome"]) == (200, "duplicate")
    assert (kept.trace, kept.occurred_at) == (TRACE, datetime(2025, 11, 1, 11, 59, tzinfo=UTC))


async def test_data_as_bytes_is_read(api: Api) -> None:
    """The SDK packs bytes into `data_base64`."""
    packed = CloudEvent(event().get_attributes(), data=b'{"customerId":"customer-7","merchantName":"Ilios"}')
    reply = await send(api, to_structured_event(packed))
    assert (reply.status, reply.json["outcome"]) == (200, "appended")


@pytest.mark.parametrize(
    ("value", "id_"),
    [("a%2Fb", "a/b"), ("%61b", "ab"), ('"a\\"b"', 'a"b'), ("100%", "100%"), ("a%25b", "a%b"), ("a+b", "a+b")],
)
async def test_a_header_is_decoded_by_the_rules(api: Api, value: str, id_: str) -> None:
    """Quotes come off, percent-encoding is undone once, and a plus is a plus."""
    reply = await post(api, b'{"customerId":"c","merchantName":"m"}', ce_id=value)
    assert (reply.status, reply.json["id"]) == (200, id_)


@pytest.mark.parametrize(
    ("headers", "pointer", "says"),
    [
        ({"ce_specversion": "0.3"}, "/specversion", '"1.0"'),
        ({"ce_source": ""}, "/source", "not empty"),
        ({"ce_id": "%ff"}, "/id", "UTF-8"),
        ({"ce_datacontenttype": "application/json"}, "/datacontenttype", "Content-Type"),
        ({"ce_data": "{}"}, "/data", "the body"),
        ({"ce_time": "yesterday"}, "/time", "RFC 3339"),
        ({"ce_schemaversion": "one"}, "/schemaversion", "integer"),
        ({"ce_two-words": "x"}, "/two-words", "lower-case letters and digits"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, headers: dict[str, str], pointer: str, says: str) -> None:
    """By the attribute that it is about, and nothing is stored."""
    reply = await post(api, b'{"customerId":"c","merchantName":"m"}', **headers)
    assert (reply.status, reply.problem) == (422, "invalid-document")
    assert (pointer, True) in [(each["pointer"], says in each["detail"]) for each in reply.json["errors"]]
    assert [each async for each in api.edge.store.read_subject("order-1")] == []


@pytest.mark.parametrize(
    ("media_type", "status"), [("application/vnd.shop+json", 200), ("text/plain", 415), ("application/xml", 415)]
)
async def test_the_media_type_is_that_of_the_data(api: Api, media_type: str, status: int) -> None:
    """JSON, by whichever name."""
    assert (await post(api, b'{"customerId":"c","merchantName":"m"}', media_type)).status == status


@pytest.mark.parametrize(
    ("packed", "says"), [("%%%", "base64"), ("eyI=", "not read"), (7, "base64")], ids=["not it", "no JSON", "no text"]
)
async def test_packed_data_that_cannot_be_read_is_told(api: Api, packed: object, says: str) -> None:
    """And so are both kinds at once."""
    document = {"specversion": "1.0", "id": "1", "source": "s", "subject": "o", "type": "order.ready"}
    reply = await api.send(
        "POST", "/v1/events", {**document, "data_base64": packed}, token="events:write",
        media_type="application/cloudevents+json",
    )  # fmt: skip
    assert says in next(each["detail"] for each in reply.json["errors"] if each["pointer"] == "/data_base64")
    both = await api.send("POST", "/v1/events", {**document, "data": {}, "data_base64": "e30="}, token="events:write")
    assert both.json["errors"][0] == {"pointer": "/data_base64", "detail": "stands beside /data; send one of them"}


async def test_whoever_asks_whether_events_are_taken_is_told(api: Api) -> None:
    """The handshake of CloudEvents' webhooks; without a key, for it promises nothing."""
    asked = {"WebHook-Request-Origin": "emitter.example", "WebHook-Request-Rate": "120"}
    reply = await api.send("OPTIONS", "/v1/events", headers=asked)
    assert (reply.status, reply.headers["WebHook-Allowed-Origin"], reply.headers["WebHook-Allowed-Rate"]) == (
        200,
        "*",
        "*",
    )
    plain = await api.send("OPTIONS", "/v1/events")
    assert (plain.status, plain.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.fixture
async def open_feed(api: Api) -> None:
    """Let somebody have read the feed, so that there is one."""
    await api.send("GET", "/v1/events", token="events:read")


async def fed(api: Api, pool: Pool, query: str = "personal=include") -> list[dict[str, Any]]:
    """Give what the feed says to whoever may read everything."""
    await FeedWriter(pool, lambda: None).number_news()
    reply = await api.send("GET", f"/v1/events?{query}", token="admin")
    events: list[dict[str, Any]] = reply.json["events"]
    return events


def said_in(event: BaseCloudEvent) -> tuple[dict[str, Any], Any]:
    """Give the attributes and the data; it is all JSON here, so nobody needs to say so."""
    return {name: each for name, each in event.get_attributes().items() if name != "datacontenttype"}, event.get_data()


def as_sent(given: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Read what the feed gives as the SDK does, without what Lockstep says beyond what was sent."""
    document = {name: each for name, each in given.items() if name not in OWN_ATTRIBUTES | {"schemaversion"}}
    headers = {"content-type": "application/cloudevents+json"}
    return said_in(from_structured_event(HTTPMessage(headers, msgspec.json.encode(document))))


@pytest.mark.usefixtures("open_feed")
async def test_what_the_sdk_sends_comes_back_from_the_feed(api: Api, pool: Pool) -> None:
    """Equal in every attribute and in the data, whatever the mode; in headers every value is a text."""
    structured, batched, binary = (event(id=each, **EXTENSIONS) for each in ("structured", "batched", "binary"))
    in_headers = to_binary_event(binary)
    await send(api, to_structured_event(structured))
    batch = HTTPMessage({"content-type": CLOUD_EVENTS}, b"[" + to_structured_event(batched).body + b"]")
    await send(api, batch)
    await send(api, in_headers)
    given = await fed(api, pool)

    assert [as_sent(each) for each in given] == [
        said_in(structured),
        said_in(batched),
        said_in(from_binary_event(in_headers)),
    ]
    assert (given[0]["sequence"], given[2]["sequence"]) == (2**31 - 1, "2147483647")


@pytest.mark.usefixtures("open_feed")
async def test_extensions_are_given_to_whoever_may_have_personal_values(api: Api, pool: Pool) -> None:
    """In the feed when asked, and with an order's events; a ticket, and who does not ask, get none."""
    await send(api, to_structured_event(event(**EXTENSIONS)))
    [open_] = await fed(api, pool)
    [withheld] = await fed(api, pool, "")
    [service] = (await api.send("GET", "/v1/orders/order-1/events", token="orders:read")).json["events"]
    api.orders["order-1"] = order_page()
    [ticket] = (await api.send("GET", "/v1/orders/order-1/events", token=api.ticket("customer-7"))).json["events"]

    assert open_.items() >= EXTENSIONS.items()
    assert open_["personal"] == "open"
    assert withheld.keys() & EXTENSIONS.keys() == set()
    assert withheld["personal"] == "withheld"
    assert service["extensions"] == EXTENSIONS
    assert "extensions" not in ticket


@pytest.mark.usefixtures("open_feed")
async def test_a_repeat_is_known_whatever_its_extensions(api: Api, pool: Pool) -> None:
    """They are no part of what an event says: a retry may come another way, and what came first stays."""
    await send(api, to_structured_event(event(hops=1)))
    again = [await send(api, to_structured_event(each)) for each in (event(hops=2), event())]

    assert [each.json["outcome"] for each in again] == ["duplicate", "duplicate"]
    assert [each["hops"] for each in await fed(api, pool)] == [1]


@pytest.mark.usefixtures("open_feed")
async def test_the_plain_shape_has_extensions_in_an_object(api: Api, pool: Pool) -> None:
    """They are those of a CloudEvent, and come back as such."""
    plain = {"type": "order.placed", "data": DATA, "extensions": {**EXTENSIONS, "nothing": None}}
    reply = await api.send("POST", "/v1/orders/order-1/events", plain, token="events:write")
    [given] = await fed(api, pool)

    assert reply.status == 200
    assert given.items() >= EXTENSIONS.items()
    assert "nothing" not in given


async def test_an_extension_that_cannot_be_is_named(api: Api) -> None:
    """Each by its name, without its value; nothing is stored."""
    wrong = {"version": 1, "personal": "open", "half": 1.5, "list": [1], "large": 2**31, "bell": "\a"}
    reply = await send(api, to_structured_event(event(**wrong)))
    headers = await post(api, b'{"customerId":"c","merchantName":"m"}', ce_bell="%07", ce_recordedat="now")

    assert (reply.status, headers.status) == (422, 422)
    assert {each["pointer"] for each in reply.json["errors"]} == {f"/{name}" for name in wrong}
    assert {each["pointer"] for each in headers.json["errors"]} == {"/bell", "/recordedat"}
    assert [each async for each in api.edge.store.read_subject("order-1")] == []
