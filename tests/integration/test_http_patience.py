"""Slow and greedy clients: each is cut off in time, and nobody else notices."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import pytest
from aiohttp import web

from app.http.descriptors import allow_connections
from app.http.event_stream import stream
from app.http.limits import HttpLimits
from app.http.operation import Answer, describe
from app.http.routes import OPEN, Route
from events.metrics import REGISTRY
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import Api, cloud_event, exchange, running_api

SHORT: Final = HttpLimits(head=0.2, body=0.2, idle=0.3, unread=0.2)
EACH: Final = 10
TURNS: Final = 20
HEAP_BYTES: Final = 8_000_000
HALF_HEAD: Final = b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Half"
GET_LIVE: Final = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@describe(answers={200: Answer(what="Without an end.", media_type="text/event-stream")})
async def flood(request: web.Request) -> web.StreamResponse:
    """Stream without an end."""

    async def blocks() -> AsyncGenerator[str]:
        while True:
            yield f"data: {'x' * 4_000}\n\n"

    return await stream(request, blocks())


@describe(answers={200: Answer(what="A heap.", media_type="application/octet-stream")})
async def heap(_: web.Request) -> web.Response:
    """Answer with more than a kernel holds for one who reads little."""
    return web.Response(body=b"x" * HEAP_BYTES)


@asynccontextmanager
async def greedy_api(pool: Pool, keyring: Keyring, limits: HttpLimits = SHORT) -> AsyncIterator[Api]:
    """Run an edge with little patience, and with routes that give much."""
    more = (Route("GET", "/flood", flood, OPEN), Route("GET", "/heap", heap, OPEN))
    async with running_api(pool, keyring, limits=limits, more=more) as api:
        yield api


async def line(port: int, sent: bytes = b"", *, reads: bool = True) -> Line:
    """Open a connection and send something; whoever does not read has room for little."""
    own = socket.socket()
    if not reads:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    own.settimeout(0)
    await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=own, limit=1_024)
    writer.write(sent)
    return reader, writer


async def pieces(port: int, *sent: bytes) -> Line:
    """Open a connection and send pieces, each once the one before was taken."""
    opened = await line(port)
    opened[1].get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for each in sent:
        opened[1].write(each)
        for _ in range(10):
            # the server is on this loop: it has its turns
            await asyncio.sleep(0)
    return opened


async def until_cut(opened: Line) -> bytes:
    """Read on until the other side is gone."""
    reader, writer = opened
    received = b""
    try:
        while more := await reader.read(65_536):
            received += more
    except ConnectionResetError:
        pass
    writer.close()
    return received


def cut_off() -> dict[str, float]:
    """Give what the metrics say of connections that were closed from here, by why."""
    [family] = (each for each in REGISTRY.collect() if each.name == "lockstep_http_connections_cut")
    return {each.labels["why"]: each.value for each in family.samples if each.name.endswith("_total")}


async def drip(opened: Line, byte: bytes) -> None:
    """Send a byte now and then, until nobody takes it."""
    _, writer = opened
    try:
        while True:
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(0.02)
    except ConnectionError:
        return


async def test_fifty_slow_and_greedy_clients_are_cut_off_and_nobody_else_notices(pool: Pool, keyring: Keyring) -> None:
    """Silence, half a head, half a body, drops of a head, and answers and streams that nobody reads."""
    async with greedy_api(pool, keyring) as api:
        half_body = (
            f"POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.keys['admin']}\r\n"
            "Content-Type: application/cloudevents+json\r\nContent-Length: 200000\r\n\r\nhalf"
        ).encode()
        before = cut_off()
        silent = [await line(api.port, each) for each in (b"", HALF_HEAD, half_body) for _ in range(EACH)]
        dripping = [await line(api.port, HALF_HEAD) for _ in range(EACH)]
        deaf = [
            await line(api.port, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), reads=False)
            for path in ("/flood", "/heap")
            for _ in range(EACH // 2)
        ]
        drops = [asyncio.ensure_future(drip(each, b"x")) for each in dripping]

        cut = asyncio.gather(*(until_cut(each) for each in silent + dripping))
        statuses = set[int]()
        while not cut.done():
            statuses.add((await api.send("POST", "/v1/events", cloud_event(), token="admin")).status)
        ends = (await cut)[: len(silent)]
        assert statuses == {200}
        assert ends[:EACH] == [b""] * EACH, "who says nothing is told nothing"
        assert {each[:12] for each in ends[EACH:]} == {b"HTTP/1.1 408"}
        await asyncio.gather(*drops)
        counted = Counter(cut_off())
        counted.subtract(before)
        assert (counted["silent"], counted["head"], counted["body"]) == (EACH, 2 * EACH, EACH)
        # those that did not read find the end when they do: it came before the whole
        assert all(0 < len(each) < HEAP_BYTES for each in await asyncio.gather(*(until_cut(each) for each in deaf)))


async def test_a_head_that_is_too_slow_is_a_problem_document(pool: Pool, keyring: Keyring) -> None:
    """The answer has our shape although no request was ever read."""
    async with greedy_api(pool, keyring) as api:
        head, _, body = (await exchange(api.port, HALF_HEAD)).partition(b"\r\n\r\n")
    document = msgspec.json.decode(body)
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert (document["type"], document["status"]) == ("urn:lockstep:problem:too-slow", 408)
    assert f"X-Request-Id: {document['instance']}\r\n".encode() in head


async def test_the_next_head_on_a_connection_has_as_long_as_the_first(pool: Pool, keyring: Keyring) -> None:
    """A connection that was used well earns no more patience."""
    async with greedy_api(pool, keyring, HttpLimits(head=0.1)) as api:
        opened = await line(api.port, GET_LIVE)
        await opened[0].readuntil(b"\r\n\r\n")
        opened[1].write(HALF_HEAD)
        assert b"HTTP/1.1 408 Request Timeout" in await until_cut(opened)


POSTED: Final = b"POST /v1/nowhere HTTP/1.1\r\nHost: a\r\n"
CHUNKED: Final = POSTED + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
SIZED: Final = POSTED + b"Content-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize("before", [GET_LIVE, CHUNKED, SIZED, GET_LIVE + SIZED, SIZED + GET_LIVE, GET_LIVE * 33])
async def test_half_a_head_right_behind_a_request_has_as_long_as_any(
    pool: Pool, keyring: Keyring, before: bytes
) -> None:
    """It may come in one piece with the request before it, or cut anywhere."""
    sent = before + HALF_HEAD
    # as long as a busy machine takes for the first byte of a connection
    async with greedy_api(pool, keyring, HttpLimits(head=0.5, idle=60)) as api:
        lines = [await pieces(api.port, sent[:-split], sent[-split:]) for split in (0, 3, 30)]
        ends = await asyncio.gather(*map(until_cut, lines))
    assert [b"HTTP/1.1 408 Request Timeout" in each for each in ends] == [True] * 3, ends


async def test_half_a_head_that_comes_while_a_request_is_answered_waits_for_the_answer(
    pool: Pool, keyring: Keyring
) -> None:
    """What is under way is answered whole; then the connection is cut."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    @describe(answers={200: Answer(what="A greeting.", media_type="text/plain")})
    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await go_on.wait()
        return web.Response(text="hello")

    more = (Route("GET", "/slow", slow, OPEN),)
    async with running_api(pool, keyring, limits=HttpLimits(head=0.05, idle=60), more=more) as api:
        opened = await line(api.port, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await asked.wait()
        opened[1].write(HALF_HEAD)
        # longer than a head may take: whoever is served is not cut off
        await asyncio.sleep(0.15)
        go_on.set()
        head, _, body = (await until_cut(opened)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body.startswith(b"helloHTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize("sent", [GET_LIVE, CHUNKED, SIZED, GET_LIVE * 2 + b"\r\n"])
async def test_who_has_begun_no_other_request_is_idle(pool: Pool, keyring: Keyring, sent: bytes) -> None:
    """A connection that a proxy keeps is not taken for one that is slow, however its bytes were cut."""
    # whoever is taken for slow is told so after the time of a head, which is the longer one
    async with greedy_api(pool, keyring, HttpLimits(head=10, idle=0.1)) as api:
        lines = [await pieces(api.port, sent[:-split], sent[-split:]) for split in (0, 2, 6, 30)]
        ends = await asyncio.gather(*map(until_cut, lines))
    assert [(each.startswith(b"HTTP/1.1 "), b" 408 " in each) for each in ends] == [(True, False)] * 4, ends


async def test_a_connection_between_two_requests_is_closed_when_it_is_idle(pool: Pool, keyring: Keyring) -> None:
    """Its time is another than that of a head."""
    async with greedy_api(pool, keyring, HttpLimits(head=60, idle=0.1)) as api:
        assert (await until_cut(await line(api.port, GET_LIVE))).startswith(b"HTTP/1.1 200")


async def test_who_comes_to_a_full_house_is_told_when_to_come_again(pool: Pool, keyring: Keyring) -> None:
    """503 with `Retry-After` before anything is read; a place that becomes free is given to the next."""
    async with greedy_api(pool, keyring, HttpLimits(connections=2)) as api:
        here = [await line(api.port, GET_LIVE) for _ in range(2)]
        for reader, _ in here:
            await reader.readuntil(b"\r\n\r\n")
        head, _, body = (await exchange(api.port, b"POST /v1/events HTTP/1.1\r\nHost: a\r\n\r\n")).partition(
            b"\r\n\r\n"
        )
        assert cut_off()["full"] >= 1
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 5\r\n" in head
        assert msgspec.json.decode(body)["type"] == "urn:lockstep:problem:busy"
        here[0][1].close()
        await here[0][1].wait_closed()
        closing = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        while not (await exchange(api.port, closing)).startswith(b"HTTP/1.1 200"):
            pass
        here[1][1].close()


def test_no_more_connections_are_allowed_than_there_are_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The soft limit is raised as far as it may be, and what is left for connections is counted."""
    import resource

    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 4_096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: asked.append(both))
    assert (allow_connections(500), allow_connections(2_000), allow_connections(10_000)) == (500, 2_000, 3_840)
    assert asked == [(2_256, 4_096), (4_096, 4_096)]


async def test_who_asks_ahead_keeps_nobody_else_waiting(pool: Pool, keyring: Keyring) -> None:
    """While one waits for something, others that have sent many requests at once do not have a turn each."""
    begun = asyncio.Event()
    count, meanwhile = 0, 0

    @describe(answers={200: Answer(what="Nothing.", media_type="text/plain")})
    async def greedy(_: web.Request) -> web.Response:
        nonlocal count
        count += 1
        begun.set()
        return web.Response()

    @describe(answers={200: Answer(what="Nothing.", media_type="text/plain")})
    async def patient(_: web.Request) -> web.Response:
        nonlocal meanwhile
        before = count
        for _turn in range(TURNS):
            await asyncio.sleep(0)
        meanwhile = count - before
        return web.Response()

    more = (Route("GET", "/greedy", greedy, OPEN), Route("GET", "/patient", patient, OPEN))
    async with running_api(pool, keyring, more=more) as api:
        other = await line(api.port)
        lines = [await line(api.port) for _ in range(EACH)]
        for _, writer in lines:
            writer.write(b"GET /greedy HTTP/1.1\r\nHost: a\r\n\r\n" * EACH * TURNS)
        await begun.wait()
        other[1].write(b"GET /patient HTTP/1.1\r\nHost: a\r\n\r\n")
        await other[0].readuntil(b"\r\n\r\n")
        for _, writer in (*lines, other):
            writer.close()
    # the last request of what a connection has sent so far waits for nobody
    assert meanwhile <= TURNS + EACH
