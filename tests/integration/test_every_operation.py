"""The n-th request to Postgres fails, for every n: whatever was under way, the card lives its life, once.

Postgres never sees the request, or does what it asks and nobody hears of it. CI takes a sample;
`LOCKSTEP_TEST_RELEASE=1` takes every n.
"""

import json
import random
from collections.abc import Awaitable, Callable

import pytest

import app.apns.settler as settler_module
from events.errors import StoreUnavailableError
from events.feed_cursor import FeedCursor
from events.postgres.errors import translated
from events.postgres.pool import open_pool
from events.sealing import Keyring
from projections.card_fact_store import FactStore
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow
from tests.integration.wire import Wire
from tests.scale import RELEASE

MOST = 160
"""More requests than a life takes; a number beyond its end cuts nothing."""
SAMPLE = 5
NUMBERS = range(1, MOST + 1) if RELEASE else sorted(random.Random(20261125).sample(range(1, MOST + 1), SAMPLE))


async def insist(step: Callable[[], Awaitable[object]], clock: Clock) -> None:
    """Do a step, again if Postgres was away, when every lease that it left has run out."""
    while True:
        try:
            with translated():
                await step()
        except StoreUnavailableError:
            await clock.advance(seconds=61)
        else:
            return


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("number", NUMBERS)
async def test_a_card_survives_the_failure_of_any_request(
    wire: Wire, keyring: Keyring, clock: Clock, monkeypatch: pytest.MonkeyPatch, number: int, *, before: bool
) -> None:
    """Events are stored once; the card starts once, follows, and ends, under rising timestamps, and is told of once."""
    monkeypatch.setattr(settler_module, "AWAY_SECONDS", 0.01)
    apns = Apns()
    pool = await open_pool(wire.dsn, name="lockstep-wire", most=4)
    try:
        flow = Flow(pool, keyring)
        await FactStore(pool).listen()
        placed, accepted, delivered = (
            flow.event("order-1", type_) for type_ in ("order.placed", "order.accepted", "order.delivered")
        )

        async def dispatch() -> None:
            sending = dispatcher(flow, apns)
            await work(sending)
            await clock.advance(seconds=61)
            await work(dispatcher(flow, apns))

        async def report() -> None:
            card_id = str((await flow.card())["card_id"])
            await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))

        wire.cut_at(number, before=before)
        for step in (
            flow.register,
            lambda: flow.append(placed),
            lambda: flow.project("order-1"),
            flow.match,
            dispatch,
            report,
            lambda: flow.append(accepted),
            lambda: flow.project("order-1"),
            dispatch,
            lambda: flow.append(delivered),
            lambda: flow.project("order-1"),
            dispatch,
        ):
            await insist(step, clock)
        wire.cut_at(0, before=True)
        stored = [(event.version, event.type) async for event in flow.store.read_subject("order-1")]
        card = await flow.card()
        told = await FactStore(pool).read(FeedCursor(), 9)
    finally:
        pool.terminate()
    sent = [json.loads(request.payload)["aps"] for request in apns.requests]
    timestamps = [each["timestamp"] for each in sent]

    assert stored == [(1, "order.placed"), (2, "order.accepted"), (3, "order.delivered")]
    assert apns.events().count("start") == 1
    assert apns.events()[0] == "start"
    assert apns.events()[-1] == "end"
    assert timestamps == sorted(set(timestamps))
    assert (card["phase"], card["accepted_version"]) == ("over", 3)
    assert [each.type for each in told.facts] == ["card.started", "card.ended"]
