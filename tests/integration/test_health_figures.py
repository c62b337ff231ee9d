"""How the installation is: what its processes have done together, what waits, and what is paused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.apns.answer import Answer
from app.housekeeping import FIGURES_MINUTES, Housekeeper
from app.metrics import health as health_module
from app.metrics.figures import FigureAdder
from app.metrics.health import HealthReader, PushCount
from events.appender import Appender
from events.errors import StoreUnavailableError
from events.postgres.pool import Pool, open_pool
from projections.eta import Eta
from projections.eta_keeper import EtaKeeper
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow
from tests.integration.http_api import Api, running_api


@pytest.fixture
async def api(flow: Flow) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(flow.pool, flow.keyring) as running:
        yield running


async def test_what_was_done_is_added_up_over_processes(flow: Flow) -> None:
    """Events that were stored and folded, and pushes by outcome and reason; what was added is not added again."""
    adders = [FigureAdder(flow.pool)]
    await Appender(flow.store, lambda _: None).append([flow.event("order-1", "order.placed")])
    await flow.register()
    await flow.settle("order-1")
    await work(dispatcher(flow, Apns(Answer(413, "PayloadTooLarge"))))
    for each in adders:
        await each.add()
        await each.add()
    told = await HealthReader(flow.pool).read()

    assert (told.appended, told.folded) == (1, 1)
    assert told.pushes == (PushCount("rejected", "PayloadTooLarge", 1),)
    assert 240 <= told.over_seconds <= 300
    now = told.at
    await EtaKeeper(flow.pool, flow.keyring, flow.store, lambda _: None).put(
        Eta(subject_id="order-1", delivery_time=now + timedelta(hours=1), at=now, source="courier")
    )
    await flow.project("order-1")
    await adders[0].add()
    told = await HealthReader(flow.pool).read()
    assert (told.appended, told.folded) == (2, 2)
    adders += [FigureAdder(flow.pool), FigureAdder(flow.pool)]
    await flow.happen("order-1", "order.accepted", "order.ready")
    await flow.project("order-1")
    await asyncio.gather(*(each.add() for each in adders))
    assert (await HealthReader(flow.pool).read()).folded == 2 + 3 * 2


async def test_pushes_are_those_of_the_last_minutes(flow: Flow, clock: Clock) -> None:
    """Older ones are not told, and are let go; what was stored and folded stays."""
    adder = FigureAdder(flow.pool)
    await flow.wanted()
    await work(dispatcher(flow, Apns()))
    await adder.add()
    assert [(each.outcome, each.reason) for each in (await HealthReader(flow.pool).read()).pushes] == [
        ("accepted", None)
    ]
    await clock.advance(minutes=health_module.MINUTES)
    assert (await HealthReader(flow.pool).read()).pushes == ()
    await clock.advance(minutes=FIGURES_MINUTES)
    await Housekeeper(flow.pool, lambda _: None).prune()
    assert {row["figure"] for row in await flow.pool.fetch("SELECT figure FROM figures")} == {"folded"}


async def test_what_waits_and_what_is_paused_is_told(api: Api, flow: Flow, clock: Clock) -> None:
    """An event that is not folded, a card that is due, and a pause, each with how long."""
    await flow.wanted()
    await flow.happen("order-1", "order.accepted")
    await Pauses(flow.pool).pause("app", "com.example.other", reason="wrong texts")
    now = await clock.advance(seconds=30)
    told: Any = (await api.send("GET", "/v1/health/figures", token="metrics:read")).json

    assert told["cardsDue"] == 1
    assert min(told["oldestDueSeconds"], told["lagSeconds"]) >= 30
    assert [(each["kind"], each["resume"]) for each in told["pauses"]] == [
        ("app", "lockstep resume --app com.example.other")
    ]
    assert (await HealthReader(flow.pool).read()).at - now < timedelta(seconds=30)


async def test_many_pages_cost_one_read(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read serves whoever asks within its time."""
    monkeypatch.setattr(health_module, "KEPT_SECONDS", 3_600.0)
    reader = HealthReader(flow.pool)
    first, *others = await asyncio.gather(*(reader.read() for _ in range(20)))

    assert all(each is first for each in others)


async def test_without_postgres_nothing_is_told_and_nothing_is_lost(flow: Flow, dsn: str, pool: Pool) -> None:
    """The page hears that it is away; what was counted meanwhile is added afterwards."""
    async with await open_pool(dsn, name="tests") as away:
        adder = FigureAdder(away)
        await flow.place()
        await flow.project("order-1")
        await away.close()
        with pytest.raises(StoreUnavailableError):
            await adder.add()
        with pytest.raises(StoreUnavailableError):
            await HealthReader(away).read()
        adder._pool = pool
        await adder.add()
    assert (await HealthReader(pool).read()).folded == 1
