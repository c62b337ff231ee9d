"""Promise 14: clocks that jump, and clocks of workers that are off."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow


async def after(flow: Flow, apns: Apns, *types: str) -> list[dict[str, object]]:
    """Let things happen to the order one after another, each dispatched, and give what was pushed."""
    before = len(apns.requests)
    for type_ in types:
        await flow.happen("order-1", type_)
        await flow.project("order-1")
        await work(dispatcher(flow, apns))
    return [json.loads(request.payload)["aps"] for request in apns.requests[before:]]


@contextmanager
def worker_is_off(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    """Move the clock of this process, and of nothing else."""
    honest = time.time
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: honest() + seconds)
        yield


@pytest.mark.parametrize("hours", [-1.0, 1.0, 9.0])
async def test_a_workers_own_clock_does_not_matter(
    owing: Flow, clock: Clock, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    """What a push carries is the time of Postgres, which all processes share."""
    await live(owing, clock)
    with worker_is_off(monkeypatch, hours * 3_600):
        [update] = await after(owing, Apns(), "order.accepted")
    now = (await clock.now()).timestamp()

    assert abs(int(str(update["timestamp"])) - now) <= 3


async def test_pushes_of_one_second_have_timestamps_that_rise(owing: Flow, clock: Clock) -> None:
    """The second of two waits for the next second; none is dropped as a repetition."""
    await live(owing, clock)
    apns = Apns()
    [_] = await after(owing, apns, "order.accepted")
    await clock.advance(seconds=-20)  # however long this takes, the second is not over
    assert await after(owing, apns, "order.ready") == []
    await clock.advance(seconds=22)
    await work(dispatcher(owing, apns))
    one, two = (json.loads(request.payload)["aps"] for request in apns.requests)

    assert two["timestamp"] > one["timestamp"]
    assert two["content-state"]["status"] == "ready"


async def test_a_clock_that_goes_back_an_hour_replaces_the_card(owing: Flow, clock: Clock) -> None:
    """The phone would drop what is older than what it shows, for an hour: the next generation takes over."""
    card_id = await live(owing, clock)
    await clock.advance(hours=-1)
    apns = Apns()
    await after(owing, apns, "order.accepted")
    await work(dispatcher(owing, apns))
    rows = await owing.rows("order-1")

    assert apns.events() == ["start"]
    assert [row["generation"] for row in rows] == [1, 2]
    await clock.advance(seconds=2)
    await owing.registry.report_card("phone-1", str(rows[1]["card_id"]), reported(update_token="ab" * 32))
    await work(dispatcher(owing, apns))
    end = json.loads(apns.requests[-1].payload)["aps"]

    assert apns.events() == ["start", "end"]
    assert apns.requests[-1].token == UPDATE_TOKEN
    assert str(rows[0]["card_id"]) == card_id
    assert end["timestamp"] > datetime.timestamp(rows[1]["created_at"])


async def test_a_clock_that_goes_back_a_little_makes_the_card_wait(owing: Flow, clock: Clock) -> None:
    """Two minutes: the push is sent when the clock has caught up, and its timestamp is later than the last."""
    await live(owing, clock)
    last = (await owing.card())["timestamp_used"]
    await clock.advance(minutes=-2)
    apns = Apns()
    assert await after(owing, apns, "order.accepted") == []
    await clock.advance(minutes=2, seconds=5)
    await work(dispatcher(owing, apns))

    [update] = [json.loads(request.payload)["aps"] for request in apns.requests]
    assert update["timestamp"] > last


@pytest.mark.parametrize(("hours", "events"), [(1.0, ["update"]), (9.0, [])])
async def test_a_clock_that_goes_ahead_ages_the_card(
    owing: Flow, clock: Clock, hours: float, events: list[str]
) -> None:
    """After an hour it is updated as ever; after nine it is over by Apple's rule of eight, and nothing is sent."""
    await live(owing, clock)
    await clock.advance(hours=hours)
    apns = Apns()
    await after(owing, apns, "order.accepted")

    assert apns.events() == events
    assert ((await owing.card())["phase"] == "over") == (not events)
