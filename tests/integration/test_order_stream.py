"""The stream of a list: what changes in it, for those who may see it, from where they were."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta

import pytest

import app.order_follower as follower_module
from app.access.api_key import key_id_of
from app.order_follower import ListNews, OrderFollower
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from projections.order_list import OrderList, Sought, relist
from tests.conftest import Clock
from tests.integration.flow import Flow
from tests.integration.http_api import NOON, Api, running_api


@pytest.fixture
async def follower(pool: Pool, flow: Flow) -> OrderFollower:
    """Somebody has begun to follow a list of one order."""
    await flow.place("order-1")
    await flow.project("order-1")
    made = OrderFollower(OrderList(pool))
    assert (await told(made)).is_reset
    return made


@pytest.fixture
async def api(pool: Pool, keyring: Keyring, flow: Flow) -> AsyncIterator[Api]:
    """Run the edge over an order, with a follower that looks."""
    await flow.place("order-1")
    await flow.project("order-1")
    stop = asyncio.Event()
    async with running_api(pool, keyring) as running:
        looking = asyncio.create_task(running.edge.order_follower.run(stop))
        yield running
        running.edge.order_follower.close()
        stop.set()
        await looking


async def told(follower: OrderFollower, last_id: str = "", sought: Sought | None = None) -> ListNews:
    """Give what somebody is told at once who comes with an id."""
    async with aclosing(follower.follow(sought or Sought(), last_id, seconds=0)) as news:
        return await anext(news)


def ids(news: ListNews) -> tuple[bool, list[str], list[str]]:
    """Give what is told, in short."""
    return news.is_reset, [each.order_id for each in news.orders], list(news.left)


async def test_changes_come_by_a_line(api: Api, flow: Flow) -> None:
    """A new line begins with a reset; then orders come that are in the list, and the names of those that are not."""
    path = f"http://127.0.0.1:{api.port}/v1/orders/stream?status=placed&seconds=60"
    headers = {"Authorization": f"Bearer {api.keys['orders:read']}"}
    async with api.session.get(path, headers=headers) as line:
        assert line.headers["Content-Type"] == "text/event-stream"
        first = await line.content.readuntil(b"\n\n")
        assert first.startswith(b"retry: 3000\nevent: reset\ndata: {}\nid: ")
        await flow.place("order-2")
        await flow.project("order-2")
        api.edge.order_follower.hear(Ring("projector", folded=list(ALL_SLOTS)))
        second = await line.content.readuntil(b"\n\n")
        assert second.startswith(b'event: order\ndata: {"orderId":"order-2","kind":"order","status":"placed",')
        await flow.happen("order-1", "order.ready")
        await flow.project("order-1")
        api.edge.order_follower.hear(Ring("projector", folded=list(ALL_SLOTS)))
        third = await line.content.readuntil(b"\n\n")
        assert third.startswith(b'event: left\ndata: {"orderId":"order-1"}\nid: ')


@pytest.mark.parametrize("shown", ["key", "ticket"])
async def test_a_line_ends_with_the_key_or_the_ticket_that_opened_it(
    pool: Pool, keyring: Keyring, flow: Flow, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    """Whoever would not be let in any more is told nothing more; a line of somebody else goes on."""
    monkeypatch.setattr("app.http.event_stream.LET_IN_SECONDS", 0.0)
    now = [NOON]
    async with running_api(pool, keyring, clock=lambda: now[0]) as api:
        tokens = [api.ticket("customer-7") if shown == "ticket" else api.keys["orders:read"], api.keys["admin"]]

        async def change(name: str) -> None:
            await flow.place(name)
            await flow.project(name)
            await api.edge.order_follower.look()

        path = f"http://127.0.0.1:{api.port}/v1/orders/stream?seconds=60"
        lines = [await api.session.get(path, headers={"Authorization": f"Bearer {each}"}) for each in tokens]
        for each in lines:
            assert b"reset" in await each.content.readuntil(b"\n\n")
        await change("order-1")
        for each in lines:
            assert b"order-1" in await each.content.readuntil(b"\n\n")
        if shown == "key":
            assert await api.edge.key_store.revoke(key_id_of(tokens[0]) or "")
        else:
            now[0] += timedelta(hours=1)
        await change("order-2")
        assert await lines[0].content.read() == b""
        assert b"order-2" in await lines[1].content.readuntil(b"\n\n")
        api.edge.order_follower.close()


async def test_whoever_comes_again_goes_on_from_where_they_were(flow: Flow, follower: OrderFollower) -> None:
    """Each order once, as it is now; an id of another process, or none of ours, begins anew."""
    at = (await told(follower)).id
    for type_ in ("order.accepted", "order.ready"):
        await flow.happen("order-1", type_)
        await flow.project("order-1")
        await follower.look()
    await flow.place("order-2")
    await flow.project("order-2")
    await follower.look()

    news = await told(follower, at)
    assert ids(news) == (False, ["order-1", "order-2"], [])
    assert [each.status for each in news.orders] == ["ready", "placed"]
    assert (await told(follower, news.id)).is_empty
    for strange in ("", "other-1", at.replace("-", "-9"), f"{at}x", "-"):
        assert ids(await told(follower, strange)) == (True, [], [])


async def test_what_is_told_is_what_is_sought(flow: Flow, follower: OrderFollower) -> None:
    """Of another customer's orders nothing is told; of those that do not match, that they do not."""
    at = (await told(follower)).id
    await flow.place("order-8", "customer-8")
    await flow.happen("order-1", "order.ready")
    await flow.project("order-1", "order-8")
    await follower.look()

    assert ids(await told(follower, at, Sought(customer_id="customer-7"))) == (False, ["order-1"], [])
    assert ids(await told(follower, at, Sought(order_id="order-8"))) == (False, ["order-8"], [])
    assert ids(await told(follower, at, Sought(customer_id="customer-7", statuses=("placed",)))) == (
        False, [], ["order-1"]
    )  # fmt: skip
    assert ids(await told(follower, at, Sought(order_id="order-8", in_trouble=True))) == (False, [], ["order-8"])


