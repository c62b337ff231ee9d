"""Bare sends: both engines, another sender for APNs and plain httpx against one server in C, 100 in flight."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from uuid import UUID, uuid4

import httpx
from aioapns import APNs, NotificationRequest, PushType
from aioapns.connection import APNsProductionClientProtocol

from app.apns import payload
from app.apns.engine_transport import Engine, EngineTransport, TransportSettings
from app.apns.httpx_engine import HttpxEngine
from app.apns.pyqwest_engine import PyqwestEngine
from app.apns.request import ApnsRequest, Environment, build
from bench.processes import KEY_ID, TEAM_ID, new_key
from bench.report import Figure, beside
from bench.sink import Sink, sink

IN_FLIGHT = 100
TOKEN = f"{7:0160x}"
STATE = {"status": "out_for_delivery", "eta": 1_800_000_000, "courier": "Ilias", "note": "x" * 200}
BODY = payload.update(timestamp=1_800_000_000, content_state=str(STATE).replace("'", '"').encode())

Send = Callable[[], Awaitable[object]]


async def run(*, quick: bool) -> list[Figure]:
    """Measure.

    Raises:
        RuntimeError: the server is not installed.
    """
    pushes, rounds = (5_000, 1) if quick else (20_000, 3)
    named = senders()
    rates, costs = dict.fromkeys(named, 0.0), dict.fromkeys(named, 0.0)
    async with sink() as to:
        for _ in range(rounds):
            for name, sender in named.items():
                async with sender(to) as send:
                    # the slow ones would take minutes for what the fast one needs to be measured at all
                    each, cost = await rate(send, pushes if name == "rust" else pushes // 4)
                rates[name] += each / rounds
                costs[name] += cost / rounds
    rows = [
        beside("engine", f"{name}, {IN_FLIGHT} in flight", rates[name], "pushes/s", peer, rates[peer], target)
        for name, peer, target in (
            ("rust", "aioapns", "≥ 2.5"),
            ("rust", "plain httpx", "≥ 8"),
            ("httpx", "aioapns", ""),
            ("httpx", "plain httpx", "≥ 1"),
        )
    ]
    return rows + [Figure("engine", f"{name}, processor time", costs[name], "µs/push") for name in named]


def senders() -> dict[str, Callable[[Sink], AbstractAsyncContextManager[Send]]]:
    """Give what sends one push over one connection, by name."""
    return {
        "rust": partial(_engine, PyqwestEngine),
        "httpx": partial(_engine, HttpxEngine),
        "aioapns": _aioapns,
        "plain httpx": _plain_httpx,
    }


async def rate(send: Send, pushes: int) -> tuple[float, float]:
    """Give the pushes a second, and the microseconds of processor time a push, after the connection is warm."""
    await send()
    left = pushes

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await send()

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    taken = time.perf_counter() - began
    return pushes / taken, (time.process_time() - cpu) / pushes * 1e6


def _request() -> ApnsRequest:
    return build(
        environment=Environment.PRODUCTION,
        app="com.example.shop",
        token=TOKEN,
        apns_id=UUID(bytes=uuid4().bytes),
        priority=5,
        expiration=1_800_000_600,
        payload=BODY,
    )


@asynccontextmanager
async def _engine(make: Callable[..., Engine], to: Sink) -> AsyncIterator[Send]:
    settings = TransportSettings(base_urls={Environment.PRODUCTION: to.url})
    transport = EngineTransport(make(ca_file=to.ca_file), settings)

    async def send() -> None:
        answer = await transport.send(_request(), credential="TEAM/KEY", bearer="b" * 180, deadline_seconds=15.0)
        assert answer.status == 200

    yield send
    await transport.close()


@asynccontextmanager
async def _aioapns(to: Sink) -> AsyncIterator[Send]:
    class Protocol(APNsProductionClientProtocol):
        APNS_SERVER = "localhost"
        APNS_PORT = to.port

    context = ssl.create_default_context(cafile=to.ca_file)
    context.set_alpn_protocols(["h2"])
    key, _ = new_key()
    client = APNs(
        key=key, key_id=KEY_ID, team_id=TEAM_ID, topic="com.example.shop", max_connections=1, ssl_context=context
    )
    client.pool.protocol_class = Protocol
    message = {"aps": {"timestamp": 1_800_000_000, "event": "update", "content-state": STATE}}

    async def send() -> None:
        request = NotificationRequest(TOKEN, message, time_to_live=600, priority=5, push_type=PushType.LIVEACTIVITY)
        answer = await client.send_notification(request)
        assert answer.is_successful

    yield send
    client.pool.close()


@asynccontextmanager
async def _plain_httpx(to: Sink) -> AsyncIterator[Send]:
    context = ssl.create_default_context(cafile=to.ca_file)
    async with httpx.AsyncClient(http1=False, http2=True, verify=context, base_url=to.url, trust_env=False) as client:

        async def send() -> None:
            request = _request()
            headers = {
                "authorization": "bearer " + "b" * 180,
                "apns-id": request.apns_id,
                "apns-topic": request.topic,
                "apns-push-type": request.push_type,
                "apns-priority": str(request.priority),
                "apns-expiration": str(request.expiration),
            }
            answer = await client.post(f"/3/device/{request.token}", content=request.payload, headers=headers)
            assert answer.status_code == 200

        yield send
