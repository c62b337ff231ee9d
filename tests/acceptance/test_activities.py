"""Cards whose state the sender holds: from HTTP to the phone, and through everything that an order goes through."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from app.erasure import Eraser
from app.simulator.declaration import Declaration
from projections.verifier import verify
from tests.acceptance.documented import Terminal
from tests.acceptance.world import World, card_of, cards_of, is_live, running_world
from tests.conftest import Clock
from tests.documents import REPOSITORY, commands_in

MATCH: Final = Declaration(
    name="MatchAttributes",
    attributes={"cardId": "str", "subject": "str", "home": "str", "away": "str"},
    content={"score": "list", "minute": "int?", "updatedAt": "str?"},
    initial={"score": [0, 0]},
    subject="subject",
)
UPLOAD: Final = Declaration(
    name="UploadAttributes",
    attributes={"cardId": "str", "uploadId": "str", "megabytes": "int"},
    content={"status": "str", "percent": "int", "updatedAt": "int"},
    subject="subject",
)
STARTED: Final[dict[str, Any]] = {
    "customerId": "customer-1",
    "attributesType": "MatchAttributes",
    "attributes": {"home": "PAOK", "away": "Aris"},
    "contentState": {"score": [0, 0], "updatedAt": "kick-off"},
    "alert": {"title": "PAOK against Aris", "body": {"default": "Kick-off!", "byLocale": {"el": "Σέντρα!"}}},
    "relevanceScore": 0,
}


@pytest.fixture
async def world(dsn: str, clock: Clock, certificates: Path) -> AsyncIterator[World]:
    """A service as it comes."""
    async with running_world(dsn, clock, certificates) as made:
        yield made


def aps(world: World) -> list[dict[str, Any]]:
    """Give what APNs was sent, in order."""
    return [(push.payload or {})["aps"] for push in world.pushes]


async def test_a_senders_state_is_shown_as_it_was_given(world: World) -> None:
    """Start, update and end, with what belongs to each; a replay gives the same."""
    phone = await world.phone(declarations=(MATCH,))
    await world.happen("match-1", "activity.started", **STARTED)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    goal = {"title": "PAOK against Aris", "body": "Goal!", "sound": "goal.caf"}
    await world.happen_and_rest(
        "match-1",
        "activity.updated",
        contentState={"score": [1, 0], "minute": 12},
        alert=goal,
        staleDate="2090-01-01T00:00:00Z",
        relevanceScore=250.5,
    )
    await world.happen_and_rest("match-1", "activity.updated", contentState={"score": [1, 0], "minute": 13})
    await world.happen_and_rest(
        "match-1", "activity.updated", contentState={"score": [1, 0], "minute": 14}, priority=10
    )
    await world.happen_and_rest("match-1", "activity.ended", dismissalDate="2090-01-01T00:00:00Z")
    card = card_of(phone)
    start, scored, quiet, urgent, end = aps(world)
    replayed = await verify(world.service.pool, world.service.keyring)

    assert card.attributes | {"cardId": ""} == {"home": "PAOK", "away": "Aris", "subject": "match-1", "cardId": ""}
    assert (card.state, card.content) == ("ended", {"score": [1, 0], "minute": 14})
    assert (start["content-state"], start["relevance-score"]) == ({"score": [0, 0], "updatedAt": "kick-off"}, 0)
    assert start["alert"]["body"] == "Kick-off!"
    assert "stale-date" not in start
    assert (scored["alert"], scored["stale-date"], scored["relevance-score"]) == (goal, 3786912000, 250.5)
    assert quiet.keys() == {"timestamp", "event", "content-state"}
    assert [push.priority for push in world.pushes] == [10, 10, 5, 10, 10]
    assert urgent["content-state"] == {"score": [1, 0], "minute": 14}
    assert end["dismissal-date"] - end["timestamp"] in (4 * 3600 - 1, 4 * 3600)
    assert phone.complaints == []
    assert replayed.same


async def test_an_app_starts_a_card_and_the_sender_moves_it(world: World) -> None:
    """An update without a start is of a card that the app has started."""
    phone = await world.phone(declarations=(MATCH,))
    phone.start_activity("match-1", attributes_type="MatchAttributes")
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("match-1", "activity.updated", contentState={"score": [2, 2]})

    await world.happen_and_rest("match-1", "activity.ended")

    assert (card_of(phone).state, card_of(phone).content) == ("ended", {"score": [2, 2]})
    assert world.kinds() == ["update", "end"]


async def test_what_the_app_has_started_may_end_without_a_state(world: World) -> None:
    """Nothing is known of it but that it is over."""
    phone = await world.phone(declarations=(MATCH,))
    phone.start_activity("match-1", attributes_type="MatchAttributes")
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("match-1", "activity.ended")

    assert card_of(phone).state == "ended"
    assert "content-state" not in aps(world)[0]


async def test_an_erased_activity_leaves_the_screen(world: World) -> None:
    """Nothing of it is left to be shown; what comes later brings nothing back, and a replay gives the same."""
    phone = await world.phone(declarations=(MATCH,))
    await world.happen("match-1", "activity.started", **STARTED)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    service = world.service
    await Eraser(service.pool, service.store, service._registry()).erase_order("match-1")
    await world.happen_and_rest("match-1", "activity.updated", contentState={"score": [9, 9]})
    page = await world.order("match-1")

    assert [card.state for card in cards_of(phone)] != ["active"]
    assert "content-state" not in aps(world)[-1]
    assert (page["over"], page["contentState"]) == (True, None)
    assert (await verify(service.pool, service.keyring)).same
    assert "kick-off" not in str(await service.pool.fetch("SELECT data, state FROM events JOIN views USING (slot)"))


async def test_the_document_works_as_it_stands(world: World, dsn: str, tmp_path: Path) -> None:
    """A group's start, 80 %, end and close, then by a definition: answers as printed, and phones that show it."""
    phones = [await world.phone(each, declarations=(UPLOAD,)) for each in ("customer-1", "customer-2")]
    variables = {"AUTH": f"Authorization: Bearer {world.api_key}", "JSON": "Content-Type: application/json"}
    terminal = Terminal(
        world.shop,
        {"http://127.0.0.1:8080": str(world.service.url)},
        {"CUSTOMER": "customer-1", **variables},
        {"dsn": dsn},
        tmp_path,
    )
    shown = list[tuple[tuple[str, int] | None, ...]]()
    for command in commands_in((REPOSITORY / "docs/activities.md").read_text(encoding="utf-8")):
        if not command.text.startswith("curl "):
            continue
        answer = msgspec.json.decode(await terminal.type(command))
        assert not command.answer or msgspec.json.decode(command.answer) == answer
        if "/start " in command.text:
            follow = phones[: 1 if "film-13" in command.text else 2]
            await world.until(lambda: all(is_live(each) for each in follow))  # noqa: B023 - awaited here
        await world.come_to_rest()
        newest = [cards_of(each)[-1] if cards_of(each) else None for each in phones]
        shown.append(tuple(None if card is None else (card.state, card.content["percent"]) for card in newest))

    assert shown == [
        (("active", 0), ("active", 0)),
        (("active", 80), ("active", 80)),
        (("ended", 100), ("ended", 100)),
        (("ended", 100), ("ended", 100)),
        (("active", 0), ("ended", 100)),
        (("active", 40), ("ended", 100)),
        (("ended", 40), ("ended", 100)),
    ]
    closed, told = aps(world)[4:6], aps(world)[6:]
    assert all(each["dismissal-date"] < each["timestamp"] for each in closed)
    assert [each.get("alert", {}).get("body") for each in told] == [
        "It is on its way.",
        "This takes longer than usual.",
        None,
    ]
    assert [each.complaints for each in phones] == [[], []]
