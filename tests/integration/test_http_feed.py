"""`GET /v1/events` on a real port: pages and cursors, who may see what, and waiting for news."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

import aiohttp
import pytest

from app.access.api_key import Scope
from app.bootstrap import Service
from app.settings import load_settings
from events.feed_cursor import FeedCursor, FeedName, write_cursor
from events.feed_writer import FeedWriter
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.store import EventStore
from tests.examples.log import fact, group, note
from tests.integration.command_line import surroundings
from tests.integration.http_api import Api, Reply, running_api

CANARY: Final = "Please ring twice for Eleni Papadaki"
KEY: Final = "events:read"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge, with a feed that is open."""
    async with running_api(pool, keyring) as running:
        assert (await running.send("GET", "/v1/events", token=KEY)).status == 200
        yield running


async def ask(api: Api, query: str = "", token: str = KEY) -> Reply:
    """Ask for a page."""
    return await api.send("GET", f"/v1/events?{query}", token=token)


async def test_the_feed_is_read_page_by_page(api: Api, store: EventStore, pool: Pool) -> None:
    """Each answer says where to go on; at the end the same place comes back, and then what is new."""
    await store.append([group(fact("e0"), fact("e1"), fact("e2"))])
    writer = FeedWriter(pool, lambda: None)
    await writer.number_news()
    first = (await ask(api, "limit=2")).json
    second = (await ask(api, f"limit=2&after={first['nextAfter']}")).json
    end = (await ask(api, f"after={second['nextAfter']}")).json
    await store.append([group(fact("e3"))])
    await writer.number_news()
    more = (await ask(api, f"after={end['nextAfter']}")).json

    assert [[each["id"] for each in page["events"]] for page in (first, second, end, more)] == [
        ["e0", "e1"],
        ["e2"],
        [],
        ["e3"],
    ]
    assert [page["more"] for page in (first, second, end, more)] == [True, False, False, False]
    assert first["events"][0].keys() == {
        "specversion", "id", "source", "type", "subject", "version", "time", "recordedat", "schemaversion", "data",
    }  # fmt: skip


async def test_personal_values_take_a_scope_and_a_word(api: Api, store: EventStore, pool: Pool) -> None:
    """A key for the feed alone never sees them; one that may read orders sees them when it asks."""
    await store.append([group(note(CANARY))])
    await FeedWriter(pool, lambda: None).number_news()
    scopes = [Scope.EVENTS_READ, Scope.ORDERS_READ]
    both, _ = await api.edge.key_store.create(name="both", environment="test", scopes=scopes)
    refused = await ask(api, "personal=include")
    [alone, unasked, asked] = [
        (await ask(api, query, token)).json["events"][0]
        for query, token in (("", KEY), ("", both), ("personal=include", both))
    ]

    assert (refused.status, refused.problem) == (403, "forbidden")
    assert [(each["personal"], each["data"]["text"]) for each in (alone, unasked, asked)] == [
        ("withheld", None),
        ("withheld", None),
        ("open", CANARY),
    ]


FOREIGN: Final = write_cursor(FeedCursor(), FeedName.EVENTS, b"the hash key of another place..")


@pytest.mark.parametrize("after", ["", "0", "garbage", "ünicode", "A" * 5_000, FOREIGN], ids=str.__len__)
async def test_a_cursor_that_is_none_is_named(api: Api, after: str) -> None:
    """Garbage, or one of another installation: the answer points at the parameter."""
    refused = await ask(api, f"after={quote(after)}")

    assert (refused.status, refused.problem) == (400, "bad-request")
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/after"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "wait=11", "wait=-1", "personal=yes"])
async def test_a_query_that_makes_no_sense_is_told(api: Api, query: str) -> None:
    """The detail names the parameter."""
    refused = await ask(api, query)

    assert (refused.status, refused.problem) == (400, "bad-request")
    assert query.partition("=")[0] in refused.json["detail"]


async def test_a_cursor_ahead_of_the_feed_is_a_conflict(api: Api, keyring: Keyring) -> None:
    """The database was put back: beginning again is the reader's decision."""
    ahead = write_cursor(FeedCursor((9,) * 256), FeedName.EVENTS, keyring.hash)

    assert (await ask(api, f"after={ahead}")).problem == "cursor-ahead"


async def test_who_waits_is_answered_when_something_happens(api: Api, store: EventStore, pool: Pool) -> None:
    """Whichever came first, the question or the event: the ring follows the number, and ends the waiting."""
    waiting = asyncio.create_task(ask(api, "wait=10"))
    await store.append([group(fact())])
    await FeedWriter(pool, lambda: None).number_news()
    api.edge.feed.hear(Ring("test", feed=True))
    answered = (await waiting).json

    assert [each["id"] for each in answered["events"]] == ["event-1"]


async def test_a_running_service_feeds(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a POST to the answer of somebody who waits, through the real service and nothing else."""
    for name, value in surroundings(dsn).items():
        monkeypatch.setenv(name, value)
    service = await Service.start(load_settings(port=0, roles=("api", "projector"), log_level="error"))
    key, _ = await service.key_store.create(name="t", environment="test", scopes=[Scope.ADMIN])
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(service.url, headers=headers) as session:
        event = {"type": "order.ready", "data": {}, "id": "e1"}
        await (await session.post("/v1/orders/order-1/events", json=event)).read()
        seen: list[str] = []
        after = ""
        while not seen:
            async with session.get(f"/v1/events?wait=10{after}") as answer:
                page = await answer.json()
            seen += [each["id"] for each in page["events"]]
            after = f"&after={page['nextAfter']}"
    await service.stop()

    assert seen == ["e1"]
