"""Pictures, from the shop's manifest to the card: the placeholder first, the picture after."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from tests.acceptance.world import World, card_of, is_live, running_world
from tests.conftest import Clock

PICTURE: Final = b"\x89PNG, or so" * 100
OTHER: Final = b"\x89PNG of summer" * 50


@pytest.fixture
async def gallery() -> AsyncIterator[str]:
    """Where the shop keeps its pictures: an address that is followed by a file's name."""
    files = {"taverna.png": PICTURE, "summer.png": OTHER}

    async def give(request: web.Request) -> web.Response:
        content = files.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    app = web.Application()
    app.router.add_get("/{name}", give)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


def ref_of(content: bytes, key: str = "taverna") -> str:
    """Give what a card calls a picture."""
    return f"{key}@{hashlib.sha256(content).hexdigest()[:12]}"


async def put_asset(world: World, url: str, content: bytes, key: str = "taverna", **more: Any) -> None:
    """Let the shop put a picture into the manifest."""
    asset = {"url": url, "sha256": hashlib.sha256(content).hexdigest(), "sizeBytes": len(content), **more}
    async with world.shop.put(f"{world.service.url}/v1/assets/{key}", json=asset) as answer:
        assert answer.status == 200, await answer.text()
        assert (await answer.json())["versions"][0]["ref"] == ref_of(content, key)


async def test_a_card_shows_the_placeholder_first_and_the_picture_after(world: World, gallery: str) -> None:
    """One push wakes the app, the card is never held up, and a new version of the picture follows the same way."""
    await put_asset(world, f"{gallery}taverna.png", PICTURE)
    phone = await world.phone(fetches_pictures=True)
    await world.place(imageKey="taverna")
    await world.until(lambda: is_live(phone) and card_of(phone).content["imageKey"] == ref_of(PICTURE))
    await world.come_to_rest()
    start = next((push.payload or {})["aps"] for push in world.pushes if push.event == "start")

    assert start["content-state"]["imageKey"] == "placeholder"
    assert [each.sha256 for each in phone.phone.pictures.values()] == [hashlib.sha256(PICTURE).hexdigest()]
    woken = [push for push in world.pushes if (push.payload or {})["aps"] == {"content-available": 1}]
    assert [(push.topic, push.priority, push.expiration) for push in woken] == [(phone.phone.bundle_id, 5, 0)]

    await world.place("order-2", imageKey="taverna")
    await world.until(lambda: len([push for push in world.pushes if push.event == "start"]) == 2)
    await world.happen("order-1", "order.courier_assigned", courierName="Mira", imageKey="bicycle")
    await put_asset(world, f"{gallery}summer.png", OTHER)
    await world.until(lambda: ref_of(OTHER) in [each.content["imageKey"] for each in phone.phone.cards.values()])
    await world.come_to_rest()
    first, second = phone.phone.cards.values()

    assert (first.content["imageKey"], second.content["imageKey"]) == ("bicycle", ref_of(OTHER))
    starts = [(push.payload or {})["aps"] for push in world.pushes if push.event == "start"]
    assert starts[1]["content-state"]["imageKey"] == ref_of(PICTURE), "the phone had it already"
    assert phone.complaints == []


async def test_a_key_that_comes_into_the_manifest_changes_the_cards_that_name_it(world: World, gallery: str) -> None:
    """Without news of the order, quietly: the bare key gives way to the placeholder, or at once to the picture."""
    phone = await world.phone(fetches_pictures=True)
    await world.place(imageKey="taverna")
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    before = card_of(phone).content["imageKey"]

    await put_asset(world, f"{gallery}taverna.png", PICTURE)
    await world.until(lambda: card_of(phone).content["imageKey"] == ref_of(PICTURE))
    await world.come_to_rest()

    updates = [(push.payload or {})["aps"] for push in world.pushes if push.event == "update"]
    assert (before, phone.complaints) == ("taverna", [])
    assert {each["content-state"]["imageKey"] for each in updates} <= {"placeholder", ref_of(PICTURE)}
    assert not any("alert" in each for each in updates)


async def test_a_card_keeps_its_placeholder_while_the_phone_has_no_room(world: World, gallery: str) -> None:
    """Support is told why; once there is room, and the app is opened, the picture comes."""
    await put_asset(world, f"{gallery}taverna.png", PICTURE)
    phone = await world.phone(fetches_pictures=True, storage_bytes=len(PICTURE) - 1)
    await world.place(imageKey="taverna")
    await world.until(lambda: is_live(phone) and bool(phone.phone.failed_pictures))
    await world.come_to_rest()
    async with world.shop.get(f"{world.service.url}/v1/orders/order-1/explain") as answer:
        [told] = (await answer.json())["cards"]

    assert card_of(phone).content["imageKey"] == "placeholder"
    assert told["finding"]["reason"] == "unchanged"
    assert told["pictures"] == [{"key": "taverna", "shows": None, "why": "there is no room for it on the phone"}]

    phone.behave(storage_bytes=None)
    phone.launch()
    await world.until(lambda: card_of(phone).content["imageKey"] == ref_of(PICTURE))
    await world.come_to_rest()
    assert phone.complaints == []


async def test_what_goes_to_all_phones_names_no_picture_of_one(
    dsn: str, clock: Clock, certificates: Path, gallery: str
) -> None:
    """Cards that follow a channel show the placeholder, and wake no app."""
    async with running_world(dsn, clock, certificates, carrier="channel", plan_channel_settle=2.0) as world:
        phone = await world.phone(fetches_pictures=True)
        await world.place(imageKey="taverna")
        await world.until(lambda: any(each.state == "active" for each in phone.phone.cards.values()))
        started = dict(card_of(phone).content)
        await world.come_to_rest()
        await put_asset(world, f"{gallery}taverna.png", PICTURE)
        await world.until(lambda: card_of(phone).content["imageKey"] == "placeholder")
        await world.happen("order-1", "order.ready")
        await world.until(lambda: card_of(phone).content["status"] == "ready")

        assert (started["imageKey"], card_of(phone).content["imageKey"]) == ("taverna", "placeholder")
        assert "background" not in world.kinds()
