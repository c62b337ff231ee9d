"""How long a process takes to leave under load: from SIGTERM to its end, for each role, and whether all is kept.

Shops post without a pause, APNs answers late and sometimes never, people follow streams and read them or do not, and
some open connections and say half of what they have to say. In the middle of it processes are replaced, role by role.
"""

import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import aiohttp

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from app.simulator.chance import CALM
from app.simulator.faults import Fault
from app.simulator.simulator import Options, Simulator
from bench.crowd import until_all_cut
from bench.database import Bed, bed
from bench.latency import Stage, show_cards
from bench.processes import KEY_ID, TEAM_ID, lockstep_environment, new_key
from bench.report import Figure
from bench.served import Served

EVERY_ROLE = "api,projector,matcher,dispatcher"
FLEET = ("api", "projector", "matcher", "dispatcher", EVERY_ROLE)
"""A process each, from the beginning to the end; one leaves when its successor serves."""
ORDERS = 40
PAUSE_SECONDS = 0.2
SLOW_SECONDS = 2.0
"""How late APNs answers."""
UNANSWERED = 6
"""Pushes that APNs leaves without an answer before each departure of a process that sends."""
READERS = 20
"""Of each stream."""
RUDE = 60
"""Connections to a process that is about to leave."""
STREAMS = ("/v1/orders/stream", "/v1/cards/stream", "/v1/orders/order-0/stream")
FIRST = datetime(2026, 12, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)


@dataclass
class Scene:
    """The load, and what came of it.

    Attributes:
        urls: Where requests are taken, those of processes that leave included until they are gone.
        accepted: The number of the last event of each order that was answered 200; all before it were.
        answers: By status, and by the name of the error where there was none; of streams the errors alone.
        news: Set when another event was accepted.
    """

    client: aiohttp.ClientSession
    simulator: Simulator
    key: str
    urls: list[str] = field(default_factory=list)
    accepted: dict[str, int] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> int:
        """Tell how many events were accepted."""
        return sum(self.accepted.values())

    async def until_accepted(self, more: int) -> None:
        """Wait until so many more events were accepted."""
        goal = self.events + more
        while self.events < goal:
            self.news.clear()
            await self.news.wait()


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    rounds = 1 if quick else 5
    seconds: dict[str, list[float]] = defaultdict(list)
    told: Counter[str] = Counter()
    fleet: dict[str, Served] = {}
    async with bed() as on, scene(on) as (played, environment), asyncio.TaskGroup() as group, AsyncExitStack() as stack:
        for roles in FLEET:
            fleet[roles] = await _join(played, roles, environment, stack)
        load: list[asyncio.Task[None]] = []
        try:
            await show_cards(Stage(played.simulator, played.client, played.urls[0], 0), ORDERS)
            played.simulator.add_fault(Fault("slow", times=None, seconds=SLOW_SECONDS))
            load += [group.create_task(_shop(played, number)) for number in range(ORDERS)]
            load += [group.create_task(_reader(played, path)) for path in STREAMS for _ in range(READERS)]
            await played.until_accepted(ORDERS * 5)
            for _ in range(rounds):
                for roles in FLEET:
                    leaving, fleet[roles] = fleet[roles], await _join(played, roles, environment, stack)
                    seconds[roles].append(await _replace(played, leaving, group))
                    told += leaving.told
        finally:
            for each in load:
                each.cancel()
        lost = await _lost(on, played)
        await _until_all_show(played)
        for last in fleet.values():
            seconds[last.roles].append(await last.leave())
            told += last.told
    return _figures(seconds, told, lost, played)


def _figures(seconds: dict[str, list[float]], told: Counter[str], lost: int, played: Scene) -> list[Figure]:
    name, figures = "drain", []
    for roles, each in seconds.items():
        who = "a process with all roles" if roles == EVERY_ROLE else roles
        figures.append(Figure(name, f"{who}: SIGTERM → gone, worst of {len(each)}", max(each), "s", target="≤ 25"))
    answers = ", ".join(f"{status}: {number:,}" for status, number in sorted(played.answers.items()))
    early = told["service_left_before_all_was_done"]
    return [
        *figures,
        Figure(name, "accepted events that are lost", lost, "", f"of {played.events:,}; {answers}", target="≤ 0"),
        Figure(name, "processes that left before all was done", early, "", f"of {sum(map(len, seconds.values()))}",
               target="≤ 0"),
    ]  # fmt: skip


@asynccontextmanager
async def scene(on: Bed) -> AsyncIterator[tuple[Scene, dict[str, str]]]:
    """Start the phones; give the stage, without a process yet, and the settings of those that are to come."""
    private, public = new_key()
    key, _ = await KeyStore(on.pool, on.keyring).create(name="bench", environment="test", scopes=[Scope.ADMIN])
    headers = {"Authorization": f"Bearer {key}"}
    with tempfile.TemporaryDirectory() as directory:
        simulator = await Simulator.start(Path(directory), options=Options(profile=CALM))
        try:
            simulator.register_key(TEAM_ID, KEY_ID, public)
            environment = lockstep_environment(
                on,
                EVERY_ROLE,
                LOCKSTEP_APNS_TEAM_ID=TEAM_ID,
                LOCKSTEP_APNS_KEY_ID=KEY_ID,
                LOCKSTEP_APNS_KEY=private,
                LOCKSTEP_APNS_SANDBOX_URL=simulator.apns_url,
                LOCKSTEP_APNS_CA_FILE=str(simulator.ca_file),
            )
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(
                connector=connector, headers=headers, timeout=aiohttp.ClientTimeout(total=None)
            ) as client:
                yield Scene(client, simulator, key), environment
        finally:
            await simulator.stop()


