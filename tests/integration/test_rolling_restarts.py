"""Processes are replaced one by one under load: nothing that was accepted is lost, and everything is accepted."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
import msgspec
import pytest

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.command_line import begin
from tests.integration.http_api import CLOUD_EVENT, cloud_event

SHOPS = 8


@dataclass
class Balancer:
    """What stands in front: the processes that take requests, and what became of these.

    Attributes:
        urls: Of the processes that have not been told to leave.
        accepted: The ids that were answered 200.
        answers: By status, and by the name of the error where there was none.
        news: Set once another event was accepted.
    """

    key: str
    urls: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_accepted(self, more: int) -> None:
        """Wait until so many more events were accepted."""
        goal = len(self.accepted) + more
        while len(self.accepted) < goal:
            self.news.clear()
            await self.news.wait()


async def shop(balancer: Balancer, session: aiohttp.ClientSession, name: str, stop: asyncio.Event) -> None:
    """Post one event after the other, each until it is accepted, as the rules for clients say."""
    headers = {"Authorization": f"Bearer {balancer.key}", "Content-Type": CLOUD_EVENT}
    for number in count():
        if stop.is_set():
            return
        event = cloud_event(id=f"{name}-{number}", subject=f"order-{name}")
        while not await post(balancer, session, headers, event):
            pass


async def post(
    balancer: Balancer, session: aiohttp.ClientSession, headers: dict[str, str], event: dict[str, str]
) -> bool:
    """Ask one of the processes; tell whether it has accepted the event."""
    url = balancer.urls[len(balancer.accepted) % len(balancer.urls)]
    try:
        async with session.post(f"{url}/v1/events", data=msgspec.json.encode(event), headers=headers) as response:
            await response.read()
    except aiohttp.ClientError as error:
        balancer.answers[type(error).__name__] += 1
        return False
    balancer.answers[str(response.status)] += 1
    if response.status != 200:
        await asyncio.sleep(int(response.headers["Retry-After"]))
        return False
    balancer.accepted.append(event["id"])
    balancer.news.set()
    return True


class Log:
    """The log of a process, read as it comes: a process whose log nobody reads stands still."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self._told: dict[str, asyncio.Future[dict[str, str]]] = {}
        assert running.stderr is not None
        self.read = asyncio.ensure_future(self._read(running.stderr))

    async def line_of(self, event: str) -> dict[str, str]:
        """Give the first line of an event once it is there."""
        line = self._line(event)
        either: set[asyncio.Future[Any]] = {line, self.read}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        assert line.done(), f"it ended without {event}"
        return line.result()

    def _line(self, event: str) -> asyncio.Future[dict[str, str]]:
        return self._told.setdefault(event, asyncio.get_running_loop().create_future())

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            told = msgspec.json.decode(line)
            first = self._line(told["event"])
            if not first.done():
                first.set_result(told)


@asynccontextmanager
async def process(dsn: str, balancer: Balancer) -> AsyncIterator[None]:
    """Run a process that takes requests; at the end it is told to leave, and leaves with nothing undone."""
    running = await begin("serve", "--role", "api", "--port", "0", dsn=dsn)
    log = Log(running)
    try:
        url = (await log.line_of("service_started"))["url"]
        balancer.urls.append(url)
        yield
        # it is told first, in the middle of what it does, and those in front hear of it later
        running.send_signal(signal.SIGTERM)
        await log.line_of("service_stopping")
        balancer.urls.remove(url)
        await log.line_of("service_stopped")
        assert await running.wait() == 0
    finally:
        if running.returncode is None:
            running.kill()
        await log.read
        await running.wait()


@pytest.mark.faults
async def test_processes_are_replaced_under_load_and_nothing_is_lost(dsn: str, pool: Pool, keyring: Keyring) -> None:
    """Three processes come and go; eight shops ask again where they got no answer, and each event is there once."""
    key, _ = await KeyStore(pool, keyring).create(name="shop", environment="test", scopes=[Scope.EVENTS_WRITE])
    balancer, stop = Balancer(key), asyncio.Event()
    async with aiohttp.ClientSession() as session, process(dsn, balancer), asyncio.TaskGroup() as shops:
        try:
            for name in range(SHOPS):
                shops.create_task(shop(balancer, session, str(name), stop))
            await balancer.until_accepted(100)
            for _ in range(2):
                async with process(dsn, balancer):
                    await balancer.until_accepted(100)
                await balancer.until_accepted(100)
        finally:
            stop.set()
    stored = [row["event_id"] for row in await pool.fetch("SELECT event_id FROM events WHERE slot BETWEEN 0 AND 255")]
    assert sorted(stored) == sorted(balancer.accepted)
    assert len({*stored}) == len(stored)
    assert {*balancer.answers} <= {"200", "503", "ServerDisconnectedError", "ClientOSError", "ClientConnectorError"}
