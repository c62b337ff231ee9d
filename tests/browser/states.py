"""States of the console that are worth a picture, reached in a real one; and how like two pictures of one are.

Rules:
    Fonts and the time of day differ, so pictures are compared as one sees them from afar: in grey, 16 pixels to a cell.
    They are alike if no more than one cell in twenty-five differs by an eighth of the way from black to white.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageChops
from playwright.async_api import expect

from app.access.api_key import Scope
from app.demo.declared import declared
from app.simulator.agent import PhoneAgent
from app.simulator.declaration import Declaration
from projections.registry import CARDS
from tests.acceptance.world import World, card_of, is_live
from tests.browser.visit import Visit

FOLDER: Final = Path(__file__).parents[2] / "docs/pictures"
SETTINGS: Final[dict[str, Any]] = {"cards": ("app.demo.match_card",), "plan_failed_again": 3_600.0}
"""Of the service: it knows a team's cards, and does not soon try again what failed."""
MOST_APART: Final = 0.04
"""The share of cells that may differ."""

_CELL: Final = 16
_DIFFERS_FROM: Final = 32
_COLOURS: Final = 256
_ORDER: Final = "order-4711"
_HEALS: Final = "order-4698"
_FAILS: Final = "order-4699"
_ENDED: Final = "order-4688"
_SHARED: Final = "order-4690"
_OWN: Final = "cup-final"
_STALE: Final = "film-12"
_STALE_AFTER_SECONDS: Final = 2
_UPLOAD: Final = Declaration(
    name="UploadAttributes",
    attributes={"cardId": "str", "uploadId": "str"},
    content={"status": "str", "percent": "int", "updatedAt": "int"},
    subject="subject",
)
_OTHERS: Final = ("accepted", "preparing", "accepted", "delivered", "preparing", "ready", "accepted")


@dataclass(frozen=True)
class State:
    """What is shown.

    Attributes:
        reach: Leads a visit there.
        part: The element that the picture is of, as a selector; None for the whole window.
    """

    name: str
    reach: Callable[[Visit], Awaitable[None]]
    width: int = 1280
    height: int = 800
    dark: bool = False
    part: str | None = None

    async def picture(self, visit: Visit) -> bytes:
        """Go there and take the picture; a PNG of few colours."""
        await visit.page.set_viewport_size({"width": self.width, "height": self.height})
        await visit.page.emulate_media(color_scheme="dark" if self.dark else "light")
        await self.reach(visit)
        taken = visit.page if self.part is None else visit.page.locator(self.part).first
        made = BytesIO()
        Image.open(BytesIO(await taken.screenshot(animations="disabled"))).convert("RGB").quantize(_COLOURS).save(
            made, "PNG", optimize=True
        )
        return made.getvalue()


async def prepare(world: World) -> None:
    """Let there be orders: with phones that came far, with trouble that heals and that stays, and others."""
    await _prepare_looks(world)
    phone, other = await world.phone(), await world.phone("customer-2")
    await world.android()
    for number, step in enumerate(_OTHERS):
        await world.place(f"order-{4700 + number}", f"guest-{number}")
        await world.happen(f"order-{4700 + number}", f"order.{step}")
    await world.place(_HEALS, "customer-2", merchantName="Sushi Bar")
    soon = (datetime.now(UTC) + timedelta(minutes=24)).isoformat()
    await world.place(_ORDER, deliveryTime=soon)
    await world.until(lambda: is_live(phone) and is_live(other))
    steps: dict[str, dict[str, Any]] = {"accepted": {}, "courier_assigned": {"courierName": "Ada"}, "picked_up": {}}
    for step, facts in steps.items():
        await world.happen(_ORDER, f"order.{step}", **facts)
        await world.until(partial(_shows, phone, step))
    world.fault("reason:ServiceUnavailable", to="update")
    await world.happen(_HEALS, "order.preparing")
    await world.until(lambda: any(each.status == 503 for each in world.pushes))
    await world.phone("customer-3")
    world.fault("reason:PayloadTooLarge", to="start")
    await world.place(_FAILS, "customer-3", merchantName="Noodle House", deliveryTime=soon)
    await world.until(lambda: any(each.status == 413 for each in world.pushes))


async def _prepare_looks(world: World) -> None:
    """Let there be a card of a team's own, one that ended, one that is out of date, and an order on three phones."""
    soon = (datetime.now(UTC) + timedelta(minutes=12)).isoformat()
    fan = await world.phone("fan", declarations=[declared(each) for each in CARDS.cards])
    uploader = await world.phone("uploader", declarations=(_UPLOAD,))
    eater = await world.phone("customer-4")
    family = [await world.phone("family"), await world.phone("family")]
    await world.android("family")
    await world.happen(_OWN, "match.announced", customerId="fan", home="Rovers", away="Union")
    await world.happen(_OWN, "match.kicked_off")
    await world.happen(_OWN, "match.goal", team="home", scorer="Okafor", minute=9)
    stale_at = datetime.now(UTC) + timedelta(seconds=_STALE_AFTER_SECONDS)
    state = {"status": "under_way", "percent": 40, "updatedAt": 0}
    await world.happen(_STALE, "activity.started", customerId="uploader", attributesType="UploadAttributes",
                       attributes={"uploadId": _STALE}, contentState=state, staleDate=stale_at.isoformat(),
                       alert={"title": "Your film", "body": "It is on its way."})  # fmt: skip
    await world.place(_ENDED, "customer-4", merchantName="Pizzeria Napoli")
    await world.place(_SHARED, "family", merchantName="The Corner Bakery", deliveryTime=soon)
    await world.until(lambda: bool(fan.phone.cards) and all(map(is_live, (uploader, eater, *family))))
    await world.happen(_ENDED, "order.delivered")
    await world.happen(_SHARED, "order.accepted")
    await world.until(lambda: card_of(eater).state == "ended")


