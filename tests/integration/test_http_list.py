"""Lists of orders over HTTP: who sees which, and how pages follow."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.flow import Flow
from tests.integration.http_api import Api, running_api


@pytest.fixture
async def api(pool: Pool, keyring: Keyring, flow: Flow) -> AsyncIterator[Api]:
    """Run the edge over orders of two customers."""
    for number in range(4):
        await flow.place(f"order-{number}", f"customer-{number % 2}")
        await flow.project(f"order-{number}")
    async with running_api(pool, keyring) as running:
        yield running


async def listed(api: Api, query: str = "", ticket: str | None = None) -> list[str]:
    """Name the orders of a page, for a service unless a ticket asks."""
    reply = await api.send("GET", f"/v1/orders{query}", token=ticket or "orders:read")
    assert reply.status == 200, reply.body
    return [each["orderId"] for each in reply.json["orders"]]


async def test_orders_are_listed_as_they_stand(api: Api) -> None:
    """Those that changed last come first, each with what it is filtered by, and when that changed."""
    reply = await api.send("GET", "/v1/orders?limit=1", token="orders:read")
    [order] = reply.json["orders"]
    changed_at = order.pop("changedAt")
    assert changed_at.endswith("Z")
    assert order == {
        "orderId": "order-3",
        "kind": "order",
        "status": "placed",
        "over": False,
        "customerId": "customer-1",
        "trouble": None,
    }
    assert await listed(api) == ["order-3", "order-2", "order-1", "order-0"]


async def test_a_page_links_to_the_next(api: Api) -> None:
    """`Link` and `nextAfter` go on in the same list until its end."""
    path, found, pages = "/v1/orders?status=placed&status=ready&limit=2", [], 0
    while path:
        reply = await api.send("GET", path, token="orders:read")
        found += [each["orderId"] for each in reply.json["orders"]]
        pages += 1
        link = reply.headers.get("Link", "")
        assert (reply.json["nextAfter"] is None) == (link == "")
        assert not link or link.endswith('>; rel="next"')
        path = link[1 : link.index(">")] if link else ""
    assert (found, pages) == (["order-3", "order-2", "order-1", "order-0"], 2)


async def test_a_cursor_is_good_for_its_own_list_alone(api: Api) -> None:
    """Other filters, another caller, a changed text: 400, which names the field."""
    reply = await api.send("GET", "/v1/orders?customer=customer-0&limit=1", token="orders:read")
    cursor = reply.json["nextAfter"]
    assert await listed(api, f"?customer=customer-0&after={cursor}") == ["order-0"]
    assert await listed(api, f"?after={cursor}", api.ticket("customer-0")) == ["order-0"]
    for query in (f"?after={cursor}", f"?customer=customer-1&after={cursor}", f"?customer=customer-0&after={cursor}A",
                  "?after=", "?after=%C3%A9", f"?after={'A' * 600}"):  # fmt: skip
        refused = await api.send("GET", f"/v1/orders{query}", token="orders:read")
        assert (refused.status, refused.problem) == (400, "bad-request")
        assert refused.json["errors"][0]["pointer"] == "/after"


async def test_orders_are_searched(api: Api) -> None:
    """By the beginning of an id, page by page; a ticket finds its own alone."""
    reply = await api.send("GET", "/v1/orders?search=order-&limit=3", token="orders:read")
    assert [each["orderId"] for each in reply.json["orders"]] == ["order-0", "order-1", "order-2"]
    assert await listed(api, f"?search=order-&after={reply.json['nextAfter']}") == ["order-3"]
    assert await listed(api, "?search=customer-1") == ["order-1", "order-3"]
    assert await listed(api, "?search=order-", api.ticket("customer-0")) == ["order-2", "order-0"]
    assert await listed(api, "?search=order-1", api.ticket("customer-0")) == []


async def test_a_ticket_lists_its_own_orders(api: Api) -> None:
    """Those of its customer, or the one that it names; a list of somebody else is not there."""
    assert await listed(api, "", api.ticket("customer-0")) == ["order-2", "order-0"]
    assert await listed(api, "?customer=customer-0&status=ready", api.ticket("customer-0")) == []
    assert await listed(api, "", api.ticket(None, "order-1")) == ["order-1"]
    assert await listed(api, "", api.ticket("customer-9", "order-1")) == []
    for token in (api.ticket("customer-0"), api.ticket(None, "order-1")):
        refused = await api.send("GET", "/v1/orders?customer=customer-1", token=token)
        assert (refused.status, refused.problem) == (404, "not-found")


@pytest.mark.parametrize(
    ("query", "word"),
    [("status=", "status"), ("customer=", "customer"), ("customer=%00", "customer"), ("status=a%00", "status"),
     ("trouble=yes", "trouble"), ("limit=0", "limit"), ("limit=501", "limit"),
     ("search=", "search"), ("search=%C3%A9", "search"),
     ("&".join(f"status=s{n}" for n in range(21)), "status"), ("&".join(["status=placed"] * 21), "status")],
)  # fmt: skip
async def test_a_filter_that_makes_no_sense_is_named(api: Api, query: str, word: str) -> None:
    """400 says which it is."""
    refused = await api.send("GET", f"/v1/orders?{query}", token="orders:read")
    assert (refused.status, refused.problem) == (400, "bad-request")
    detail: Any = refused.json["detail"]
    assert word in detail
