"""`Prefer: wait`: an answer that says what the order shows, and what the last plan for each card was."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import app.plan_waiter as waiter_module
from app.plan_waiter import PlanWaiter
from events.appender import Appender
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from tests.integration.flow import Flow
from tests.integration.http_api import CLOUD_EVENT, CLOUD_EVENTS, Api, Reply, cloud_event, running_api


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def post(api: Api, wait: str, *types: str) -> Reply:
    """Post events of order-1, by an answer that may wait."""
    events = [{"type": each, "id": f"{each}-1", "data": {}} for each in types]
    document = events[0] if len(events) == 1 else events
    headers = {"Prefer": f"handling=strict, wait={wait}"}
    return await api.send("POST", "/v1/orders/order-1/events", document, token="events:write", headers=headers)


async def plan_all(pool: Pool, flow: Flow) -> None:
    """Say of every card that its plan has seen the newest view, as a dispatcher does."""
    await flow.match()
    await pool.execute("UPDATE cards SET considered_version = 2, due_at = NULL, outcome = 'waiting', why = 'no token'")


async def test_an_answer_waits_until_the_event_shows_on_every_card(pool: Pool, keyring: Keyring, owing: Flow) -> None:
    """It comes when the fold is there and each card has been planned anew, and says what the plans were."""
    appended = asyncio.Event()
    appender = Appender(owing.store, lambda _: appended.set())
    async with running_api(pool, keyring, appender=appender) as api:

        async def fold() -> None:
            await appended.wait()
            await owing.project("order-1")
            api.edge.plan_waiter.hear(Ring("projector", folded=list(ALL_SLOTS)))
            await plan_all(pool, owing)

        reply, _ = await asyncio.gather(post(api, "10", "order.ready"), fold())
        await appender.drain()

    assert reply.headers["Preference-Applied"] == "wait=10"
    [card] = reply.json["cards"]
    card.pop("cardId")
    assert card == {
        "deviceId": "phone-1",
        "attributesType": "OrderAttributes",
        "phase": "wanted",
        "consideredVersion": 2,
        "outcome": "waiting",
        "why": "no token",
    }
    assert (reply.json["outcome"], reply.json["version"], reply.json["viewVersion"]) == ("appended", 2, 2)


async def test_time_that_is_over_gives_what_there_is(api: Api, owing: Flow) -> None:
    """The event is stored: the answer says how far the order is, and does not say that it has waited."""
    reply = await post(api, "0", "order.ready")
    assert (reply.status, reply.json["version"], reply.json["viewVersion"]) == (200, 2, 1)
    assert "Preference-Applied" not in reply.headers
    await owing.project("order-1")
    again = await post(api, "0", "order.ready")
    assert (again.json["outcome"], again.json["viewVersion"], len(again.json["cards"])) == ("duplicate", 2, 1)
    assert "Preference-Applied" not in again.headers


async def test_a_batch_of_one_order_waits_and_one_of_several_does_not(api: Api, owing: Flow) -> None:
    """What is about several orders has no one view to wait for."""
    batch = await post(api, "0", "order.preparing", "order.ready")
    assert (batch.json["viewVersion"], [each["version"] for each in batch.json["results"]]) == (1, [2, 3])
    several = [cloud_event(id="a", subject="order-8"), cloud_event(id="b", subject="order-9")]
    reply = await api.send(
        "POST", "/v1/events", several, token="events:write", media_type=CLOUD_EVENTS, headers={"Prefer": "wait=10"}
    )
    assert set(reply.json) == {"results"}
    assert await owing.views(["order-8"]) == {}


@pytest.mark.parametrize("prefer", ["wait", "wait=soon", "wait=-1", "return=minimal", ""])
async def test_a_preference_that_is_none_is_passed_over(api: Api, prefer: str) -> None:
    """As RFC 7240 says."""
    reply = await api.send(
        "POST", "/v1/events", cloud_event(), token="events:write", media_type=CLOUD_EVENT, headers={"Prefer": prefer}
    )
    assert (reply.status, "viewVersion" in reply.json) == (200, False)


async def test_an_order_that_is_set_aside_is_not_waited_for(api: Api, pool: Pool, owing: Flow) -> None:
    """Its fold has failed: time changes nothing."""
    await owing.happen("order-1", "order.ready")
    await pool.execute("UPDATE views SET quarantined_at = now()")
    progress = await api.edge.plan_waiter.wait("order-1", 2, seconds=10)
    assert (progress.view_version, progress.complete) == (1, False)


async def test_phones_that_are_looked_for_still_are_waited_for(api: Api, pool: Pool, owing: Flow) -> None:
    """A new order has no cards yet, and that is not the answer."""
    await owing.place("order-2")
    await owing.project("order-2")
    before = await api.edge.plan_waiter.wait("order-2", 1, seconds=0)
    await plan_all(pool, owing)
    after = await api.edge.plan_waiter.wait("order-2", 1, seconds=0)
    assert (before.view_version, before.complete, after.complete) == (1, False, True)


@pytest.mark.usefixtures("owing")
async def test_whoever_is_one_too_many_is_told_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the time were over."""
    monkeypatch.setattr(waiter_module, "MOST_WAITING", 0)
    monkeypatch.setattr(waiter_module, "LONGEST_SECONDS", 3_600.0)
    progress = await api.edge.plan_waiter.wait("order-1", 9, seconds=3_600)
    assert (progress.view_version, progress.complete) == (1, False)


async def test_those_who_wait_are_let_go_when_the_service_stops(pool: Pool, owing: Flow) -> None:
    """They are told how far it is."""
    waiter = PlanWaiter(pool)
    waiting: Any = asyncio.create_task(waiter.wait("order-1", 2, seconds=10))
    await asyncio.sleep(0)
    waiter.close()
    assert (await waiting).view_version == 1
    assert await owing.views(["order-1"]) == {"order-1": 1}
