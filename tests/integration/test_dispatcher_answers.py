"""What the dispatcher does with each kind of answer, and with none."""

import json
from typing import Any

import pytest

from app.apns.answer import Answer
from app.apns.dispatcher import DispatchRules
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """One card in debt."""
    made = Flow(pool, keyring)
    await made.register()
    await made.place()
    await made.settle("order-1")
    return made


async def row_of(flow: Flow) -> Any:
    """Give the one card."""
    [row] = await flow.rows()
    return row


async def live(flow: Flow, clock: Clock) -> None:
    """Start the card, let the app report its token, and let a second pass."""
    await work(dispatcher(flow, Apns()))
    row = await row_of(flow)
    await flow.registry.report_card("phone-1", str(row["card_id"]), reported(update_token=UPDATE_TOKEN))
    await clock.advance(seconds=2)
    await work(dispatcher(flow, Apns()))


async def test_a_worker_that_vanishes_after_sending_causes_no_second_start(
    flow: Flow, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between send and settle: the next lease finds the intent, waits for the app, and counts the card as shown."""
    apns = Apns()
    lost = dispatcher(flow, apns)
    monkeypatch.setattr(lost._settler, "add", lambda *_: None)
    await work(lost)
    assert apns.events() == ["start"]
    await clock.advance(seconds=61)
    await work(dispatcher(flow, apns))
    assert (await row_of(flow))["phase"] == "shown"
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    await work(dispatcher(flow, apns))

    assert apns.events() == ["start"]
    await clock.advance(hours=9)
    await work(dispatcher(flow, apns))
    assert (await row_of(flow))["outcome"] == "expired"


async def test_a_worker_that_vanishes_in_an_update_is_followed_by_a_later_timestamp(
    flow: Flow, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain updates write no intent: the reservation of the claim makes the next one later all the same."""
    await live(flow, clock)
    apns = Apns()
    for _ in range(3):
        await flow.happen("order-1", "order.eta_changed")
        await flow.happen("order-1", "order.note")
        await flow.project("order-1")
        lost = dispatcher(flow, apns)
        with monkeypatch.context() as patched:
            patched.setattr(lost._settler, "add", lambda *_: None)
            await work(lost)
        await clock.advance(seconds=61)
    await work(dispatcher(flow, apns))
    timestamps = [json.loads(request.payload)["aps"]["timestamp"] for request in apns.requests]

    assert len(timestamps) == 4
    assert timestamps == sorted(set(timestamps))


async def test_a_refused_start_token_is_retired_by_its_value(flow: Flow) -> None:
    """Every card of the phone that would have used it waits for a new one."""
    await flow.place("order-2")
    await flow.settle("order-2")
    apns = Apns(Answer(410, "Unregistered", timestamp_ms=4_000_000_000_000))
    await work(dispatcher(flow, apns, DispatchRules(batch=1)))

    assert len(apns.requests) <= 2
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens WHERE refused_at IS NOT NULL") == 1
    before = len(apns.requests)
    await flow.happen("order-1", "order.accepted")
    await flow.happen("order-2", "order.accepted")
    await flow.project("order-1", "order-2")
    await work(dispatcher(flow, apns))
    assert len(apns.requests) == before


async def test_a_refused_update_token_is_not_used_again(flow: Flow, clock: Clock) -> None:
    """By its value, on its card, until the app reports another."""
    await live(flow, clock)
    apns = Apns(Answer(410, "ExpiredToken", timestamp_ms=4_000_000_000_000))
    for type_ in ("order.accepted", "order.preparing"):
        await flow.happen("order-1", type_)
        await flow.project("order-1")
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=2)
    assert apns.events() == ["update"]
    card_id = str((await row_of(flow))["card_id"])
    await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
    await work(dispatcher(flow, apns))
    assert apns.events() == ["update"]
    await flow.registry.report_card("phone-1", card_id, reported(update_token="cc" * 32))
    await work(dispatcher(flow, apns))
    assert [request.token for request in apns.requests] == [UPDATE_TOKEN, "cc" * 32]


async def test_a_refused_credential_pauses_every_process(flow: Flow, clock: Clock) -> None:
    """By a row, with the reason, for the time of the hold; nothing is lost meanwhile."""
    apns = Apns(Answer(403, "InvalidProviderToken"))
    await work(dispatcher(flow, apns))
    [pause] = await Pauses(flow.pool).list()
    assert (pause.kind, pause.key) == ("credential", "KEY1234567")
    await work(dispatcher(flow, apns))
    assert len(apns.requests) == 1
    await clock.advance(hours=1, seconds=61)
    await work(dispatcher(flow, apns))
    assert [request.apns_id for request in apns.requests] == list(
        dict.fromkeys(request.apns_id for request in apns.requests)
    )
    assert (await row_of(flow))["phase"] == "shown"


@pytest.mark.parametrize(
    ("failure", "phase"),
    [
        (NotSent("connection refused", cause=NotSentCause.CONNECT), "wanted"),
        (Ambiguous("connection lost"), "starting"),
        (Answer(500, "InternalServerError"), "wanted"),
    ],
    ids=["not sent", "unknown", "refused for now"],
)
async def test_a_start_that_did_not_succeed(flow: Flow, failure: Any, phase: str) -> None:
    """It is wanted again where it provably failed, and unknown where it may have arrived."""
    apns = Apns(failure)
    await work(dispatcher(flow, apns))

    assert apns.events() == ["start"]
    assert (await row_of(flow))["phase"] == phase
