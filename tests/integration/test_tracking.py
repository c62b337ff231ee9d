"""The tracking page and its stream, on a real port and a real Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
import pytest

import app.tracking.tracker as tracker_module
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from events.store import EventStore
from projections.freshness import FreshnessRules
from tests.integration.flow import Flow
from tests.integration.http_api import Api, running_api

STREAM = "/v1/orders/order-1/stream"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """A running edge whose tracker looks."""
    async with running_api(pool, keyring) as made:
        stop = asyncio.Event()
        looking = asyncio.create_task(made.edge.tracker.run(stop))
        yield made
        made.edge.tracker.close()
        stop.set()
        await looking


class Line:
    """One connection to the stream."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.id = ""

    async def state(self) -> dict[str, Any]:
        """Read the next state."""
        fields: dict[str, str] = {}
        while "data" not in fields:
            line = (await self._answer.content.readline()).decode()
            assert line, "the line has ended"
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        self.id = fields["id"]
        state: dict[str, Any] = msgspec.json.decode(fields["data"])
        return state

    async def rest(self) -> bytes:
        """Read to the end."""
        return (await self._answer.content.read()).strip()


Dial = Callable[..., Awaitable[Line]]


@pytest.fixture
async def dial(api: Api) -> AsyncIterator[Dial]:
    """Connects, by a ticket for the order unless another is given, and hangs up at the end."""
    answers: list[aiohttp.ClientResponse] = []

    async def dial(ticket: str | None = None, last_id: str = "") -> Line:
        answers.append(await connected(api, ticket, last_id))
        return Line(answers[-1])

    yield dial
    for each in answers:
        each.close()


