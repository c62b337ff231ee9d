"""From POST to the push received, at 100 events a second: one Lockstep process, simulator and load in another."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from app.simulator.chance import CALM
from app.simulator.simulator import DEFAULT_BUNDLE_ID, Options, Simulator
from bench.database import Bed, bed
from bench.processes import KEY_ID, TEAM_ID, lockstep_environment, new_key, python
from bench.report import Figure

RATE = 100
ORDERS = 300
ALL_ROLES = "api,projector,matcher,dispatcher"


@dataclass(frozen=True)
class Stage:
    """A running service with phones that wait for pushes."""

    simulator: Simulator
    client: aiohttp.ClientSession
    url: str
    pid: int


@asynccontextmanager
async def stage(on: Bed) -> AsyncIterator[Stage]:
    """Start a simulator here and a service in a process of its own."""
    private, public = new_key()
    with tempfile.TemporaryDirectory() as directory:
        simulator = await Simulator.start(Path(directory), options=Options(profile=CALM))
        simulator.register_key(TEAM_ID, KEY_ID, public)
        key, _ = await KeyStore(on.pool, on.keyring).create(name="bench", environment="test", scopes=[Scope.ADMIN])
        environment = lockstep_environment(
            on,
            ALL_ROLES,
            LOCKSTEP_APNS_TEAM_ID=TEAM_ID,
            LOCKSTEP_APNS_KEY_ID=KEY_ID,
            LOCKSTEP_APNS_KEY=private,
            LOCKSTEP_APNS_SANDBOX_URL=simulator.apns_url,
            LOCKSTEP_APNS_CA_FILE=str(simulator.ca_file),
        )
        async with (
            python("bench.service", **environment) as (pid, url),
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as client,
        ):
            simulator.lockstep_url = url
            yield Stage(simulator, client, url, pid)
        await simulator.stop()


async def post(on: Stage, order: str, type_: str, event_id: str, data: Mapping[str, object]) -> None:
    """Post one event."""
    body = {"type": type_, "id": event_id, "source": "bench", "data": data}
    async with on.client.post(f"{on.url}/v1/orders/{order}/events", json=body) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {await answer.text()}")


async def show_cards(on: Stage, orders: int) -> None:
    """Sign in a phone an order and wait until each shows its card and has told its update token."""
    for number in range(orders):
        async with on.client.post(f"{on.url}/v1/tickets", json={"customerId": f"customer-{number}"}) as answer:
            ticket = (await answer.json())["ticket"]
        on.simulator.install_phone(
            customer_id=f"customer-{number}", ticket=ticket, bundle_id=DEFAULT_BUNDLE_ID, phone_id=f"phone-{number}"
        )
    await on.simulator.quiet()
    for number in range(orders):
        placed = {"customerId": f"customer-{number}", "merchantName": "Pizzeria"}
        await post(on, f"order-{number}", "order.placed", "placed", placed)
    phones = on.simulator.phones.values()
    await on.simulator.wait_until(lambda: all(each.phone.cards for each in phones), within_seconds=60)
    await on.simulator.quiet()


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    async with bed() as database, stage(database) as on:
        await show_cards(on, ORDERS)
        waits = await waits_of(on, range(RATE * (5 if quick else 30)))
    quantiles = statistics.quantiles(waits, n=100)
    name, rate = "latency", f"POST → push received, {RATE} events/s"
    return [
        Figure(name, f"{rate}, p50", quantiles[49], "ms", target="≤ 15"),
        Figure(name, f"{rate}, p99", quantiles[98], "ms", target="≤ 60"),
    ]


async def waits_of(on: Stage, numbers: range) -> list[float]:
    """Post events with these numbers, `RATE` a second; give the milliseconds that each took to reach its phone."""
    # the last push of every card is a second old: from here on nothing waits for "one push a second"
    await asyncio.sleep(1.5)
    before = len(on.simulator.pushes)
    sent: dict[tuple[str, int], float] = {}
    first = datetime(2026, 12, 1, tzinfo=UTC)
    posts: set[asyncio.Task[None]] = set()
    began = time.time()
    for number in numbers:
        due = began + (number - numbers.start) / RATE
        if (ahead := due - time.time()) > 0:
            await asyncio.sleep(ahead)
        order, at = f"order-{number % ORDERS}", first + timedelta(seconds=number)
        sent[order, int(at.timestamp())] = time.time()
        task = asyncio.ensure_future(
            post(on, order, "order.eta_changed", f"eta-{number}", {"deliveryTime": at.isoformat()})
        )
        posts.add(task)
    await asyncio.gather(*posts)
    await on.simulator.wait_until(lambda: len(on.simulator.pushes) >= before + len(numbers), within_seconds=10)
    received = _received(on)
    waits = [(received[each] - sent[each]) * 1_000 for each in sent if each in received]
    if len(waits) < len(numbers):
        raise AssertionError(f"{len(numbers) - len(waits)} of {len(numbers)} events never reached a phone as an update")
    return waits


def _received(on: Stage) -> dict[tuple[str, int], float]:
    """Give when each state first came, by order and delivery time."""
    orders = {
        card.update_token: card.subject
        for agent in on.simulator.phones.values()
        for card in agent.phone.cards.values()
        if card.update_token is not None
    }
    found: dict[tuple[str, int], float] = {}
    for push in on.simulator.pushes:
        content = push.payload["aps"].get("content-state") if push.payload is not None else None
        order = orders.get(push.token or "")
        if content and order is not None and "deliveryTime" in content:
            found.setdefault((order, content["deliveryTime"]), push.received_at)
    return found
