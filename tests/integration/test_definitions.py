"""Definitions over HTTP and by the command line: versions, and what events make of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from app.definitions import DefinitionStore
from events.postgres.pool import Pool
from events.saved_definition import read_definition
from events.sealing import Keyring
from tests.integration.command_line import lockstep
from tests.integration.http_api import Api, running_api

MATCH: Final[dict[str, Any]] = {
    "attributesType": "MatchAttributes",
    "attributes": {"league": "A"},
    "alerts": {"start": {"title": "A match", "body": "Kick-off!"}},
}
PLACE: Final = "/v1/definitions/match"
WHO: Final = "events:write"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def test_each_change_is_a_version_and_all_stay(api: Api) -> None:
    """The same again is none; after a deletion the name is free, and old versions can still be named."""
    saved = [
        await api.send("PUT", PLACE, each, token=WHO)
        for each in (MATCH, MATCH, MATCH | {"attributes": {"league": "B"}})
    ]
    newest, older = [await api.send("GET", PLACE + query, token=WHO) for query in ("", "?version=1")]
    gone = [await api.send("DELETE", PLACE, token=WHO) for _ in range(2)]
    after = [await api.send("GET", PLACE + query, token=WHO) for query in ("", "?version=2")]
    again = await api.send("PUT", PLACE, MATCH, token=WHO)

    assert [(each.json["outcome"], each.json["version"]) for each in (*saved, again)] == [
        ("saved", 1),
        ("unchanged", 1),
        ("saved", 2),
        ("saved", 4),
    ]
    assert (newest.json["version"], newest.json["definition"]["attributes"]) == (2, {"league": "B"})
    assert older.json["definition"] == MATCH
    assert [each.status for each in (*gone, *after)] == [204, 404, 404, 200]


async def test_an_event_is_stored_whole_with_the_version_that_was_used(api: Api) -> None:
    """What becomes of the definition later does not matter, to a repeat neither."""
    await api.send("PUT", PLACE, MATCH, token=WHO)
    start = {"definition": "match", "customerId": "c", "attributes": {"home": "PAOK"}}
    first = await api.send("POST", "/v1/activities/match-1/start", start, token=WHO)
    await api.send("PUT", PLACE, MATCH | {"attributes": {"league": "B"}}, token=WHO)
    again = await api.send("POST", "/v1/activities/match-1/start", start, token=WHO)
    other = await api.send("POST", "/v1/activities/match-2/start", start | {"definitionVersion": 1}, token=WHO)
    third = await api.send("POST", "/v1/activities/match-3/start", start, token=WHO)
    unknown = await api.send("POST", "/v1/activities/match-4/start", start | {"definition": "x"}, token=WHO)
    used = [
        (await api.send("GET", f"/v1/orders/match-{n}/events", token="orders:read")).json["events"][0]["data"]
        for n in (1, 2, 3)
    ]

    assert [each.json["outcome"] for each in (first, again, other, third)] == [
        "appended",
        "duplicate",
        "appended",
        "appended",
    ]
    assert [(each["definitionVersion"], each["attributes"]) for each in used] == [
        (1, {"league": "A", "home": "PAOK"}),
        (1, {"league": "A", "home": "PAOK"}),
        (2, {"league": "B", "home": "PAOK"}),
    ]
    assert (unknown.status, unknown.json["errors"][0]["pointer"]) == (422, "/definition")


async def test_a_repeat_is_known_whatever_becomes_of_its_definition(api: Api) -> None:
    """One whose alert or whose whole definition has gone is a duplicate; other data under its id is still refused."""
    await api.send("PUT", PLACE, MATCH, token=WHO)
    start = {"definition": "match", "customerId": "c", "alert": "start"}
    plain = {"type": "activity.started", "id": "s-2", "data": start}
    update = {"type": "activity.updated", "id": "u-2", "data": {"contentState": {"minute": 3}}}
    events = "/v1/orders/match-2/events"

    async def say() -> list[Any]:
        return [
            await api.send("POST", "/v1/activities/match-1/start", start, token=WHO),
            await api.send("POST", events, plain, token=WHO),
        ]

    first = await say()
    await api.send("PUT", PLACE, MATCH | {"alerts": {}}, token=WHO)
    changed = await say()
    await api.send("DELETE", PLACE, token=WHO)
    deleted = await say()
    batch = await api.send("POST", events, [plain, update], token=WHO)
    other = [
        await api.send("POST", events, plain | {"id": "s-3"}, token=WHO),
        await api.send("POST", events, plain | {"data": start | {"alert": "end"}}, token=WHO),
        await api.send("POST", events, plain | {"id": "s\0"}, token=WHO),
    ]

    outcomes = [[(each.json["outcome"], each.json["version"]) for each in said] for said in (first, changed, deleted)]
    assert outcomes == [[("appended", 1)] * 2, [("duplicate", 1)] * 2, [("duplicate", 1)] * 2]
    assert [each["outcome"] for each in batch.json["results"]] == ["duplicate", "appended"]
    assert [(each.status, each.json["errors"][0]["pointer"]) for each in other] == [
        (422, "/data/definition"),
        (422, "/data/definition"),
        (422, "/id"),
    ]


async def test_what_is_wrong_with_a_definition_is_named(api: Api) -> None:
    """The name too."""
    body = await api.send("PUT", PLACE, {"attributesType": "My Match"}, token=WHO)
    name = await api.send("PUT", "/v1/definitions/a%20b", MATCH, token=WHO)

    assert (body.status, [each["pointer"] for each in body.json["errors"]]) == (422, ["/attributesType"])
    assert (name.status, [each["pointer"] for each in name.json["errors"]]) == (422, ["/name"])


async def test_saves_at_once_are_versions_one_after_another(pool: Pool) -> None:
    """None is lost, and none has the number of another."""
    store = DefinitionStore(pool)
    each = [read_definition(MATCH | {"attributes": {"league": str(n)}}) for n in range(4)]
    saved = await asyncio.gather(*(store.save("match", one) for one in each))

    assert sorted(one.version for one in saved) == [1, 2, 3, 4]


async def test_the_command_line_saves_shows_lists_and_deletes(dsn: str, tmp_path: Path) -> None:
    """What it shows is what it takes."""
    file = tmp_path / "match.json"
    file.write_bytes(msgspec.json.encode(MATCH))
    (bad := tmp_path / "bad.json").write_text("{}")
    saved = await lockstep("definitions", "save", "match", str(file), "--json", dsn=dsn)
    shown = await lockstep("definitions", "show", "match", dsn=dsn)
    listed = await lockstep("definitions", "list", "--json", dsn=dsn)
    refused = await lockstep("definitions", "save", "match", str(bad), dsn=dsn)
    deleted = await lockstep("definitions", "delete", "match", dsn=dsn)

    assert (saved.json, shown.json) == ({"name": "match", "version": 1, "saved": True}, MATCH)
    assert [each["name"] for each in listed.json["definitions"]] == ["match"]
    assert (refused.code, "/attributesType is missing" in refused.err) == (2, True)
    assert (deleted.code, deleted.out) == (0, "Deleted match.\n")