async def connected(api: Api, ticket: str | None = None, last_id: str = "") -> aiohttp.ClientResponse:
    """Connect to the stream."""
    token = api.ticket(None, "order-1") if ticket is None else ticket
    headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last_id} if last_id else {})}
    answer = await api.session.get(f"http://127.0.0.1:{api.port}{STREAM}", headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


async def fold(flow: Flow, api: Api) -> None:
    """Fold the order, and hint at it."""
    await flow.project("order-1")
    api.edge.tracker.hear(Ring("somebody", folded=list(ALL_SLOTS)))


async def test_a_page_is_told_of_each_change_and_of_the_end(flow: Flow, api: Api, dial: Dial) -> None:
    """From before anything is known until it is over, when the line ends and whoever comes again need not."""
    line = await dial()
    waiting = await line.state()
    await flow.place()
    await fold(flow, api)
    placed = await line.state()
    await flow.happen("order-1", "order.courier_assigned")
    await fold(flow, api)
    on_its_way = await line.state()
    await flow.happen("order-1", "order.delivered")
    await fold(flow, api)
    over = await line.state()
    end = await line.rest()
    again = await api.send("GET", STREAM, token=api.ticket(None, "order-1"), headers={"Last-Event-ID": line.id})

    assert [each["phase"] for each in (waiting, placed, on_its_way, over)] == ["waiting", "open", "open", "over"]
    assert (waiting["contentState"], waiting["page"]) == (None, None)
    assert placed["contentState"]["status"] == placed["status"] == "placed"
    assert on_its_way["contentState"]["courierName"] == "Anna Kaya"
    assert on_its_way["page"]["headline"] == "Courier assigned"
    assert over["contentState"]["progress"] == over["page"]["progress"] == 1.0
    assert (end, again.status, again.body) == (b"", 204, b"")


async def test_who_comes_again_is_told_the_newest_state_alone(flow: Flow, api: Api, dial: Dial) -> None:
    """Nothing if that is known; what happened in between is in it, and another process gives the same id."""
    await flow.place()
    await flow.project("order-1")
    line = await dial()
    await line.state()
    ticket = api.ticket(None, "order-1")
    known = await api.send("GET", f"{STREAM}?seconds=0", token=ticket, headers={"Last-Event-ID": line.id})
    await flow.happen("order-1", "order.preparing", "order.ready")
    await fold(flow, api)
    again = await dial(last_id=line.id)
    await line.state()
    state = await again.state()

    assert known.body == b"retry: 3000\n:\n\n"
    assert state["status"] == "ready"
    assert again.id == line.id


async def test_a_lost_hint_is_made_up_for(flow: Flow, dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a look at the versions of what is followed."""
    monkeypatch.setattr(tracker_module, "LOOK_SECONDS", 0.02)
    line = await dial()
    await line.state()
    await flow.place()
    await flow.project("order-1")

    assert (await line.state())["status"] == "placed"


async def test_many_who_follow_one_order_cost_one_look(flow: Flow, dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read once for all of them."""
    reads: list[str] = []
    read_head = EventStore.read_head

    async def counted(store: EventStore, subject_id: str) -> Any:
        reads.append(subject_id)
        return await read_head(store, subject_id)

    monkeypatch.setattr(EventStore, "read_head", counted)
    await flow.place()
    await flow.project("order-1")
    lines = [await dial() for _ in range(8)]
    states = [await each.state() for each in lines]

    assert [each["status"] for each in states] == ["placed"] * 8
    # at the first line, and at the first look at its version
    assert len(reads) <= 2


async def test_news_that_has_grown_old_is_told_by_itself(flow: Flow, pool: Pool, keyring: Keyring) -> None:
    """Late, then stale; a page that is cut off knows the time of that too."""
    rules = FreshnessRules(late_after=0.05, stale_after=0.2, stale_grace=0.01)
    tracker = tracker_module.Tracker(pool, keyring, rules)
    async with running_api(pool, keyring, tracker=tracker) as api:
        await flow.place(deliveryTime="2025-11-01T12:00:00Z")
        await flow.project("order-1")
        answer = await connected(api)
        line = Line(answer)
        told = [await line.state()]
        while told[-1]["freshness"] != "stale":
            told.append(await line.state())
        tracker.close()
        answer.close()

    levels = [each["freshness"] for each in told]
    assert levels == [each for each in ("fresh", "late", "stale") if each in levels]
    assert isinstance(told[0]["staleAt"], int)
    assert len({msgspec.json.encode(each["contentState"]) for each in told}) == 1


async def test_a_ticket_opens_what_it_names_alone(flow: Flow, api: Api) -> None:
    """Its order, or its customer's; an API key that may read orders opens all, and nobody else any."""
    await flow.place(customer_id="customer-7")
    await flow.project("order-1")
    allowed = [api.ticket("customer-7"), api.ticket("customer-8", "order-1"), "orders:read"]
    refused = [api.ticket("customer-8"), api.ticket(None, "order-2")]
    path = f"{STREAM}?seconds=0"

    assert [(await api.send("GET", path, token=each)).status for each in allowed] == [200, 200, 200]
    assert [(await api.send("GET", path, token=each)).problem for each in refused] == ["not-found"] * 2
    assert (await api.send("GET", path, token="events:write")).problem == "forbidden"
    assert (await api.send("GET", path)).problem == "unauthenticated"
    assert (await api.send("GET", f"{STREAM}?seconds=x", token="orders:read")).problem == "bad-request"


async def test_an_activity_is_tracked_by_whom_it_lists(flow: Flow, api: Api, dial: Dial) -> None:
    """Its content is that of its sender; once erased there is nothing left to show."""
    audience = {"customers": ["customer-7"]}
    started = {
        "attributesType": "M",
        "attributes": {},
        "contentState": {"minute": 1, "headline": "Kick-off"},
        "alert": {"title": "PAOK against Aris", "body": "Kick-off!"},
    }
    await flow.append(flow.event("order-1", "activity.started", {**started, "audience": audience}))
    await fold(flow, api)
    line = await dial(api.ticket("customer-7"))
    state = await line.state()
    stranger = await api.send("GET", f"{STREAM}?seconds=0", token=api.ticket("customer-8"))

    assert state["contentState"] == started["contentState"]
    assert state["page"]["headline"] == "Kick-off"
    assert stranger.problem == "not-found"


async def test_an_android_app_follows_the_same_state(flow: Flow, api: Api) -> None:
    """With a Live Update in the place of the page; another face is refused."""
    await flow.place()
    await flow.happen("order-1", "order.picked_up")
    await flow.project("order-1")
    ticket, path = api.ticket("customer-7"), f"{STREAM}?seconds=0&face="
    android, page = [await api.send("GET", f"{path}{face}", token=ticket) for face in ("android", "web")]
    states = [msgspec.json.decode(each.body.partition(b"data: ")[2].strip()) for each in (android, page)]

    assert states[0]["contentState"] == states[1]["contentState"]
    assert states[0]["page"] is states[1]["android"] is None
    assert states[0]["android"] == {
        "title": "Picked up",
        "text": "Taverna Ilios",
        "shortCriticalText": "75%",
        "progress": 75,
        "when": states[0]["contentState"]["deliveryTime"],
    }
    assert (await api.send("GET", f"{path}watch", token=ticket)).problem == "bad-request"


async def test_a_full_process_sends_people_elsewhere(api: Api, dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than slow down for those who are there; a line that ends makes room."""
    monkeypatch.setattr(tracker_module, "MOST_LINES", 1)
    line = await dial()
    await line.state()
    full = await api.send("GET", STREAM, token="orders:read")
    api.edge.tracker.close()
    await line.rest()
    room = await api.send("GET", STREAM, token=api.ticket(None, "order-1"))

    assert (full.problem, full.headers["Retry-After"], room.status) == ("busy", "5", 200)


async def test_the_page_may_do_nothing_but_follow(api: Api) -> None:
    """It is one for all, names nobody, and its policy lets it load and ask of its own origin alone."""
    page, style, script = [await api.send("GET", f"/track{end}") for end in ("", ".css", ".js")]
    same = await api.send("GET", "/track.js", headers={"If-None-Match": script.headers["ETag"]})

    assert [each.headers["Content-Type"] for each in (page, style, script)] == [
        "text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8",
    ]  # fmt: skip
    for each in (page, style, script):
        assert each.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; ")
        assert "unsafe" not in each.headers["Content-Security-Policy"]
        assert each.headers["Referrer-Policy"] == "no-referrer"
        assert b"http" not in each.body
    assert b"innerHTML" not in script.body
    assert b"style=" not in page.body
    assert (same.status, same.body) == (304, b"")


async def test_a_ticket_comes_with_the_address_of_its_page(api: Api) -> None:
    """Order and ticket stand where browsers keep them to themselves."""
    named = await api.send("POST", "/v1/tickets", {"orderId": "order-1/&?"}, token="devices:write")
    of_customer = await api.send("POST", "/v1/tickets", {"customerId": "customer-7"}, token="devices:write")

    assert "trackingPath" not in of_customer.json
    assert named.json["trackingPath"] == f"/track#order=order-1%2F%26%3F&ticket={named.json['ticket']}"
