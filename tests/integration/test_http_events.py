"""Posting events over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from events.vocabulary import public_types
from tests.integration.http_api import CLOUD_EVENT, CLOUD_EVENTS, Api, Reply, cloud_event, running_api


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def post(api: Api, document: Any, **more: Any) -> Reply:
    """Post a CloudEvent, or a list of them."""
    media_type = CLOUD_EVENTS if isinstance(document, list) else CLOUD_EVENT
    return await api.send(
        "POST", "/v1/events", document, token="events:write", media_type=more.pop("media_type", media_type), **more
    )


async def post_plain(api: Api, document: Any, order_id: str = "order-1", **more: Any) -> Reply:
    """Post to one order in the plain shape."""
    return await api.send("POST", f"/v1/orders/{order_id}/events", document, token="events:write", **more)


def results(reply: Reply) -> list[tuple[str, int | None]]:
    """Give outcome and version of each event."""
    return [(each["outcome"], each.get("version")) for each in reply.json["results"]]


async def stored(api: Api, order_id: str = "order-1") -> list[tuple[int, str]]:
    """Give versions and ids of what the log has."""
    return [(event.version, event.event_id) async for event in api.edge.store.read_subject(order_id)]


@pytest.mark.parametrize("media_type", [CLOUD_EVENT, "application/json", "Application/JSON; charset=utf-8"])
async def test_one_event_is_appended_and_its_retry_is_a_duplicate(api: Api, media_type: str) -> None:
    """A single event is answered 200 with its version, the first time and again."""
    first = await post(api, cloud_event(), media_type=media_type)
    again = await post(api, cloud_event(), media_type=media_type)
    told = {"id": "event-1", "source": "shop", "subject": "order-1", "version": 1}
    assert (first.status, first.json) == (200, {"outcome": "appended", **told})
    assert (again.status, again.json) == (200, {"outcome": "duplicate", **told})


async def test_a_batch_answers_for_each_event_in_its_order(api: Api) -> None:
    """A batch over two orders tells version and outcome of each event."""
    reply = await post(
        api,
        [
            cloud_event(id="a"),
            cloud_event(id="b", subject="order-2"),
            cloud_event(id="c", type="order.ready", data={}),
            cloud_event(id="a"),
        ],
    )
    assert reply.status == 200
    assert results(reply) == [("appended", 1), ("appended", 1), ("appended", 2), ("duplicate", 1)]


async def test_an_empty_batch_is_fine(api: Api) -> None:
    """Nothing sent, nothing stored, nothing wrong."""
    reply = await post(api, [])
    assert (reply.status, reply.json) == (200, {"results": []})


async def test_other_content_under_the_same_id_is_refused(api: Api) -> None:
    """A reused id is 409 and nothing is stored."""
    await post(api, cloud_event())
    reply = await post(api, cloud_event(type="order.ready", data={}))
    assert (reply.status, reply.problem) == (409, "id-reused")
    assert await stored(api) == [(1, "event-1")]


async def test_a_batch_about_one_order_is_refused_as_a_whole(api: Api) -> None:
    """One reused id among the events of one order is 409, and says what became of each."""
    await post(api, cloud_event())
    reply = await post(
        api, [cloud_event(id="new", type="order.ready", data={}), cloud_event(type="order.ready", data={})]
    )
    assert (reply.status, reply.problem) == (409, "id-reused")
    assert results(reply) == [("withheld", None), ("id-reused", 1)]
    assert await stored(api) == [(1, "event-1")]


async def test_an_order_that_is_refused_does_not_touch_its_neighbour(api: Api) -> None:
    """A batch about two orders is 200 although one of them is refused."""
    await post(api, cloud_event())
    reply = await post(api, [cloud_event(type="order.ready", data={}), cloud_event(subject="order-2")])
    assert reply.status == 200
    assert results(reply) == [("id-reused", 1), ("appended", 1)]


async def test_an_archived_order_takes_no_more_events(api: Api, pool: Pool) -> None:
    """An archived order is 409, and an outcome among others in a batch."""
    await post(api, cloud_event())
    await pool.execute("UPDATE heads SET archived_at = lockstep_now()")
    late = cloud_event(id="late", type="order.ready", data={})
    reply = await post(api, late, headers={"If-Match": '"1"'})
    assert (reply.status, reply.problem) == (409, "archived")
    # an event that is there already makes the appender look closely
    both = await post(api, [cloud_event(), cloud_event(subject="order-2"), cloud_event(subject="order-2")])
    assert [each["outcome"] for each in both.json["results"]] == ["duplicate", "appended", "duplicate"]
    mixed = await post(api, [late, cloud_event(subject="order-2")])
    assert [each["outcome"] for each in mixed.json["results"]] == ["archived", "duplicate"]


async def test_an_expected_version_that_holds_is_appended(api: Api) -> None:
    """If-None-Match: * makes the first event, If-Match the next."""
    first = await post(api, cloud_event(), headers={"If-None-Match": "*"})
    second = await post(api, cloud_event(id="b", type="order.ready", data={}), headers={"If-Match": '"1"'})
    assert (first.json["version"], second.json["version"]) == (1, 2)


@pytest.mark.parametrize("headers", [{"If-None-Match": "*"}, {"If-Match": '"7"'}])
async def test_an_expected_version_that_does_not_hold_names_the_current_one(api: Api, headers: dict[str, str]) -> None:
    """A conflict is 412 with the version where the order is."""
    await post(api, cloud_event())
    reply = await post(api, cloud_event(id="b", type="order.ready", data={}), headers=headers)
    assert (reply.status, reply.problem, reply.json["currentVersion"]) == (412, "version-conflict", 1)
    batch = await post(api, [cloud_event(id="b", type="order.ready", data={})], headers=headers)
    assert (batch.status, batch.json["results"][0]["currentVersion"]) == (412, 1)
    assert await stored(api) == [(1, "event-1")]


@pytest.mark.parametrize(
    "headers",
    [{"If-Match": "1"}, {"If-Match": "*"}, {"If-Match": 'W/"1"'}, {"If-Match": '"1", "2"'}, {"If-Match": '"'},
     {"If-None-Match": '"1"'}, {"If-Match": '"1"', "If-None-Match": "*"}],
)  # fmt: skip
async def test_a_condition_that_makes_no_sense_is_400(api: Api, headers: dict[str, str]) -> None:
    """Nothing is stored under a condition that we do not understand."""
    reply = await post(api, cloud_event(), headers=headers)
    assert (reply.status, reply.problem) == (400, "bad-request")
    assert await stored(api) == []


async def test_a_version_is_expected_of_one_order_alone(api: Api) -> None:
    """A condition on a batch about two orders is 400 and nothing is stored."""
    reply = await post(api, [cloud_event(), cloud_event(subject="order-2")], headers={"If-Match": '"1"'})
    assert (reply.status, reply.problem) == (400, "bad-request")
    assert await stored(api) == []


async def test_every_bad_event_is_listed_and_nothing_is_stored(api: Api) -> None:
    """A batch with bad events is 422 with a pointer for each fault."""
    reply = await post(
        api,
        [
            cloud_event(id="good"),
            cloud_event(type="order.unheard_of"),
            cloud_event(type="order.eta_changed", data={"deliveryTime": "soon", "colour": "red"}),
            cloud_event(subject=None, id=""),
            7,
        ],
    )
    assert (reply.status, reply.problem) == (422, "invalid-document")
    assert {each["pointer"] for each in reply.json["errors"]} == {
        "/1/type", "/2/data/deliveryTime", "/2/data/colour", "/3/subject", "/3/id", "/4",
    }  # fmt: skip
    assert public_types()[0] in str(reply.json["errors"])
    assert await stored(api) == []


async def test_lenient_handling_stores_the_good_ones_and_lists_the_bad_ones(api: Api) -> None:
    """Prefer: handling=lenient makes each event stand for itself."""
    reply = await post(
        api, [cloud_event(id="good"), cloud_event(id="bad", data={})], headers={"Prefer": "handling=lenient"}
    )
    assert (reply.status, reply.headers["Preference-Applied"]) == (200, "handling=lenient")
    assert results(reply) == [("appended", 1), ("invalid", None)]
    assert reply.json["results"][1]["errors"][0]["pointer"] == "/data/customerId"
    assert await stored(api) == [(1, "good")]


async def test_lenient_handling_of_nothing_good_is_422(api: Api) -> None:
    """A batch of bad events is refused, also leniently."""
    reply = await post(api, [cloud_event(data={})], headers={"Prefer": "handling=lenient"})
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/0/data/customerId")


async def test_erasure_cannot_be_posted(api: Api) -> None:
    """order.erased is written by erasure alone."""
    for reply in (
        await post(api, cloud_event(type="order.erased", data={})),
        await post_plain(api, {"type": "order.erased", "data": {}}),
    ):
        assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/type")


async def test_the_body_and_the_batch_have_limits(api: Api) -> None:
    """More than 256 KiB or 500 events is 413."""
    large = await post(api, cloud_event(data={"text": "x" * 262_144}, type="order.note"))
    many = await post(api, [{}] * 501)
    compressed = await api.send("POST", "/v1/events", body=b"x" * 262_145, token="events:write", media_type=CLOUD_EVENT)
    assert [(each.status, each.problem) for each in (large, many, compressed)] == [(413, "too-large")] * 3


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/cloudevents", ""])
async def test_another_media_type_is_415(api: Api, media_type: str) -> None:
    """What is taken is named."""
    reply = await post(api, cloud_event(), media_type=media_type)
    assert (reply.status, reply.problem) == (415, "media-type")
    assert CLOUD_EVENTS in reply.headers["Accept-Post"]


async def test_the_trace_is_kept(api: Api) -> None:
    """The event's own traceparent wins over the request's."""
    headers = {"traceparent": "00-request-01"}
    await post(api, [cloud_event(id="a"), cloud_event(id="b", traceparent="00-own-01")], headers=headers)
    traces = [event.trace async for event in api.edge.store.read_subject("order-1")]
    assert traces == ["00-request-01", "00-own-01"]


async def test_an_old_shape_is_taken_under_its_version(api: Api) -> None:
    """`schemaversion` names the shape that the data is written in."""
    old = cloud_event(type="order.courier_assigned", data={"courier": "Anna"}, schemaversion=1)
    assert (await post(api, old)).json["outcome"] == "appended"
    unknown = await post(api, {**old, "schemaversion": 9})
    assert (unknown.status, unknown.json["errors"][0]["pointer"]) == (422, "/schemaversion")


async def test_the_plain_shape_needs_type_and_data_alone(api: Api) -> None:
    """Without an id one is made and told."""
    reply = await post_plain(api, {"type": "order.ready", "data": {}})
    assert (reply.status, reply.json["outcome"], reply.json["source"]) == (200, "appended", "api")
    assert await stored(api) == [(1, reply.json["id"])]


@pytest.mark.parametrize("key", ["try-1", '"try-1"'])
async def test_an_idempotency_key_makes_a_retry_safe(api: Api, key: str) -> None:
    """The same key again is a duplicate; in a list it names each event by its place."""
    headers = {"Idempotency-Key": key}
    first = await post_plain(api, {"type": "order.ready", "data": {}}, headers=headers)
    again = await post_plain(api, {"type": "order.ready", "data": {}}, headers=headers)
    assert (first.json["id"], again.json["outcome"]) == ("try-1", "duplicate")
    many = await post_plain(
        api, [{"type": "order.note", "data": {"text": "a"}}, {"type": "order.note", "data": {"text": "b"}}],
        headers=headers,
    )  # fmt: skip
    assert [each["id"] for each in many.json["results"]] == ["try-1:0", "try-1:1"]


async def test_the_plain_shape_names_its_own_fields(api: Api) -> None:
    """Faults point to the fields as they were sent."""
    reply = await post_plain(
        api, {"type": "order.ready", "data": {}, "occurredAt": "noon", "schemaVersion": 9, "id": 5, "when": 1}
    )
    pointers = {each["pointer"] for each in reply.json["errors"]}
    assert (reply.status, pointers) == (422, {"/occurredAt", "/schemaVersion", "/id", "/when"})


@pytest.mark.parametrize(
    ("document", "headers", "status"),
    [
        ([{"type": "order.ready", "data": {}}], {"If-Match": '"3"'}, 412),
        ({"type": "order.ready", "data": {}, "id": "event-1", "source": "shop"}, {}, 409),
        ([{"type": "order.ready"}], {}, 422),
        ({"type": "order.ready", "data": {}}, {"Idempotency-Key": '""'}, 400),
        ({"type": "order.ready", "data": {}}, {"Idempotency-Key": "x" * 129}, 422),
        ([{}] * 501, {}, 413),
    ],
)
async def test_the_plain_shape_has_the_same_answers(
    api: Api, document: Any, headers: dict[str, str], status: int
) -> None:
    """Conflicts, faults and limits are those of CloudEvents."""
    await post(api, cloud_event())
    assert (await post_plain(api, document, headers=headers)).status == status


async def test_an_order_id_that_cannot_be_is_404(api: Api) -> None:
    """Ids are 1 to 128 bytes of visible ASCII."""
    for order_id in ("a%20b", "%00", "%C3%A9", "x" * 129):
        assert (await post_plain(api, {"type": "order.ready", "data": {}}, order_id)).status == 404


async def test_a_store_that_is_away_is_503(dsn: str, keyring: Keyring) -> None:
    """The answer says when to ask again, and that nothing is known."""
    async with await open_pool(dsn, name="tests") as pool, running_api(pool, keyring) as api:
        assert (await post(api, cloud_event())).status == 200
        await pool.close()
        for path in ("/v1/events", "/v1/orders/order-1/events"):
            reply = await api.send("POST", path, cloud_event(), token="admin")
            assert (reply.status, reply.problem, reply.headers["Retry-After"]) == (503, "unavailable", "1")
        reply = await post(api, cloud_event())
        assert (reply.status, reply.problem, reply.headers["Retry-After"]) == (503, "unavailable", "1")
