"""`ETag` and the conditions that refer to it."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.flow import Flow
from tests.integration.http_api import Api, order_page, running_api


@pytest.fixture
async def api(pool: Pool, keyring: Keyring, flow: Flow) -> AsyncIterator[Api]:
    """Run the edge over an order."""
    await flow.place("order-1")
    await flow.place("order-2")
    await flow.project("order-1", "order-2")
    async with running_api(pool, keyring) as running:
        running.orders["order-1"] = order_page()
        yield running


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/order-1",
        "/v1/orders/order-1/state?version=1",
        "/v1/orders?limit=1",
        "/track.js",
        "/openapi.json",
    ],
)
async def test_what_the_caller_has_is_not_sent_again(api: Api, path: str) -> None:
    """304 without a body and with the ETag, for the tag as it came, among others, or weak."""
    reply = await api.send("GET", path, token="orders:read")
    tag = reply.headers["ETag"]
    for had in (tag, f'"other", W/{tag}', "*"):
        same = await api.send("GET", path, token="orders:read", headers={"If-None-Match": had})
        assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
        assert same.headers.get("Link") == reply.headers.get("Link")
    for had in ('"other"', "", tag[1:-1]):
        sent = await api.send("GET", path, token="orders:read", headers={"If-None-Match": had})
        assert (sent.status, sent.body) == (200, reply.body)


async def test_an_order_has_another_tag_when_its_cards_have_moved(api: Api) -> None:
    """Also at the same version; and a caller who sees less has another tag too."""
    path, page = "/v1/orders/order-1", api.orders["order-1"]
    before = (await api.send("GET", path, token="orders:read")).headers["ETag"]
    by_ticket = await api.send("GET", path, token=api.ticket("customer-7"), headers={"If-None-Match": before})
    assert by_ticket.status == 200
    api.orders["order-1"] = replace(page, cards=(replace(page.cards[0], phase="over"),))
    after = await api.send("GET", path, token="orders:read", headers={"If-None-Match": before})
    assert (after.status, after.headers["ETag"].partition("-")[0]) == (200, '"1')


async def test_the_tag_of_an_order_is_good_for_if_match(api: Api) -> None:
    """What matters of it is the version; the version alone is good too, and anything else is refused."""
    tag = (await api.send("GET", "/v1/orders/order-1", token="orders:read")).headers["ETag"]
    statuses = []
    for match in (tag, tag, '"2"', '"2', '"2-"', '"x-aaaaaaaaaaaaaaaaaaaaaaaa"', f"W/{tag}"):
        event = {"type": "order.note", "data": {"text": "a"}}
        reply = await api.send(
            "POST", "/v1/orders/order-1/events", event, token="events:write", headers={"If-Match": match}
        )
        statuses.append(reply.status)
    assert statuses == [200, 412, 200, 400, 400, 400, 400]
