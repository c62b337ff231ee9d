"""How the console looks: narrow, light, dark, without motion; cards of a team's own, Android, and the health page."""

import pytest
from playwright.async_api import expect

from app.access.api_key import Scope
from app.demo.declared import declared
from projections.registry import CARDS
from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
async def test_an_order_can_be_read(world: World, visit: Visit, width: int, colours: str) -> None:
    """On any window and in both colours: no scroll sideways, no jump, and the header in one line."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("order-1", "order.courier_assigned", courierName="Ada")
    await visit.page.set_viewport_size({"width": width, "height": 800})
    await visit.page.emulate_media(color_scheme="dark" if colours == "dark" else "light", reduced_motion="reduce")
    await visit.enter([Scope.ADMIN], demo=True)
    await visit.is_accessible()
    await visit.look_at("order-1")
    await visit.phone_shows("Ada")
    await visit.is_accessible()
    for island in ("Minimal", "Expanded"):
        await visit.page.get_by_role("button", name=island).click()
        await visit.is_accessible()
    header = await visit.page.locator("header").bounding_box()
    assert header is not None
    assert header["height"] <= 60
    assert await visit.moved() == []
    assert await visit.page.evaluate("document.getAnimations().length") == 0
    await visit.is_calm()


async def test_a_card_of_ones_own_is_drawn_by_its_layout(world: World, visit: Visit) -> None:
    """A match shows its goals, as its module says."""
    phone = await world.phone("fan", declarations=[declared(each) for each in CARDS.cards])
    await world.happen("cup", "match.announced", customerId="fan", home="Rovers", away="Union")
    await world.happen("cup", "match.kicked_off")
    await world.happen("cup", "match.goal", team="home", scorer="Okafor", minute=9)
    await world.until(lambda: bool(phone.phone.cards))
    await visit.enter()
    await visit.look_at("cup")
    await visit.phone_shows("1 : 0")
    await visit.phone_shows("Okafor, minute 9")
    await visit.is_accessible()
    await visit.is_calm()


async def test_phones_stand_side_by_side(world: World, visit: Visit) -> None:
    """Two iPhones and one with Android, which has no island."""
    await world.phone()
    await world.phone()
    await world.android()
    await world.place()
    await world.come_to_rest()
    await visit.enter()
    await visit.look_at("order-1")
    phones = visit.page.locator("#phones .phone")
    await expect(phones).to_have_count(3)
    await expect(phones.and_(visit.page.locator(".android"))).to_have_count(1)
    await expect(phones.filter(has=visit.page.locator(".island"))).to_have_count(2)
    for number in range(3):
        await visit.phone_shows("We have your order", number)
    await expect(phones.nth(2)).to_contain_class("android")
    await world.happen_and_rest("order-1", "order.accepted")
    await visit.look_at("order-1", version=1)
    await expect(visit.page.locator("#phones .android")).to_have_count(1)
    await visit.is_accessible()
    await visit.is_calm()


@pytest.mark.parametrize("width", [360, 768, 1440])
async def test_nothing_moves_under_the_reader(world: World, visit: Visit, width: int) -> None:
    """While orders, cards and phones come, the line is lost, the past is looked at, and figures are read."""
    await world.place("other", "guest")
    await visit.page.set_viewport_size({"width": width, "height": 900})
    await visit.enter([Scope.ADMIN], demo=True)
    phone, android = await world.phone(), await world.android()
    await world.place()
    await world.until(lambda: is_live(phone) and bool(android.phone.live_updates))
    await visit.look_at("order-1")
    steps: dict[str, dict[str, str]] = {
        "accepted": {}, "courier_assigned": {"courierName": "Ada"}, "note": {"text": "Ring twice"}, "delivered": {}
    }  # fmt: skip
    for step, facts in steps.items():
        await world.happen_and_rest("order-1", f"order.{step}", **facts)
        await world.place(f"while-{step}", "guest")
        await expect(visit.page.locator("#timeline > li:first-child .event-type")).to_have_text(
            step.replace("_", " ").capitalize()
        )
    for key in ("ArrowLeft", "ArrowLeft", "End"):
        await visit.page.locator("#slider").press(key)
    await visit.look_at("other")
    await visit.shows("#order-title", "other")
    await visit.page.context.set_offline(offline=True)
    await visit.shows("#order-error", "Trying again")
    await visit.page.context.set_offline(offline=False)
    await expect(visit.page.locator("#order-error")).to_be_hidden()
    await visit.page.evaluate("location.hash = '#/health'")
    await visit.shows("#reasons", "Accepted")

    assert await visit.moved() == []


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_health_is_shown_in_charts(world: World, visit: Visit, colours: str) -> None:
    """Rates, lag, cards due, answers with their reasons, and pauses with the command that ends them."""
    await visit.page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    world.fault("reason:ServiceUnavailable", times=1)
    await world.phone()
    await world.place()
    await world.come_to_rest()
    await visit.enter([Scope.ADMIN])
    await visit.page.get_by_role("link", name="Health").click()
    await expect(visit.page.locator("#charts .chart")).to_have_count(6)
    await expect(visit.page.locator("#charts .chart").nth(3).locator("b")).to_have_text("0")
    await visit.is_accessible()
    await visit.page.set_viewport_size({"width": 360, "height": 740})
    await visit.is_accessible()
    await visit.is_calm()
