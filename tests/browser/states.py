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
from app.simulator.agent import PhoneAgent
from tests.acceptance.world import World, card_of, is_live
from tests.browser.visit import Visit

FOLDER: Final = Path(__file__).parents[2] / "docs/pictures"
MOST_APART: Final = 0.04
"""The share of cells that may differ."""

_CELL: Final = 16
_DIFFERS_FROM: Final = 32
_COLOURS: Final = 256
_ORDER: Final = "order-4711"
_HEALS: Final = "order-4698"
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
    """Let there be orders: one with two phones that came far, one of which Apple put off a push, and others."""
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


STATES: Final = (
    State("overview", _order),
    State("phone", _island, height=1200, part="#phones .phone:not(.android)"),
    State("timeline", _back_to_compact, height=1800, part=".timeline-panel"),
    State("time-travel", _past),
    State("healing", _healing),
    State("health", _health, height=560),
    State("dark", _order, dark=True),
    State("narrow", _order, width=360, height=760),
)


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
