"""Five times what a process can take, for a minute: what it goes on to store, how fast, and what it tells the rest."""

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import aiohttp
import msgspec

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from bench.database import bed
from bench.processes import lockstep_environment, python, resident_bytes
from bench.report import Figure, beside

EVENTS = 500
"""In a request: so that the client has little to do, and can offer five times what a server takes."""
CALLERS = 8
TIMES = 5
MEGABYTE = 1_048_576
_NUMBERS = count()
_BODY = msgspec.json.encode(
    [
        {"specversion": "1.0", "id": f"NUMBER-{each}", "source": "bench", "type": "order.ready",
         "subject": f"order-NUMBER-{each}", "time": "2026-11-01T12:00:00Z",
         "data": {"deliveryTime": "2026-11-01T13:00:00Z"}}
        for each in range(EVENTS)
    ]
)  # fmt: skip


@dataclass
class Offered:
    """What became of requests.

    Attributes:
        seconds: How long each that was stored took.
        answers: By status, and by the name of the error where there was none.
        without_time: Refusals that do not say when to come again.
    """

    seconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    without_time: int = 0

    @property
    def p99(self) -> float:
        """Give the 99th percentile of what was stored, in milliseconds."""
        return statistics.quantiles(self.seconds, n=100)[98] * 1000


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    seconds = 10.0 if quick else 60.0
    async with bed() as on:
        key, _ = await KeyStore(on.pool, on.keyring).create(
            name="bench", environment="test", scopes=[Scope.EVENTS_WRITE]
        )
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"}
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            python("bench.service", **lockstep_environment(on, "api")) as (pid, url),
            aiohttp.ClientSession(connector=connector, headers=headers) as session,
        ):
            await _closed(session, url, 2.0)
            usual = await _closed(session, url, 5.0)
            capacity = len(usual.seconds) / 5.0
            before = resident_bytes(pid) / MEGABYTE
            flood, peak = await _open(session, url, capacity * TIMES, seconds, pid)
            await asyncio.sleep(2)
            after = await _closed(session, url, 5.0)
        stored = await on.pool.fetchval("SELECT sum(version) FROM heads WHERE slot BETWEEN 0 AND 255")
    told = sum(len(each.seconds) for each in (usual, flood, after)) * EVENTS
    if stored < told:
        raise AssertionError(f"{told:,} events were acknowledged, and {stored:,} are stored")
    name, away = "overload", f"{TIMES} times capacity for {seconds:g} s"
    answers = ", ".join(f"{status}: {number:,}" for status, number in sorted(flood.answers.items()))
    strange = sum(number for status, number in flood.answers.items() if status not in {"200", "429", "503"})
    goodput = len(flood.seconds) / seconds
    return [
        beside(name, f"{away}: stored", goodput * EVENTS, "events/s", "capacity", capacity * EVENTS, "≥ 0.5"),
        Figure(name, f"{away}: p99 of what was stored", flood.p99, "ms", f"at capacity {usual.p99:,.0f} ms",
               target="≤ 3000"),
        Figure(name, f"{away}: neither stored nor refused", strange, "", answers, target="≤ 0"),
        Figure(name, f"{away}: refused without Retry-After", flood.without_time, "", target="≤ 0"),
        Figure(name, f"{away}: most memory", peak, "MB", f"before: {before:,.0f} MB", target="≤ 500"),
        beside(name, "two seconds later: stored", len(after.seconds) / 5.0 * EVENTS, "events/s", "before",
               capacity * EVENTS, "≥ 0.7"),
    ]  # fmt: skip


async def _closed(session: aiohttp.ClientSession, url: str, seconds: float) -> Offered:
    """Let some callers ask one request after the other."""
    offered, until = Offered(), time.monotonic() + seconds

    async def call() -> None:
        while time.monotonic() < until:
            await _post(session, url, offered)

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return offered


async def _open(
    session: aiohttp.ClientSession, url: str, rate: float, seconds: float, pid: int
) -> tuple[Offered, float]:
    """Send at a rate, whatever comes of it; give the most memory of the server beside."""
    offered, began, peak = Offered(), time.monotonic(), 0.0
    sent, under_way = 0, set[asyncio.Task[None]]()
    while (spent := time.monotonic() - began) < seconds:
        while sent < spent * rate:
            sent += 1
            task = asyncio.create_task(_post(session, url, offered))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        peak = max(peak, resident_bytes(pid) / MEGABYTE)
        await asyncio.sleep(0.01)
    await asyncio.gather(*under_way)
    return offered, peak


async def _post(session: aiohttp.ClientSession, url: str, offered: Offered) -> None:
    body = _BODY.replace(b"NUMBER", str(next(_NUMBERS)).encode())
    began = time.monotonic()
    try:
        async with session.post(f"{url}/v1/events", data=body) as response:
            await response.read()
    except aiohttp.ClientError as error:
        offered.answers[type(error).__name__] += 1
        return
    offered.answers[str(response.status)] += 1
    if response.status == 200:
        offered.seconds.append(time.monotonic() - began)
    elif "Retry-After" not in response.headers:
        offered.without_time += 1