def _shows(phone: PhoneAgent, status: str) -> bool:
    return bool(card_of(phone).content["status"] == status)


async def _order(visit: Visit) -> None:
    await visit.look_at(_ORDER)
    await visit.shows("#order-title", _ORDER)
    await expect(visit.page.locator("#phones .phone")).to_have_count(2)
    await visit.phone_shows("On its way", 0)
    await visit.phone_shows("On its way", 1)
    await visit.page.locator("#detail").evaluate("(place) => { place.scrollTop = 0; }")


async def _island(visit: Visit) -> None:
    await _order(visit)
    await visit.page.get_by_role("button", name="Expanded").first.click()
    await expect(visit.page.locator(".island.expanded")).to_be_visible()


async def _back_to_compact(visit: Visit) -> None:
    await _order(visit)
    await visit.page.get_by_role("button", name="Compact").first.click()
    await expect(visit.page.locator(".island.expanded")).to_have_count(0)


async def _empty(visit: Visit) -> None:
    await visit.shows("#first-order", "curl")


async def _trouble(visit: Visit) -> None:
    await visit.look_at(_FAILS)
    await visit.shows("#finding .busy", "The last push for this card failed")
    await visit.page.get_by_role("button", name="Send again", exact=True).click()
    await expect(visit.page.get_by_role("button", name="Send again? Press again")).to_be_visible()
    await visit.page.locator("#detail").evaluate("(place) => { place.scrollTop = 0; }")


async def _devices(visit: Visit) -> None:
    await visit.look_at(_SHARED)
    await expect(visit.page.locator("#phones .phone")).to_have_count(3)
    for number in range(3):
        await visit.phone_shows("Your order is confirmed", number)


async def _own(visit: Visit) -> None:
    await visit.look_at(_OWN)
    await visit.phone_shows("1 : 0")


async def _stale(visit: Visit) -> None:
    await visit.look_at(_STALE)
    await visit.phone_shows("May be out of date")


async def _ended(visit: Visit) -> None:
    await visit.look_at(_ENDED)
    await visit.phone_shows("Delivered")
    await visit.shows("#phones figcaption", "Ended")


async def _nothing_found(visit: Visit) -> None:
    await visit.page.get_by_role("searchbox").fill("order-5")
    await expect(visit.page.get_by_text("No order fits.")).to_be_visible()


async def _lost(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="Show all orders").click()
    await _order(visit)
    await visit.page.context.set_offline(offline=True)
    await visit.shows("#order-error", "Trying again")
    await visit.shows("#line", "No connection")


async def _back_again(visit: Visit) -> None:
    await visit.page.context.set_offline(offline=False)
    await visit.is_live()
    await _back_to_compact(visit)
    await expect(visit.page.locator("#order-error")).to_be_hidden()


async def _signed_out(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="Leave").click()
    await expect(visit.page.locator("#signed-out")).to_be_visible()


async def _late(visit: Visit) -> None:
    await visit.page.evaluate("(hash) => { location.hash = hash; }", f"ticket={'A' * 43}")
    await visit.shows("#sign-in-error", "lockstep console open")


async def _past(visit: Visit) -> None:
    await visit.look_at(_ORDER, version=2)
    await visit.shows("#slider-told", "Version 2 of 4")
    await visit.phone_shows("Your order is confirmed")
    await visit.phone().locator(".lock-card").evaluate("(place) => place.scrollIntoView({ block: 'start' })")


async def _healing(visit: Visit) -> None:
    await visit.look_at(_HEALS)
    await visit.shows("#pushes", "503 ServiceUnavailable")
    await expect(visit.page.locator("#pushes tr")).to_have_count(3)
    await visit.phone_shows("In the kitchen")
    await visit.page.locator("#pushes").evaluate("(place) => place.scrollIntoView({ block: 'end' })")


async def _health(visit: Visit) -> None:
    await visit.page.get_by_role("link", name="Health").click()
    await visit.shows("#reasons", "ServiceUnavailable")


FIRST: Final = State("empty", _empty, height=480)
"""Before anything happened."""
STATES: Final = (
    State("overview", _order),
    State("phone", _island, height=1200, part="#phones .phone:not(.android)"),
    State("timeline", _back_to_compact, height=1800, part=".timeline-panel"),
    State("time-travel", _past),
    State("healing", _healing),
    State("trouble", _trouble),
    State("devices", _devices),
    State("own", _own, part="#phones .phone"),
    State("stale", _stale, part="#phones .phone"),
    State("ended", _ended, part="#phones .phone"),
    State("nothing-found", _nothing_found, height=480, part="aside"),
    State("lost", _lost, height=480),
    State("dark", _back_again, dark=True),
    State("narrow", _order, width=360, height=760),
    State("health", _health, height=560),
    State("signed-out", _signed_out, width=720, height=480),
    State("late", _late, width=720, height=480),
)
"""After that, one after the other."""


async def enter(visit: Visit) -> None:
    """Let somebody in who may act."""
    await visit.enter([Scope.ADMIN], demo=True)


def apart(one: bytes, other: bytes) -> float:
    """Give the share of cells by which two pictures differ; pictures of other sizes are stretched to one another."""
    first, second = (Image.open(BytesIO(each)).convert("L") for each in (one, other))
    size = (max(first.width // _CELL, 1), max(first.height // _CELL, 1))
    cells = (each.resize(size, Image.Resampling.BOX) for each in (first, second))
    differences = ImageChops.difference(*cells).tobytes()
    return sum(each > _DIFFERS_FROM for each in differences) / len(differences)
