"""Run the demo against a running Lockstep, and compare the phones with what the oracle expects."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec

from app.demo.android_judge import judge_android, judge_faces
from app.demo.bulk_oracle import ACTIVITY, expect_activities, followers, judge_follower
from app.demo.conductor import Conductor
from app.demo.gallery import Gallery
from app.demo.images_judge import judge_pictures
from app.demo.judge import Reading, judge_phone
from app.demo.lost_starts import LostStart, find_lost_starts
from app.demo.many_orders_judge import judge_together
from app.demo.match_oracle import MATCH, expect_matches
from app.demo.oracle import Expected, expect_each
from app.demo.scenarios import Scenario
from app.demo.shop import Shop
from app.demo.steps import Story
from app.demo.stories import STORIES
from app.demo.upload_oracle import UPLOAD, expect_uploads
from app.demo.web_judge import PageReading, judge_page
from app.simulator.agent import PhoneAgent
from app.simulator.android_agent import AndroidAgent
from app.simulator.fault_plans import FaultPlan
from app.simulator.readings import read_android, read_phone
from app.simulator.simulator import Simulator

PATIENCE_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.1
_REST_SECONDS = 20.0
_KINDS = ("start", "update", "end")

Judge = Callable[[Reading, Mapping[str, Sequence[Expected]], datetime], list[str]]


class ChannelUse(msgspec.Struct, frozen=True):
    """Say what was published on channels.

    Args:
        followers: how many cards followed one.
        updates: how many different contents were published, ends included.
        requests: how many requests that took.
        requests_an_update: the latter by the former; 0 where there was none.
    """

    followers: int
    updates: int
    requests: int
    requests_an_update: float


class DemoResult(msgspec.Struct, frozen=True):
    """Say how the demo went.

    Args:
        orders: how many there were.
        events: how many Lockstep keeps of them.
        pushes: how many of each kind APNs accepted.
        phones_match: whether every phone shows what it must, and Lockstep says the same.
        differences: what is otherwise, in sentences.
        lost_starts: of which phones nobody can ask a card, in sentences: APNs never took it, its answer was lost, and
            Lockstep lists it as unknown.
        faults: how often each fault happened, by name.
        channels: what was published on channels, and how many cards followed.
    """

    orders: int
    events: int
    pushes: dict[str, int]
    phones_match: bool
    differences: list[str]
    lost_starts: list[str]
    faults: dict[str, int]
    channels: ChannelUse


async def run_scenario(
    *,
    lockstep_url: str,
    api_key: str,
    simulator: Simulator,
    seed: int,
    scenario: Scenario = Scenario.ORDERS,
    on_progress: Callable[[str], None] | None = None,
    stories: Sequence[Story] | None = None,
    plans: Sequence[FaultPlan] = (),
    run_id: str | None = None,
    pace: float = 0.0,
    patience_seconds: float = PATIENCE_SECONDS,
    converge_seconds: float = PATIENCE_SECONDS,
) -> DemoResult:
    """Perform the stories, all at the same time, and wait until the phones have caught up.

    Args:
        lockstep_url: the running service.
        api_key: may post events, read orders and mint tickets.
        simulator: takes the service's pushes; its phones' app reports to the service.
        seed: chooses the cast.
        scenario: what the stories are about.
        on_progress: is told what happens, in sentences.
        stories: those of the scenario unless given.
        plans: what goes wrong at APNs until the last story is told.
        run_id: part of all ids; random unless given.
        pace: 0 runs flat out, 1 at the pace people watch at: a couple of minutes.
        patience_seconds: how long a story waits for one thing.
        converge_seconds: how long the phones may take to catch up after the last event.
    """
    async with Shop.open(lockstep_url, api_key) as shop, Gallery.open() as gallery:
        conductor = Conductor(
            shop=shop,
            simulator=simulator,
            gallery=gallery,
            ticket_for=partial(_fetch_ticket, lockstep_url, api_key),
            run_id=run_id or uuid4().hex[:6],
            pace=pace,
            patience_seconds=patience_seconds,
            on_progress=on_progress or _say_nothing,
        )
        told = STORIES[scenario](seed) if stories is None else stories
        happened = simulator.faults.happened.copy()
        for plan in plans:
            simulator.begin_plan(plan)
        differences = [each for halts in await _all(conductor.perform, told) for each in halts]
        if plans:
            simulator.faults.clear()
        order_ids = conductor.order_ids
        logs = dict(zip(order_ids, await _all(shop.read_events, order_ids), strict=True))
        stages = {order_id: _expected(order_id, events) for order_id, events in logs.items()}
        phones, androids = list(conductor.phones.values()), list(conductor.androids.phones.values())
        judge = judge_together if scenario is Scenario.MANY_ORDERS else judge_phone
        if scenario is Scenario.BULK:
            audiences = {name: followers(log, conductor.tags, conductor.segments) for name, log in logs.items()}
            judge = partial(judge_follower, audiences)
        if scenario is Scenario.IMAGES:
            judge = partial(judge_pictures, manifest=gallery.manifest)
        converge = partial(
            _converge,
            shop,
            simulator,
            judge,
            phones,
            androids,
            stages,
            converge_seconds,
            read_pages=conductor.read_pages,
        )
        lost = conductor.lost
        unlike = await converge(lost)
        if unlike and (found := await find_lost_starts(shop, simulator, order_ids)) != lost:
            lost, unlike = found, await converge(found)
        differences += unlike
        await conductor.close_pages()
    return DemoResult(
        orders=len(logs),
        events=sum(len(events) for events in logs.values()),
        pushes=_count_pushes(simulator, [*phones, *androids]),
        phones_match=not differences,
        differences=differences,
        lost_starts=sorted(
            f"phone {agent.phone_id}: order {start.order_id}: the answer to its start was lost, and it is not repeated"
            for start in lost
            for agent in phones
            if agent.phone.device_id == start.device_id
        ),
        faults=dict(simulator.faults.happened - happened),
        channels=_count_channels(simulator, phones),
    )


async def keep_running(
    *,
    lockstep_url: str,
    api_key: str,
    simulator: Simulator,
    seed: int,
    scenario: Scenario = Scenario.ORDERS,
    on_progress: Callable[[str], None] | None = None,
    on_result: Callable[[DemoResult], None] | None = None,
    plans: Sequence[FaultPlan] = (),
    pace: float = 1.0,
) -> None:
    """Run the scenario again and again, with new orders and phones each time, until cancelled."""
    for round_number in count(seed):
        before, androids_before = set(simulator.phones), set(simulator.fcm.phones)
        result = await run_scenario(
            lockstep_url=lockstep_url,
            api_key=api_key,
            simulator=simulator,
            seed=round_number,
            scenario=scenario,
            on_progress=on_progress,
            plans=plans,
            pace=pace,
        )
        if on_result is not None:
            on_result(result)
        await asyncio.sleep(_REST_SECONDS * pace)
        for phone_id in simulator.phones.keys() - before:
            simulator.find_phone(phone_id).sign_out()
        for phone_id in simulator.fcm.phones.keys() - androids_before:
            simulator.fcm.phones[phone_id].sign_out()


def _expected(order_id: str, events: Sequence[Mapping[str, Any]]) -> list[Expected]:
    """Ask the oracle of what the first event says the subject is."""
    kind = str(events[0]["type"]) if events else ""
    for word, expect in ((ACTIVITY, expect_activities), (UPLOAD, expect_uploads), (MATCH, expect_matches)):
        if kind.startswith(word):
            return expect(order_id, events)
    return expect_each(order_id, events)


async def _converge(
    shop: Shop,
    simulator: Simulator,
    judge: Judge,
    phones: Sequence[PhoneAgent],
    androids: Sequence[AndroidAgent],
    stages: Mapping[str, Sequence[Expected]],
    converge_seconds: float,
    lost: AbstractSet[LostStart],
    *,
    read_pages: Callable[[], Sequence[PageReading]],
) -> list[str]:
    """Wait until phones and service show what is expected; give the differences that remain.

    Nothing is asked of a phone about an order whose start on it is lost, unless it has a card of it.
    """

    def known_to(reading: Reading) -> Mapping[str, Sequence[Expected]]:
        shown = {card["subject"] for card in reading["cards"]}
        lacks = {start.order_id for start in lost if start.device_id == reading["deviceId"]} - shown
        return {order_id: expected for order_id, expected in stages.items() if order_id not in lacks}

    def live() -> list[Reading]:
        return [msgspec.to_builtins(read_android(agent, simulator.clock(), records=False)) for agent in androids]

    def differences() -> list[str]:
        now = simulator.clock()
        moment = datetime.fromtimestamp(now, tz=UTC)
        readings = [msgspec.to_builtins(read_phone(agent, now, records=False)) for agent in phones]
        unlike = [text for reading in readings for text in judge(reading, known_to(reading), moment)]
        unlike += [text for reading in live() for text in judge_android(reading, stages, moment)]
        return unlike + [text for page in read_pages() for text in judge_page(page, stages, moment)]

    unlike: list[str] = []
    try:
        async with asyncio.timeout(converge_seconds):
            while True:
                await simulator.wait_until(lambda: not differences())
                for agent in phones:
                    await agent.quiet()
                for android in androids:
                    await android.quiet()
                pages = await _all(shop.read_order, list(stages))
                unlike = [text for page in pages for text in _judge_page(page, stages[page["orderId"]][-1])]
                subjects = sorted({each["subject"] for reading in live() for each in reading["liveUpdates"]})
                faces = dict(zip(subjects, await _all(shop.read_live_update, subjects), strict=True))
                unlike += [text for reading in live() for text in judge_faces(reading, faces)]
                if not unlike and not differences():
                    return []
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        return differences() + unlike or ["Some app's calls to Lockstep were not answered in time."]


def _judge_page(page: Mapping[str, Any], expected: Expected) -> list[str]:
    """Compare what Lockstep itself says of an order."""
    content = {name: value for name, value in (page["contentState"] or {}).items() if name != "updatedAt"}
    said = {"status": page["status"], "over": page["over"], "customerId": page["customerId"], "contentState": content}
    wanted = {
        "status": expected.status,
        "over": expected.over,
        "customerId": expected.customer_id,
        "contentState": expected.content,
    }
    return [
        f"order {page['orderId']}: Lockstep says {name} {said[name]!r}, expected is {wanted[name]!r}"
        for name in wanted
        if said[name] != wanted[name]
    ]


def _count_pushes(simulator: Simulator, phones: Sequence[PhoneAgent | AndroidAgent]) -> dict[str, int]:
    ours = {agent.phone_id for agent in phones}
    accepted = Counter(push.event for push in simulator.pushes if push.status == 200 and push.phone_id in ours)
    return {kind: accepted[kind] for kind in _KINDS}


def _count_channels(simulator: Simulator, phones: Sequence[PhoneAgent]) -> ChannelUse:
    followed = [
        card.channel_id for agent in phones for card in agent.phone.cards.values() if card.channel_id is not None
    ]
    published = [each for each in simulator.pushes if each.status == 200 and each.channel_id in followed]
    told = {(each.channel_id, each.event, str((each.payload or {})["aps"].get("content-state"))) for each in published}
    ratio = round(len(published) / len(told), 2) if told else 0.0
    return ChannelUse(len(followed), len(told), len(published), ratio)


async def _fetch_ticket(url: str, api_key: str, customer_id: str) -> str:
    """Mint a ticket over a connection of its own: apps ask for tickets long after the run."""
    async with Shop.open(url, api_key) as shop:
        return await shop.ticket_for(customer_id)


async def _all(act: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Do one thing for all items at the same time."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(act(item)) for item in items]
    return [task.result() for task in tasks]


def _say_nothing(_: str) -> None:
    """Take progress that nobody wants to hear."""
