"""Orders, tickets and health over HTTP."""

import json
from collections.abc import AsyncIterator

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import Api, cloud_event, order_page, running_api


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def post_notes(api: Api, count: int) -> None:
    """Store some events of order-1."""
    notes = [{"type": "order.note", "data": {"text": f"note {n}"}, "id": f"n{n}"} for n in range(1, count + 1)]
    reply = await api.send("POST", "/v1/orders/order-1/events", notes, token="events:write")
    assert reply.status == 200


async def test_an_order_is_shown_as_it_stands(api: Api) -> None:
    """The answer has version, status, content state and cards, and the ETag begins with the version."""
    api.orders["order-1"] = order_page()
    reply = await api.send("GET", "/v1/orders/order-1", token="orders:read")
    assert reply.status == 200
    assert reply.headers["ETag"].startswith('"1-')
    assert reply.json == {
        "orderId": "order-1",
        "customerId": "customer-7",
        "version": 1,
        "viewVersion": 1,
        "status": "placed",
        "over": False,
        "contentState": {"status": "placed"},
        "whyNot": None,
        "cards": [
            {
                "cardId": "card-1",
                "deviceId": "phone-1",
                "attributesType": "OrderAttributes",
                "phase": "shown",
                "consideredVersion": 1,
                "acceptedVersion": None,
                "outcome": None,
                "why": None,
            }
        ],
        "archivedAt": None,
        "archivedTo": None,
    }


async def test_an_order_is_explained(api: Api) -> None:
    """State, reason, why and next step are there, and what happened without what it carried."""
    await post_notes(api, 1)
    reply = await api.send("GET", "/v1/orders/order-1/explain", token="orders:read")

    assert reply.status == 200
    assert (reply.json["orderId"], reply.json["version"], reply.json["viewVersion"]) == ("order-1", 1, 0)
    assert reply.json["finding"]["reason"] == "folding"
    assert set(reply.json["finding"]) == {"reason", "state", "why", "nextStep", "since", "sinceWhat", "until"}
    assert [(each["type"], each["folded"]) for each in reply.json["events"]] == [("order.note", False)]
    assert b"note 1" not in reply.body


async def test_an_explanation_tells_states_when_it_is_asked_to(api: Api) -> None:
    """Each event with what the order showed after it, its size, and what changed."""
    await api.send("POST", "/v1/events", cloud_event(), token="events:write")
    await post_notes(api, 1)
    reply = await api.send("GET", "/v1/orders/order-1/explain?states=true", token="orders:read")
    noted, placed = (each["after"] for each in reply.json["events"])

    assert (placed["status"], placed["changed"]) == ("placed", ["status", "progress", "history"])
    assert (noted["contentState"]["note"], noted["changed"]) == ("note 1", ["history", "note"])
    assert noted["contentBytes"] == len(json.dumps(noted["contentState"], separators=(",", ":")))
    odd = await api.send("GET", "/v1/orders/order-1/explain?states=1", token="orders:read")
    assert (odd.problem, odd.json["detail"]) == ("bad-request", "states is to be true or false.")


async def test_a_state_is_told_of_a_time_and_of_a_version(api: Api) -> None:
    """What was recorded, with the events that made it so, and no cards where there were none."""
    await api.send("POST", "/v1/events", cloud_event(), token="events:write")
    await post_notes(api, 1)
    later = {"type": "order.note", "data": {"text": "note 2"}}
    await api.send("POST", "/v1/orders/order-1/events", later, token="events:write")
    then = await api.send("GET", "/v1/orders/order-1/state?version=2", token="orders:read")
    recorded = then.json["recorded"]

    assert (then.status, then.json["at"], then.json["headVersion"], then.json["cards"]) == (200, None, 3, [])
    assert (recorded["version"], recorded["contentState"]["note"]) == (2, "note 1")
    assert [(each["type"], each["changed"]) for each in recorded["events"]] == [
        ("order.placed", ["status", "progress", "history"]),
        ("order.note", ["history", "note"]),
    ]
    by_time = await api.send(
        "GET", f"/v1/orders/order-1/state?at={recorded['events'][1]['recordedAt']}", token="orders:read"
    )
    assert by_time.json["recorded"] == recorded


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "one of the two"),
        ("at=2025-11-01T12:03:00Z&version=1", "one of the two"),
        ("at=2025-11-01T12:03:00+01:00", "%2B"),
        ("at=noon", "2025-11-01T12:03:00Z"),
        ("at=2099-01-01T00:00:00Z", "has not come"),
        ("version=one", "1 or more"),
        ("version=2", "the order is at version 1"),
    ],
)
async def test_a_point_that_cannot_be_is_400_and_says_why(api: Api, query: str, said: str) -> None:
    """The answer says what to give."""
    await post_notes(api, 1)
    reply = await api.send("GET", f"/v1/orders/order-1/state?{query}", token="orders:read")

    assert (reply.status, reply.problem) == (400, "bad-request")
    assert said in reply.json["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/order-1",
        "/v1/orders/order-1/events",
        "/v1/orders/order-1/explain",
        "/v1/orders/order-1/state?version=1",
        "/v1/orders/%00",
    ],
)
async def test_an_order_that_is_not_there_is_404(api: Api, path: str) -> None:
    """Unknown orders are not found."""
    assert (await api.send("GET", path, token="orders:read")).problem == "not-found"


