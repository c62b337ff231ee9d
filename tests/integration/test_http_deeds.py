"""What people do through the API is what they do from the command line, and leaves a line in the log."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

import projections.projector as projector_module
from events.envelope import RecordedEvent
from projections.order_view import OrderView
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow
from tests.integration.http_api import Api, running_api


@pytest.fixture
async def api(flow: Flow) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(flow.pool, flow.keyring) as running:
        yield running


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt, of an order with one event."""
    return owing


def fails(_view: OrderView, _events: Sequence[RecordedEvent]) -> OrderView:
    """Fail as a bug in a fold would."""
    raise ValueError("a bug")


async def test_cards_are_sent_again_and_ended(api: Api, flow: Flow, clock: Clock) -> None:
    """All of an order, or the one that is named; what was asked is done by the dispatcher, and who asked is logged."""
    card_id = await live(flow, clock)
    apns = Apns()
    path = "/v1/orders/order-1/cards"
    with capture_logs() as logged:
        again = await api.send("POST", f"{path}/resend", {"cardId": card_id}, token="admin")
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=2)
        other = await api.send("POST", f"{path}/end", {"cardId": str(uuid4())}, token="admin")
        end = await api.send("POST", f"{path}/end", {}, token="admin")
        await work(dispatcher(flow, apns))
    none = await api.send("POST", f"{path}/resend", {}, token="admin")

    assert [(each.status, each.json) for each in (again, end)] == [(202, {"asked": [card_id]})] * 2
    assert apns.events() == ["update", "end"]
    assert [other.problem, none.problem] == ["not-found", "not-found"]
    key_id = api.keys["admin"][:-38]
    told = [each for each in logged if each["event"] == "person_asked_of_cards"]
    assert [(each["by"], each["what"], each["cards"]) for each in told] == [
        (key_id, "resend", [card_id]),
        (key_id, "end", [card_id]),
    ]
    wrong = await api.send("POST", f"{path}/end", {"cardId": "card-1"}, token="admin")
    assert (wrong.problem, wrong.json["errors"][0]["pointer"]) == ("invalid-document", "/cardId")


async def test_an_order_that_was_set_aside_is_released(api: Api, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is folded again; once it is not set aside there is nothing to release."""
    monkeypatch.setattr(projector_module, "fold", fails)
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    monkeypatch.undo()

    released = await api.send("POST", "/v1/orders/order-1/release", token="admin")
    assert (released.status, released.json) == (202, {"outcome": "released"})
    assert (await flow.project("order-1")).won == ["order-1"]
    assert (await api.send("POST", "/v1/orders/order-1/release", token="admin")).problem == "not-found"


async def pauses(api: Api) -> Any:
    """Ask which pauses hold."""
    return (await api.send("GET", "/v1/pauses", token="admin")).json["pauses"]


@pytest.mark.parametrize(
    ("kind", "key", "path", "command"),
    [
        ("all", "*", "all/*", "lockstep resume all"),
        (
            "topic",
            "com.example.shop/sandbox",
            "topic/com.example.shop%2Fsandbox",
            "lockstep resume --topic com.example.shop/sandbox",
        ),
    ],
)
async def test_a_pause_is_listed_and_lifted(api: Api, flow: Flow, kind: str, key: str, path: str, command: str) -> None:
    """By its kind and what it names, of which a slash is written %2F."""
    await Pauses(flow.pool).pause(kind, key, reason="wrong texts")
    [found] = await pauses(api)

    assert (found["kind"], found["key"], found["reason"], found["until"]) == (kind, key, "wrong texts", None)
    assert found["resume"] == command
    assert (await api.send("DELETE", f"/v1/pauses/{path}", token="admin")).status == 204
    assert await pauses(api) == []
    assert (await api.send("DELETE", f"/v1/pauses/{path}", token="admin")).problem == "not-found"
