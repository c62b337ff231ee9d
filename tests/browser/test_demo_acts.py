"""What one can do in the demo: let things go wrong, and act as the phones' users."""

from playwright.async_api import expect

from app.access.api_key import Scope
from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit


async def test_a_fault_is_seen_and_heals(world: World, visit: Visit) -> None:
    """Apple refuses pushes with 503 as the plan says; the page shows the refusal, and the card catches up by itself."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await visit.enter([Scope.ADMIN], demo=True)
    await visit.look_at("order-1")
    await visit.page.get_by_label("What goes wrong").select_option("connect:refused")
    await visit.shows("#fault-means", "closed before TLS")
    await visit.page.get_by_label("What goes wrong").select_option("reason:ServiceUnavailable")
    await visit.page.get_by_role("button", name="Begin").click()
    await visit.shows("#faults-left", "reason:ServiceUnavailable")
    await visit.is_accessible()
    for number in range(8):
        await world.happen_and_rest("order-1", "order.note", text=f"Note {number}")
        if await visit.page.locator("#pushes tr.retry").count():
            break
    await visit.shows("#pushes", "503 ServiceUnavailable")
    await world.come_to_rest()
    await visit.phone_shows(f"Note {number}")
    await visit.page.get_by_role("button", name="Stop").click()
    await visit.shows("#faults-left", "Nothing goes wrong")
    await visit.is_calm()


async def test_the_user_of_a_phone_acts(world: World, visit: Visit) -> None:
    """Allow, force-quit, open, and swipe away: each shows in the page, and Lockstep learns of it."""
    phone = await world.phone(allow="later")
    await world.place()
    await world.until(lambda: bool(phone.phone.cards))
    await visit.enter([Scope.ADMIN], demo=True)
    await visit.look_at("order-1")
    await visit.page.get_by_role("button", name="Tap Allow").click()
    await expect(visit.page.get_by_role("button", name="Tap Allow")).to_be_hidden()
    await visit.page.get_by_role("button", name="Force-quit the app").click()
    await visit.page.get_by_role("button", name="Open the app").click()
    await world.until(lambda: is_live(phone))
    await visit.page.get_by_role("button", name="Swipe the card away").click()
    await visit.shows("#phones figcaption", "Swiped away")
    await visit.shows("#finding", "The app reported the card as dismissed")
    await visit.is_accessible()
    await visit.is_calm()


async def test_nobody_but_a_demo_has_such_buttons(world: World, visit: Visit) -> None:
    """Elsewhere not even the question is asked."""
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    await world.phone()
    await world.place()
    await visit.enter([Scope.ADMIN])
    await visit.look_at("order-1")
    await expect(visit.page.locator("#demo")).to_be_hidden()
    assert [each for each in asked if "/demo/" in each] == []
    await visit.is_calm()