async def test_a_commit_that_comes_late_is_told(flow: Flow, pool: Pool, follower: OrderFollower, clock: Clock) -> None:
    """Whatever has committed since, and though the clock has gone back."""
    at = (await told(follower)).id
    await pool.execute("UPDATE order_list SET status = 'late' WHERE subject_id = 'order-1'")
    async with pool.acquire() as connection, connection.transaction():
        await relist(connection, ["order-1"])
        await clock.advance(hours=1)
        await flow.place("order-2")
        await flow.project("order-2")
        await follower.look()
        assert ids(await told(follower, at)) == (False, ["order-2"], [])
    await follower.look()
    assert set(ids(await told(follower, at))[1]) == {"order-1", "order-2"}

    at = (await told(follower)).id
    await clock.advance(hours=-3)
    await flow.happen("order-2", "order.ready")
    await flow.project("order-2")
    await follower.look()
    assert ids(await told(follower, at)) == (False, ["order-2"], [])


async def test_whoever_is_too_far_behind_begins_anew(
    flow: Flow, follower: OrderFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By changes that are not kept any more, by more than are kept at once, and by a database of an earlier time."""
    monkeypatch.setattr(follower_module, "MOST_KEPT", 3)
    small = OrderFollower(follower._orders)
    at = (await told(small)).id
    for number in range(2, 6):
        await flow.place(f"order-{number}")
        await flow.project(f"order-{number}")
        await small.look()
    assert ids(await told(small, at)) == (True, [], [])

    at = (await told(small)).id
    for number in range(6, 10):
        await flow.place(f"order-{number}")
    await flow.project(*(f"order-{number}" for number in range(6, 10)))
    await small.look()
    assert ids(await told(small, at)) == (True, [], [])

    at = (await told(small)).id
    await flow.pool.execute("UPDATE order_list_slots SET changed_at = changed_at - interval '1 hour'")
    await small.look()
    assert ids(await told(small, at)) == (True, [], [])


async def test_a_process_holds_so_many_lines_and_no_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes beyond that is asked to come again."""
    monkeypatch.setattr(follower_module, "MOST_LINES", 0)
    refused = await api.send("GET", "/v1/orders/stream", token="orders:read")
    assert (refused.status, refused.problem, refused.headers["Retry-After"]) == (503, "busy", "5")
