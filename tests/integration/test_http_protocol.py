"""What is no proper HTTP, and what breaks underneath."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime

import asyncpg
import msgspec
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from app.http.event_stream import stream
from app.http.limits import HttpLimits
from app.http.operation import Answer, describe
from app.http.routes import OPEN, Route, RouteWithoutRuleError
from app.http.server import build_app, run_http, serving
from app.logs import name_request
from app.order_page import OrderPage
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import CLOUD_EVENT, Api, cloud_event, exchange, running_api


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


def read(received: bytes) -> tuple[int, str, str]:
    """Give status, media type and kind of problem of raw bytes."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    document = msgspec.json.decode(body)
    assert document["instance"] == headers["x-request-id"]
    return int(lines[0].split()[1]), headers["content-type"], document["type"].rpartition(":")[2]


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9_000 + b"\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: minus\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_problem_document(api: Api, sent: bytes) -> None:
    """The 400 of aiohttp itself carries our shape and closes the connection."""
    assert read(await exchange(api.port, sent)) == (400, "application/problem+json", "bad-request")


@pytest.mark.parametrize("path", ["/livez", "/nowhere"])
async def test_an_expectation_that_nobody_knows_is_a_problem_document(api: Api, path: str) -> None:
    """417 comes from before the middleware."""
    sent = f"GET {path} HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n".encode()
    assert read(await exchange(api.port, sent)) == (417, "application/problem+json", "expectation-failed")


async def test_a_body_that_comes_too_slowly_is_408(pool: Pool, keyring: Keyring) -> None:
    """Half a body does not hold a handler for ever."""
    async with running_api(pool, keyring, limits=HttpLimits(body=0.05)) as api:
        sent = (
            f"POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.keys['admin']}\r\n"
            f"Content-Type: {CLOUD_EVENT}\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf"
        )
        assert read(await exchange(api.port, sent.encode())) == (408, "application/problem+json", "too-slow")


async def test_an_error_of_ours_is_500_without_internals(pool: Pool, keyring: Keyring) -> None:
    """The answer names the request id, the log the place; neither shows what the error said."""

    async def broken(_: str) -> OrderPage | None:
        raise RuntimeError("canary: internals")

    async with running_api(pool, keyring, read_order=broken) as api:
        with capture_logs(processors=[name_request]) as entries:
            reply = await api.send("GET", "/v1/orders/order-1", token="orders:read")
    assert (reply.status, reply.problem) == (500, "internal")
    assert "canary" not in reply.body.decode() + str(entries)
    assert [(each["event"], each["request_id"]) for each in entries] == [
        ("request_failed", reply.headers["X-Request-Id"]),
        ("request", reply.headers["X-Request-Id"]),
    ]
    assert (entries[0]["error"], "broken" in entries[0]["where"][-1]) == ("RuntimeError", True)


async def test_a_stream_that_breaks_is_cut_off_and_told_to_the_log(pool: Pool, keyring: Keyring) -> None:
    """Its answer has begun, so no other can follow within it; what is missing at its end says that it is not whole."""

    @describe(answers={200: Answer(what="A line.", media_type="text/event-stream")})
    async def breaks(request: web.Request) -> web.StreamResponse:
        async def blocks() -> AsyncGenerator[str]:
            yield "data: 1\n\n"
            raise RuntimeError("canary: internals")

        return await stream(request, blocks())

    sent = b"GET /breaks HTTP/1.1\r\nHost: a\r\n\r\n"
    async with running_api(pool, keyring, more=(Route("GET", "/breaks", breaks, OPEN),)) as api:
        with capture_logs() as entries:
            head, _, body = (await exchange(api.port, sent)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"9\r\ndata: 1\n\n\r\n"
    assert [each["event"] for each in entries] == ["request_failed", "request"]
    assert entries[1]["status"] == 500


async def test_data_that_postgres_refuses_is_422(pool: Pool, keyring: Keyring) -> None:
    """The safety net: an error of class 22 is the caller's."""

    async def unreadable(_: str) -> OrderPage | None:
        await pool.fetchval("SELECT $1::text || ''", "\0")
        raise AssertionError("Postgres takes no NUL")

    async with running_api(pool, keyring, read_order=unreadable) as api:
        reply = await api.send("GET", "/v1/orders/order-1", token="orders:read")
    assert (reply.status, reply.problem) == (422, "invalid-document")


async def test_a_readiness_that_breaks_is_500(pool: Pool, keyring: Keyring) -> None:
    """Whatever a probe raises is answered."""

    async def broken() -> Sequence[str]:
        raise asyncpg.InternalClientError("broken")

    async with running_api(pool, keyring, ready=broken) as api:
        assert (await api.send("GET", "/readyz")).problem == "internal"


async def test_a_route_without_a_rule_stops_the_start(api: Api) -> None:
    """Nobody adds a route past the table."""

    async def leak(_: web.Request) -> web.Response:
        raise AssertionError("never served")

    app = build_app(api.edge)
    app.router.add_get("/leak", leak)
    with pytest.raises(RouteWithoutRuleError, match="GET /leak"):
        async with serving(app, "127.0.0.1", 0):
            pass


async def test_other_parts_add_routes_with_their_rules(api: Api) -> None:
    """A route of another part is served under its rule."""

    @describe(answers={200: Answer(what="A greeting.", media_type="text/plain")})
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with serving(build_app(api.edge, [Route("GET", "/hello", hello, OPEN)]), "127.0.0.1", 0) as port:
        answered = await exchange(port, b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answered.endswith(b"hello")


async def test_a_request_under_way_is_finished_when_the_server_stops(pool: Pool, keyring: Keyring) -> None:
    """Stopping answers what was accepted, and listens no more."""
    asked, released = asyncio.Event(), asyncio.Event()

    async def slow(_: str) -> OrderPage | None:
        asked.set()
        await released.wait()
        return None

    async with running_api(pool, keyring, read_order=slow) as api:
        app, stop = build_app(api.edge), asyncio.Event()
        async with serving(build_app(api.edge), "127.0.0.1", 0) as free:
            pass
        server = asyncio.ensure_future(run_http(app, "127.0.0.1", free, stop))
        request = f"GET /v1/orders/o HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.keys['admin']}\r\n\r\n"
        await _until_listening(free)
        answer = asyncio.ensure_future(exchange(free, request.encode()))
        await asked.wait()
        stop.set()
        await asyncio.sleep(0)
        released.set()
        assert read(await answer)[0] == 404
        await server


async def test_the_clock_and_the_log_agree_on_a_default_time(api: Api) -> None:
    """An event without a time occurred when it came."""
    await api.send("POST", "/v1/events", cloud_event(time=None), token="admin")
    [event] = [each async for each in api.edge.store.read_subject("order-1")]
    assert event.occurred_at == api.edge.clock()
    assert isinstance(event.recorded_at, datetime)


async def _until_listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0)
        else:
            writer.close()
            await writer.wait_closed()
            return
