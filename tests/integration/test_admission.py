"""Overload: whoever finds no place is told when to come again, at once, and those who only wait take none."""

import asyncio

import pytest

from app.http.limits import HttpLimits
from app.order_page import OrderPage
from events.appender import Appender
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import CLOUD_EVENT, CLOUD_EVENTS, Api, Reply, cloud_event, order_page, running_api


async def half_of_a_body(
    api: Api, size_bytes: int, more: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin to send a body of this size, and give the line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(
        f"POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.keys['admin']}\r\n"
        f"Content-Type: {CLOUD_EVENT}\r\nContent-Length: {size_bytes}\r\n{more}\r\nhalf".encode()
    )
    await writer.drain()
    return reader, writer


async def post(api: Api) -> Reply:
    """Post an event."""
    return await api.send("POST", "/v1/events", cloud_event(), token="admin")


def busy(reply: Reply) -> bool:
    """Tell whether a reply asks to come again."""
    return (reply.status, reply.problem, reply.headers["Retry-After"]) == (503, "busy", "1")


async def test_one_request_too_many_is_asked_to_come_again(pool: Pool, keyring: Keyring) -> None:
    """The others are answered, probes too, and a place that becomes free is given to the next."""
    asked, released = asyncio.Semaphore(0), asyncio.Event()

    async def slow(order_id: str) -> OrderPage | None:
        asked.release()
        await released.wait()
        return order_page(order_id)

    async with running_api(pool, keyring, limits=HttpLimits(requests=2), read_order=slow) as api:
        first = [asyncio.ensure_future(api.send("GET", "/v1/orders/order-1", token="admin")) for _ in range(2)]
        for _ in first:
            await asked.acquire()
        assert busy(await api.send("GET", "/v1/orders/order-1", token="admin"))
        assert busy(await post(api))
        assert (await api.send("GET", "/livez")).status == 200
        released.set()
        assert [(await each).status for each in first] == [200, 200]
        assert (await post(api)).status == 200


async def test_who_waits_takes_no_place(pool: Pool, keyring: Keyring) -> None:
    """Half a body, a stream and a reader of the feed leave the only place to the next."""
    async with running_api(pool, keyring, limits=HttpLimits(requests=1)) as api:
        headers = {"Authorization": f"Bearer {api.keys['admin']}"}
        _, writer = await half_of_a_body(api, 100)
        async with api.session.get(f"http://127.0.0.1:{api.port}/v1/cards/stream", headers=headers) as stream:
            await stream.content.readline()
            feed = asyncio.ensure_future(api.send("GET", "/v1/events?wait=10", token="events:read"))
            while (first := await post(api)).status == 503:  # the feed's reader may just be on its way in
                assert busy(first)
            assert first.status == 200
            api.edge.feed.wake()
            await feed
        writer.close()


async def test_bodies_that_come_slowly_have_only_so_much_room(pool: Pool, keyring: Keyring) -> None:
    """One too many is turned away unread; what came at once needs none; the room of one who hangs up is free again."""
    async with running_api(pool, keyring, limits=HttpLimits(bodies_mib=1)) as api:
        lines = [await half_of_a_body(api, 250_000) for _ in range(5)]
        answers = [asyncio.ensure_future(reader.readline()) for reader, _ in lines]
        turned_away, _ = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
        assert [each.result() for each in turned_away] == [b"HTTP/1.1 503 Service Unavailable\r\n"]
        assert (await post(api)).status == 200
        for _, writer in lines:
            writer.close()
        await asyncio.gather(*answers)
        while True:
            reader, writer = await half_of_a_body(api, 250_000, "Expect: 100-continue\r\n")
            # from here on it does not come at once with its head
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"x" * 249_996)
            status = await reader.readline()
            writer.close()
            if status.startswith(b"HTTP/1.1 422"):
                break


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/v1/events", CLOUD_EVENT), ("/v1/events", CLOUD_EVENTS), ("/v1/orders/order-1/events", "application/json")],
)
async def test_events_are_refused_unread_while_too_many_wait(
    pool: Pool, keyring: Keyring, path: str, media_type: str
) -> None:
    """Overload costs no reading: a body that is no document is told the same."""
    async with running_api(pool, keyring) as api:
        full = Appender(api.edge.store, lambda _: None, waiting_events=499)
    async with running_api(pool, keyring, appender=full) as api:
        assert busy(await api.send("POST", path, body=b"{", media_type=media_type, token="admin"))
    almost = Appender(api.edge.store, lambda _: None, batch_events=0, waiting_events=0)
    async with running_api(pool, keyring, appender=almost) as api:
        assert busy(await api.send("POST", "/v1/events", cloud_event(), token="admin"))