async def _join(played: Scene, roles: str, environment: dict[str, str], stack: AsyncExitStack) -> Served:
    """Start a process; if it takes requests, some go to it from here on."""
    served = await Served.start(roles, environment)
    stack.push_async_callback(served.kill)
    if served.url is not None:
        played.urls.append(served.url)
        played.simulator.lockstep_url = served.url
    return served


async def _replace(played: Scene, leaving: Served, group: asyncio.TaskGroup) -> float:
    """Let a process leave in the middle of what it does; give the seconds that it took."""
    if leaving.url is not None:
        group.create_task(until_all_cut(int(leaving.url.rpartition(":")[2]), RUDE, played.key))
    if "dispatcher" in leaving.roles:
        await _leave_pushes_unanswered(played.simulator)
    await played.until_accepted(ORDERS)
    seconds = await leaving.leave()
    if leaving.url is not None:
        # whoever is in front hears late of a process that leaves, and shops have asked it until now
        played.urls.remove(leaving.url)
    await played.until_accepted(ORDERS)
    return seconds


async def _leave_pushes_unanswered(simulator: Simulator) -> None:
    """Let APNs be silent to some pushes, and wait until it has been."""
    before = simulator.faults.happened["never_answers"]
    simulator.faults.clear()
    simulator.add_fault(Fault("never_answers", times=UNANSWERED))
    simulator.add_fault(Fault("slow", times=None, seconds=SLOW_SECONDS))
    await simulator.wait_until(
        lambda: simulator.faults.happened["never_answers"] >= before + UNANSWERED, within_seconds=60
    )


async def _shop(played: Scene, number: int) -> None:
    """Post one event after the other, each until it is accepted, as the rules for clients say."""
    order = f"order-{number}"
    for turn in count(1):
        at = FIRST + turn * STEP
        event = {"type": "order.eta_changed", "id": f"eta-{turn}", "data": {"deliveryTime": at.isoformat()}}
        tries = count(number)
        while not await _post(played, order, event, next(tries)):
            await asyncio.sleep(PAUSE_SECONDS)
        played.accepted[order] = turn
        played.news.set()
        await asyncio.sleep(PAUSE_SECONDS)


async def _post(played: Scene, order: str, event: Mapping[str, object], place: int) -> bool:
    url = played.urls[place % len(played.urls)]
    try:
        async with played.client.post(f"{url}/v1/orders/{order}/events", json=event) as answer:
            await answer.read()
    except aiohttp.ClientError as error:
        played.answers[type(error).__name__] += 1
        return False
    played.answers[str(answer.status)] += 1
    if answer.status not in {200, 503}:
        raise RuntimeError(f"{answer.status}: {await answer.text()}")
    return answer.status == 200


async def _reader(played: Scene, path: str) -> None:
    """Follow a stream, and come again when it ends."""
    for place in count():
        url = played.urls[place % len(played.urls)]
        try:
            async with played.client.get(f"{url}{path}") as answer:
                async for _ in answer.content:
                    pass
        except aiohttp.ClientError as error:
            played.answers[f"of streams: {type(error).__name__}"] += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def _lost(on: Bed, played: Scene) -> int:
    """Count what was accepted and is not in the log."""
    rows = await on.pool.fetch(
        "SELECT subject_id, event_id FROM events WHERE slot BETWEEN 0 AND 255 AND type = 'order.eta_changed'"
    )
    stored = {(row["subject_id"], row["event_id"]) for row in rows}
    accepted = {(order, f"eta-{turn}") for order, last in played.accepted.items() for turn in range(1, last + 1)}
    return len(accepted - stored)


async def _until_all_show(played: Scene) -> None:
    """Wait until each card shows the last that was accepted, or what was stored after it."""
    played.simulator.faults.clear()
    try:
        await played.simulator.wait_until(lambda: not _behind(played), within_seconds=120)
    except TimeoutError:
        raise AssertionError(f"cards that do not show what was accepted: {_behind(played)}") from None


def _behind(played: Scene) -> dict[str, str]:
    """Name the orders whose card is behind, with the seconds that it shows and those that were accepted."""
    shown = {
        card.subject: card.content.get("deliveryTime", 0)
        for agent in played.simulator.phones.values()
        for card in agent.phone.cards.values()
    }
    wanted = {order: int((FIRST + last * STEP).timestamp()) for order, last in played.accepted.items()}
    return {order: f"{shown[order]} of {at}" for order, at in wanted.items() if shown[order] < at}
