"""A thousand slow and greedy connections: how long until the last is cut off, and what the others notice."""

import asyncio
import socket
import statistics
import time

import aiohttp
import msgspec

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from bench.database import bed
from bench.processes import lockstep_environment, python
from bench.report import Figure, beside

RATE = 50
"""Requests a second of somebody else."""
HEAD = "GET /livez HTTP/1.1\r\nHost: bench\r\nX-Half"
BODY = (
    "POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer KEY\r\n"
    "Content-Type: application/cloudevents+json\r\nContent-Length: 200000\r\n\r\nhalf"
)
SCRIPT = "GET /track.js HTTP/1.1\r\nHost: bench\r\n\r\n"
DRIP_SECONDS = 1.0


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    sockets = 100 if quick else 1_000
    async with bed() as on:
        key, _ = await KeyStore(on.pool, on.keyring).create(
            name="bench", environment="test", scopes=[Scope.EVENTS_WRITE]
        )
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
        async with (
            python("bench.service", **lockstep_environment(on, "api,projector")) as (_, url),
            aiohttp.ClientSession(headers=headers) as session,
        ):
            port = int(url.rpartition(":")[2])
            for _ in range(200):
                await _post(session, url)
            usual = await _posted_for(session, url, 10.0)
            # nothing, half a head, a head drop by drop, half a body, and hundreds of answers that nobody reads
            kinds = ["", HEAD, HEAD, BODY.replace("KEY", key), SCRIPT * 200]
            began = time.monotonic()
            cut = asyncio.gather(
                *(until_cut(port, kinds[number % 5], drips=number % 5 == 2, deaf=number % 5 == 4)
                  for number in range(sockets))
            )  # fmt: skip
            beside_them = await _posted_for(session, url, 10.0)
            ends = [each - began for each in await cut]
    name, what = "hostile", f"{sockets:,} connections"
    return [
        Figure(name, f"{what}: until the last was cut off", max(ends), "s", target="≤ 30"),
        beside(name, f"{what}: p99 of a POST beside them", _p99(beside_them), "ms", "without them", _p99(usual), "≤ 2"),
    ]


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000


async def _post(session: aiohttp.ClientSession, url: str) -> float:
    began = time.monotonic()
    event = {"specversion": "1.0", "id": f"{began}", "source": "bench", "type": "order.ready",
             "subject": f"order-{began}", "data": {"deliveryTime": "2026-11-01T13:00:00Z"}}  # fmt: skip
    async with session.post(f"{url}/v1/events", data=msgspec.json.encode(event)) as response:
        if response.status != 200:
            raise RuntimeError(f"a request was answered {response.status}: {await response.text()}")
        await response.read()
    return time.monotonic() - began


async def _posted_for(session: aiohttp.ClientSession, url: str, seconds: float) -> list[float]:
    """Post at an even rate; give how long each took."""
    tasks = []
    for _ in range(int(seconds * RATE)):
        tasks.append(asyncio.create_task(_post(session, url)))
        await asyncio.sleep(1 / RATE)
    return [await each for each in tasks]


async def until_cut(port: int, sent: str, *, drips: bool, deaf: bool) -> float:
    """Open a connection, misbehave, and give the time at which the other side was gone."""
    own = socket.socket()
    own.setblocking(False)  # noqa: FBT003 - the standard library's own
    if deaf:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(own, ("127.0.0.1", port))
    try:
        await loop.sock_sendall(own, sent.encode())
        while True:
            if drips:
                await asyncio.sleep(DRIP_SECONDS)
                await loop.sock_sendall(own, b"x")
            elif deaf:
                # the end shows without reading: the other side's reset makes what is sent fail
                await asyncio.sleep(DRIP_SECONDS)
                await loop.sock_sendall(own, b"\r\n")
            elif not await loop.sock_recv(own, 65_536):
                return time.monotonic()
    except ConnectionError:
        return time.monotonic()
    finally:
        own.close()