async def test_events_are_shown_page_by_page(api: Api) -> None:
    """Every event comes once, in order, and `nextAfter` ends with the last page."""
    await post_notes(api, 5)
    seen: list[tuple[int, str]] = []
    after: int | None = 0
    for _ in range(3):
        reply = await api.send("GET", f"/v1/orders/order-1/events?after={after}&limit=2", token="orders:read")
        seen += [(event["version"], event["data"]["text"]) for event in reply.json["events"]]
        after = reply.json["nextAfter"]
    assert seen == [(n, f"note {n}") for n in range(1, 6)]
    assert after is None
    beyond = await api.send("GET", "/v1/orders/order-1/events?after=5", token="orders:read")
    assert (beyond.status, beyond.json["events"]) == (200, [])


async def test_an_event_is_shown_with_all_that_is_known_of_it(api: Api) -> None:
    """Times, source, type and data of an event, in today's shape."""
    await api.send("POST", "/v1/events", cloud_event(traceparent="00-a-01"), token="events:write")
    reply = await api.send("GET", "/v1/orders/order-1/events", token="orders:read")
    [event] = reply.json["events"]
    assert event.pop("recordedAt").endswith("Z")
    assert event == {
        "version": 1,
        "id": "event-1",
        "source": "shop",
        "type": "order.placed",
        "schemaVersion": 1,
        "data": {"customerId": "customer-7", "merchantName": "Taverna Ilios"},
        "occurredAt": "2025-11-01T11:59:00Z",
        "traceparent": "00-a-01",
    }


async def test_an_event_that_only_a_newer_release_reads_is_shown_as_it_is(api: Api, pool: Pool) -> None:
    """An unknown type comes with its stored data."""
    await post_notes(api, 1)
    await pool.execute(
        "INSERT INTO events SELECT slot, subject_id, 2, source, 'new', 'order.teleported', 3, digest, '{\"to\": 1}', "
        "NULL, occurred_at, recorded_at, NULL FROM events"
    )
    reply = await api.send("GET", "/v1/orders/order-1/events?after=1", token="orders:read")
    [event] = reply.json["events"]
    assert (event["type"], event["schemaVersion"], event["data"]) == ("order.teleported", 3, {"to": 1})


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=501", "limit=1e3", "after=" + "9" * 40])
async def test_a_page_that_makes_no_sense_is_400(api: Api, query: str) -> None:
    """The answer names the field."""
    reply = await api.send("GET", f"/v1/orders/order-1/events?{query}", token="orders:read")
    assert (reply.status, reply.problem) == (400, "bad-request")


async def test_a_ticket_is_minted_and_opens_what_it_should(api: Api) -> None:
    """A shop's backend gets a ticket for its customer, with its end."""
    api.orders["order-1"] = order_page()
    wanted = {"customerId": "customer-7", "ttlSeconds": 60}
    reply = await api.send("POST", "/v1/tickets", wanted, token="devices:write")
    assert (reply.status, reply.json["expiresAt"]) == (200, "2025-11-01T12:01:00Z")
    assert (await api.send("GET", "/v1/orders/order-1", token=reply.json["ticket"])).status == 200


@pytest.mark.parametrize(
    "wanted",
    [{}, {"customerId": ""}, {"customerId": "a b"}, {"orderId": "o", "ttlSeconds": 86_401}, {"sub": "x"}, [], 5],
)
async def test_a_ticket_for_nobody_or_for_too_long_is_422(api: Api, wanted: object) -> None:
    """The answer names the place."""
    reply = await api.send("POST", "/v1/tickets", wanted, token="devices:write")
    assert (reply.status, reply.problem) == (422, "invalid-document")


async def test_a_ticket_is_asked_for_in_json(api: Api) -> None:
    """Another media type is 415, too large is 413."""
    for body, media_type, word in (
        (b"{}", "text/plain", "media-type"),
        (b" " * 262_145, "application/json", "too-large"),
    ):
        reply = await api.send("POST", "/v1/tickets", body=body, media_type=media_type, token="devices:write")
        assert reply.problem == word


async def test_health_needs_no_key(api: Api) -> None:
    """Alive is always 200; ready is 503 with the reasons."""
    assert [(await api.send("GET", path)).status for path in ("/livez", "/readyz")] == [200, 200]
    api.not_ready.append("draining")
    assert (await api.send("GET", "/livez")).status == 200
    reply = await api.send("GET", "/readyz")
    assert (reply.status, reply.problem, reply.json["detail"]) == (503, "not-ready", "draining")


async def test_what_is_not_routed_is_a_problem_too(api: Api) -> None:
    """404 and 405 of the router are problem documents, for everybody."""
    assert (await api.send("GET", "/v2")).problem == "not-found"
    reply = await api.send("PATCH", "/v1/events")
    assert (reply.status, reply.problem, reply.headers["Allow"]) == (
        405,
        "method-not-allowed",
        "GET, HEAD, OPTIONS, POST",
    )


async def test_a_sane_request_id_comes_back(api: Api) -> None:
    """What could disturb a log is replaced."""
    sane = await api.send("GET", "/livez", headers={"X-Request-Id": "shop-1.2:a_b"})
    assert sane.headers["X-Request-Id"] == "shop-1.2:a_b"
    for odd in ("a b", "x" * 129, 'a"b', "é"):
        reply = await api.send("GET", "/livez", headers={"X-Request-Id": odd})
        assert len(reply.headers["X-Request-Id"]) == 32
