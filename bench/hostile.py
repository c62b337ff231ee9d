"""A thousand slow and greedy connections: how long until the last is cut off, and what the others notice."""

import asyncio
import statistics
import sys
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
            crowd = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.crowd", str(port), str(sockets), key, stdout=asyncio.subprocess.PIPE
            )
            beside_them = await _posted_for(session, url, 10.0)
            told, _ = await crowd.communicate()
    name, what = "hostile", f"{sockets:,} connections"
    return [
        Figure(name, f"{what}: until the last was cut off", float(told), "s", target="≤ 30"),
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
