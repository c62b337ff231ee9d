"""Activities over HTTP: one call each, known again when it is repeated."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.examples.events import FACTS
from tests.integration.http_api import Api, Reply, running_api

START: Final[dict[str, Any]] = FACTS["activity.started"]
SHOWN: Final = {"contentState": {"score": [1, 0]}}


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def say(api: Api, verb: str, body: Any, **headers: str) -> Reply:
    """Call a verb of an activity."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.send("POST", f"/v1/activities/match-1/{verb}", body, token="events:write", headers=sent)


async def test_each_verb_writes_its_event(api: Api) -> None:
    """And says which; data, time and source are the event's."""
    started = await say(api, "start", START | {"source": "ticker", "occurredAt": "2025-11-01T11:00:00Z"})
    updated = await say(api, "update", SHOWN, Idempotency_Key="goal-1")
    ended = await say(api, "end", {})
    listed = await api.send("GET", "/v1/orders/match-1/events", token="orders:read")

    assert [each.json for each in (started, updated, ended)] == [
        {"activityId": "match-1", "outcome": "appended", "event": f"activity.{event}", "id": name, "version": version}
        for version, (event, name) in enumerate((("started", "start"), ("updated", "goal-1"), ("ended", "end")), 1)
    ]
    first, *_ = listed.json["events"]
    assert (first["source"], first["occurredAt"], first["data"]) == ("ticker", "2025-11-01T11:00:00Z", START)


async def test_a_repeat_does_nothing_twice(api: Api) -> None:
    """A start by the activity's id, an update by its key; what says something else is no repeat."""
    await say(api, "start", START)
    again, other = await say(api, "start", START), await say(api, "start", START | {"relevanceScore": 9})
    first, repeated = [await say(api, "update", SHOWN, Idempotency_Key='"goal-1"') for _ in range(2)]
    counted = await say(api, "update", SHOWN)

    assert (again.json["outcome"], again.json["version"], other.problem) == ("duplicate", 1, "id-reused")
    assert (first.json["outcome"], repeated.json["outcome"], repeated.json["version"]) == ("appended", "duplicate", 2)
    assert (counted.json["outcome"], counted.json["version"]) == ("appended", 3)


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("start", {**START, "alert": None}, "/alert"),
        ("update", {}, "/contentState"),
        ("update", {**SHOWN, "percent": 80}, "/percent"),
        ("update", {"contentState": {"a": "x" * 3_000}}, "/contentState"),
        ("end", {"dismissalDate": "soon"}, "/dismissalDate"),
        ("end", {"occurredAt": "soon"}, "/occurredAt"),
        ("end", [], ""),
    ],
)
async def test_what_is_wrong_is_named_where_it_stands(api: Api, verb: str, body: Any, pointer: str) -> None:
    """By its place in the body of the call."""
    reply = await say(api, verb, body)

    assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, [pointer])


async def test_a_call_may_expect_a_version(api: Api) -> None:
    """As with events."""
    refused = await say(api, "update", SHOWN, If_Match='"3"')

    assert (refused.status, refused.problem) == (412, "version-conflict")
