"""Promise 15: an hour in which APNs cannot be reached, or swallows everything."""

import pytest

from app.apns.errors import Ambiguous, NotSent, NotSentCause
from tests.conftest import Clock
from tests.examples.devices import reported
from tests.integration.dispatching import EVERYTHING, Apns, dispatcher, work
from tests.integration.flow import Flow

CARDS = 20
MINUTES = 60


@pytest.mark.parametrize(
    "failure",
    [NotSent("nobody listens", cause=NotSentCause.CONNECT), Ambiguous("no answer within 15 s")],
    ids=["refused", "silent"],
)
async def test_an_hour_without_apns_costs_nothing_but_the_hour(
    flow: Flow, clock: Clock, failure: NotSent | Ambiguous
) -> None:
    """Orders go on meanwhile; afterwards every card has its newest state with one push each, and none was given up."""
    orders = [f"order-{number}" for number in range(CARDS)]
    for order in orders:
        await flow.register(f"phone-of-{order}", f"customer-of-{order}")
        await flow.place(order, f"customer-of-{order}")
    await flow.settle(*orders)
    apns = Apns()
    await work(dispatcher(flow, apns))
    for row in await flow.rows():
        token = row["card_id"].hex
        report = reported(row["subject_id"], activity_id=token, update_token=token)
        await flow.registry.report_card(row["device_id"], str(row["card_id"]), report)

    away = dispatcher(flow, apns)
    attempts = len(apns.requests)
    for minute in range(MINUTES):
        apns.answers = [failure] * 1_000
        await clock.advance(minutes=1)
        if minute in (0, 20, 40):
            for order in orders:
                await flow.happen(order, ("order.accepted", "order.preparing", "order.ready")[minute // 20])
            await flow.project(*orders)
        away.hear(EVERYTHING)
        await work(away)
    in_vain = len(apns.requests) - attempts
    apns.answers = []
    await clock.advance(minutes=1)
    await work(dispatcher(flow, apns))

    assert CARDS <= in_vain <= CARDS * MINUTES
    assert len(apns.requests) - attempts - in_vain == CARDS
    assert [(row["phase"], row["accepted_version"]) for row in await flow.rows()] == [("shown", 4)] * CARDS
