"""Delivery times over HTTP: what became of each, and what is wrong with some."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import Api, Reply, running_api

LATER = "2025-11-01T12:40:00Z"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge, without any worker."""
    async with running_api(pool, keyring) as running:
        yield running


async def put(api: Api, document: Any, order_id: str = "order-1") -> Reply:
    """Put a delivery time."""
    return await api.send("PUT", f"/v1/orders/{order_id}/eta", document, token="events:write")


async def test_an_answer_says_what_became_of_it(api: Api) -> None:
    """Recorded with its version, waiting with a time, unchanged, or overtaken by one that is newer."""
    documents = [
        {"deliveryTime": LATER, "at": "2025-11-01T12:00:00Z"},
        {"deliveryTime": "2025-11-01T13:40:00.5+01:00", "at": "2025-11-01T12:00:01Z", "source": "courier"},
        {"deliveryTime": "2025-11-01T12:40:20Z", "at": "2025-11-01T12:00:02Z"},
        {"deliveryTime": "2025-11-01T12:50:00Z", "at": "2025-11-01T12:00:01Z"},
    ]
    answers = [(await put(api, each)).json for each in documents]
    until = answers[2].pop("until")

    assert answers == [
        {"outcome": "recorded", "version": 1},
        {"outcome": "unchanged"},
        {"outcome": "waiting"},
        {"outcome": "overtaken"},
    ]
    assert until.endswith("Z")
    [event] = (await api.send("GET", "/v1/orders/order-1/events", token="orders:read")).json["events"]
    assert (event["type"], event["data"], event["source"]) == (
        "order.eta_changed", {"deliveryTime": LATER}, "api",
    )  # fmt: skip
    assert event["occurredAt"] == "2025-11-01T12:00:00Z"


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({}, [""]),
        ({"deliveryTime": "soon"}, ["/deliveryTime"]),
        ({"deliveryTime": "2025-11-01T12:40:00"}, ["/deliveryTime"]),
        ({"deliveryTime": LATER, "reason": "rain"}, [""]),
        ({"deliveryTime": "1999-11-01T12:40:00Z", "at": "1999-11-01T12:40:00Z", "source": "lockstep"},
         ["/at", "/source", "/deliveryTime"]),
        ({"deliveryTime": LATER, "source": "two words"}, ["/source"]),
        ([], [""]),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(api: Api, document: Any, pointers: list[str]) -> None:
    """As for events; nothing is kept of it."""
    reply = await put(api, document)

    assert (reply.status, reply.problem) == (422, "invalid-document")
    assert [each["pointer"] for each in reply.json["errors"]] == pointers
    assert (await api.send("GET", "/v1/orders/order-1/events", token="orders:read")).status == 404
