"""The stream of what becomes of cards, and how many did what."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

import app.card_stream as card_stream_module
from app.apns.answer import Answer
from app.card_stream import CardStream
from events.feed_cursor import FeedCursor, FeedName, write_cursor
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from projections.card_fact import CardFact, FactType
from projections.card_fact_store import FactStore, add_facts
from tests.examples.cards import card
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow
from tests.integration.http_api import Api, running_api
from tests.integration.wire import backend_that_waits

STREAM = "/v1/cards/stream"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """A running edge."""
    async with running_api(pool, keyring) as made:
        yield made
        made.edge.card_stream.close()


class Line:
    """One connection to the stream."""

    def __init__(self, api: Api, answer: aiohttp.ClientResponse) -> None:
        self._api, self._answer = api, answer
        self.last_id = ""

    async def block(self) -> dict[str, str]:
        """Read the fields of one block."""
        fields: dict[str, str] = {}
        while (line := (await self._answer.content.readline()).decode().rstrip("\n")) != "":
            name, _, value = line.partition(": ")
            fields[name] = value
        self.last_id = fields.get("id", self.last_id)
        return fields

    async def fact(self) -> dict[str, Any]:
        """Read the next fact."""
        while "data" not in (fields := await self.block()):
            pass
        document: dict[str, Any] = msgspec.json.decode(fields["data"])
        assert fields["event"] == document["type"]
        return document


async def dial(api: Api, last_id: str = "") -> Line:
    """Connect, and read the first block."""
    headers = {"Authorization": f"Bearer {api.keys['events:read']}", **({"Last-Event-ID": last_id} if last_id else {})}
    answer = await api.session.get(f"http://127.0.0.1:{api.port}{STREAM}", headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    line = Line(api, answer)
    assert (await line.block())["retry"] == "3000"
    return line


async def rest(api: Api, last_id: str) -> list[str]:
    """Give the subjects of what follows a place, until there is no more."""
    reply = await api.send("GET", f"{STREAM}?seconds=0", token="events:read", headers={"Last-Event-ID": last_id})
    assert reply.status == 200
    lines = [each for each in reply.body.decode().split("\n") if each.startswith("data: ")]
    return sorted(msgspec.json.decode(each.removeprefix("data: "))["data"]["subject"] for each in lines)


async def start(flow: Flow, api: Api, *subjects: str) -> None:
    """Let cards start, and hint at it."""
    await flow.register()
    for each in subjects:
        await flow.place(each)
    await flow.settle(*subjects)
    await work(dispatcher(flow, Apns()))
    api.edge.card_stream.hear(Ring("somebody", facts=True))


async def test_a_reader_goes_on_from_where_it_was_cut_off(
    flow: Flow, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from before the first fact; what happened before it read is not told, and nothing after it is missed."""
    monkeypatch.setattr(card_stream_module, "PAGE_FACTS", 2)
    await start(flow, api, "order-0")
    line = await dial(api)
    before = line.last_id
    await start(flow, api, "order-1")
    first = await line.fact()
    assert (first["type"], first["data"]["subject"], first["data"]["code"]) == ("card.started", "order-1", "accepted")
    line._answer.close()
    await start(flow, api, "order-2", "order-3", "order-4", "order-5", "order-6")

    assert await rest(api, line.last_id) == [f"order-{number}" for number in range(2, 7)]
    assert await rest(api, before) == [f"order-{number}" for number in range(1, 7)]
    again = await dial(api, line.last_id)
    told = {(await again.fact())["data"]["subject"] for _ in range(5)}
    again._answer.close()
    assert len(told) == 5


async def test_a_number_that_can_be_seen_was_committed_after_every_lower_one(pool: Pool) -> None:
    """Whoever writes facts of a slot waits for whoever does already: a reader that goes by numbers skips nothing."""
    facts = FactStore(pool)
    begun = await facts.newest()

    async def write_one() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await add_facts(connection, [CardFact(card(), FactType.STARTED, "accepted", "The second.")])

    async with pool.acquire() as connection, pool.acquire() as onlooker:
        transaction = connection.transaction()
        await transaction.start()
        await add_facts(connection, [CardFact(card(), FactType.STARTED, "accepted", "The first.")] * 2)
        second = asyncio.ensure_future(write_one())
        await backend_that_waits(onlooker)
        assert (await facts.read(begun, 9)).facts == ()
        await transaction.commit()
        await second
    page = await facts.read(begun, 2)
    rest = await facts.read(page.cursor, 9)

    assert [each.data.reason for each in (*page.facts, *rest.facts)] == ["The first.", "The first.", "The second."]
    assert (await facts.read(rest.cursor, 9)).facts == ()


async def test_a_service_that_stops_hangs_up(api: Api) -> None:
    """So that readers go on at another process."""
    line = await dial(api)
    api.edge.card_stream.close()

    assert await line._answer.content.read() == b""


async def test_a_stream_ends_when_postgres_goes_away(dsn: str, pool: Pool, keyring: Keyring) -> None:
    """As one that is whole: whoever follows comes again."""
    own = await open_pool(dsn, name="lockstep-test", most=2)
    async with running_api(pool, keyring, card_stream=CardStream(own)) as api:
        line = await dial(api)
        own.terminate()
        api.edge.card_stream.hear(Ring("somebody", facts=True))

        assert await line._answer.content.read() == b""


async def test_a_place_that_is_none_is_refused(api: Api, keyring: Keyring) -> None:
    """One of elsewhere, one of the feed of events, and one that a restored database has not reached."""
    ahead = write_cursor(FeedCursor((9,) * 256), FeedName.CARDS, keyring.hash)
    of_events = (await api.send("GET", "/v1/events", token="events:read")).json["nextAfter"]
    replies = [
        await api.send("GET", STREAM, token="events:read", headers={"Last-Event-ID": each})
        for each in ("x", of_events, ahead)
    ]
    senseless = await api.send("GET", f"{STREAM}?seconds=soon", token="events:read")

    assert [each.problem for each in replies] == ["bad-request", "bad-request", "cursor-ahead"]
    assert "It is a cursor of GET /v1/events" in replies[1].json["detail"]
    assert senseless.problem == "bad-request"


async def test_cards_are_counted_by_what_became_of_them(owing: Flow, api: Api) -> None:
    """One on a phone, one dismissed, one that Apple refused, one whose phone is switched off; and none of nothing."""
    for number in range(2, 5):
        await owing.register(f"phone-{number}", activities_enabled=number != 4)
    await owing.match()
    apns = Apns()
    await work(dispatcher(owing, apns))
    cards = {row["device_id"]: str(row["card_id"]) for row in await owing.rows()}
    await owing.registry.report_card("phone-1", cards["phone-1"], reported(update_token=UPDATE_TOKEN))
    await owing.registry.forget_card("phone-2", cards["phone-2"])
    await work(dispatcher(owing, apns))
    await owing.register("phone-5")
    await owing.match()
    await work(dispatcher(owing, Apns(Answer(400, reason="PayloadEmpty"))))
    reply = await api.send("GET", "/v1/orders/order-1/cards/counts", token="orders:read")
    nothing = await api.send("GET", "/v1/orders/order-9/cards/counts", token="orders:read")

    assert reply.json["total"] == {
        "cards": 5, "waiting": 1, "started": 3, "live": 2, "failed": 1, "dismissed": 1, "ended": 0, "neverShown": 0
    }  # fmt: skip
    assert [each["attributesType"] for each in reply.json["byType"]] == ["OrderAttributes"]
    assert nothing.problem == "not-found"
