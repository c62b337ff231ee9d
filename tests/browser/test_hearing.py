"""The console without a mouse, and without looking: where the keyboard leads, and what is said aloud."""

from typing import Final

from playwright.async_api import expect

from app.access.api_key import Scope
from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit

_FOCUSED: Final = """
  () => {
    const at = document.activeElement;
    if (at === document.body) return "";
    return at.id || at.name || at.getAttribute("aria-label") || at.textContent.trim() || at.className;
  }
"""
_LISTEN: Final = """
  window.said = [];
  const watch = new MutationObserver((changes) => window.said.push(...changes.map((each) => each.target.textContent)));
  for (const each of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
    watch.observe(each, { childList: true, subtree: true, characterData: true });
  }
"""
_ROW: Final = "document.getElementById(document.getElementById('list').getAttribute('aria-activedescendant'))"
_FIRST_IN_SIGHT: Final = """
  (list) => {
    const rows = [...list.querySelectorAll(".row:not([hidden])")];
    const top = list.getBoundingClientRect().top;
    return rows.find((each) => each.getBoundingClientRect().top >= top).querySelector(".row-id").textContent;
  }
"""

MOST_STOPS: Final = 60
"""By which the page has an end."""


async def _focused(visit: Visit) -> str:
    said: str = await visit.page.evaluate(_FOCUSED)
    return said


async def test_the_keyboard_leads_through_every_part(world: World, visit: Visit) -> None:
    """By Tab alone, in the order in which the page is read, out at its end, and back; every stop can be seen."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await visit.enter([Scope.ADMIN], demo=True)
    await visit.look_at("order-1")
    await visit.phone_shows("We have your order")
    keyboard, stops = visit.page.keyboard, list[str]()
    await visit.page.locator(".skip").focus()
    while (stop := await _focused(visit)) and len(stops) < MOST_STOPS:
        stops.append(stop)
        assert await visit.page.evaluate("document.activeElement.matches(':focus-visible')"), stop
        await keyboard.press("Tab")

    parts = (
        "to-orders", "to-health", "theme", "leave", "search", "list", "fault", "begin-fault", "Compact", "Minimal",
        "Expanded", "phones", "Go offline", "Swipe the card away", "slider", "json", "finding", "Send again",
        "End the card", "Table of pushes, which may be wider than the page",
    )  # fmt: skip
    assert [each for each in stops if each in parts] == list(parts)
    assert any(each.startswith("Placed") for each in stops)
    await keyboard.press("Shift+Tab")
    assert await _focused(visit) == stops[-1]


async def test_news_are_not_said_one_by_one(world: World, visit: Visit) -> None:
    """An update a second is shown, and nothing is said aloud; what one sought is, once."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await visit.enter([Scope.ADMIN], demo=True)
    await visit.look_at("order-1")
    await visit.phone_shows("We have your order")
    await expect(visit.page.locator("#faults-left")).to_have_text("Nothing goes wrong.")
    await visit.page.evaluate(_LISTEN)
    for number in range(3):
        await world.happen_and_rest("order-1", "order.note", text=f"Note {number}")
        await world.place(f"order-{number + 2}", "guest")
        await visit.phone_shows(f"Note {number}")
    async with visit.page.expect_response("**/explain*") as read:
        pass
    await (await read.value).finished()
    assert await visit.page.evaluate("window.said") == []

    await visit.page.get_by_role("searchbox").fill("order-1")
    await expect(visit.page.locator("#list-heard")).to_have_text("1 orders")
    assert await visit.page.evaluate("window.said") == ["1 orders"]
    await visit.is_accessible()


async def test_who_is_at_something_stays_there_as_rows_move(world: World, visit: Visit) -> None:
    """The chosen row stays the same to those who hear it, as do the focused event and what one scrolled to."""
    for number in range(40):
        await world.place(f"order-{number:02}", "nobody")
    await world.come_to_rest()
    await visit.enter()
    place, page = visit.page.locator("#list"), visit.page
    await expect(page.locator("#list-count")).to_have_text("40")
    await place.focus()
    await place.press("ArrowDown")
    chosen, other = (
        await page.locator("#list .row-id").nth(0).inner_text(),
        await page.locator("#list .row-id").nth(1).inner_text(),
    )
    await expect(page.locator("#order-title")).to_have_text(chosen)
    await expect(page.locator("#timeline .event")).to_have_count(1)
    row = await page.evaluate_handle(_ROW)
    await world.happen_and_rest(other, "order.accepted")
    await expect(page.locator("#list .row:visible").first).to_contain_text(other)
    assert await page.evaluate(f"(row) => row === {_ROW}", row)
    assert await page.evaluate("(row) => row.getAttribute('aria-posinset')", row) == "2"
    await expect(place).to_be_focused()

    await page.locator("#timeline .event").focus()
    await world.happen_and_rest(chosen, "order.accepted")
    await visit.shows("#timeline > li:first-child .event-type", "Accepted")
    await expect(page.locator("#timeline li", has_text="Placed").locator(".event")).to_be_focused()

    await place.evaluate("(list) => { list.scrollTop = 600; }")
    await expect(page.locator("#list [aria-posinset='12']")).to_be_in_viewport()
    seen = await place.evaluate(_FIRST_IN_SIGHT)
    await world.place("order-40", "nobody")
    await expect(page.locator("#list-count")).to_have_text("41")
    assert await place.evaluate(_FIRST_IN_SIGHT) == seen
    await visit.is_accessible()
    await visit.is_calm()


async def test_in_a_narrow_window_the_keyboard_goes_where_one_looks(world: World, visit: Visit) -> None:
    """From the list to the order that takes its place, and back."""
    await world.place()
    await visit.page.set_viewport_size({"width": 360, "height": 740})
    await visit.enter()
    place = visit.page.locator("#list")
    await expect(visit.page.locator("#list-count")).to_have_text("1")
    await place.focus()
    await place.press("ArrowDown")
    await expect(visit.page.locator(".back")).to_be_focused()
    await visit.page.keyboard.press("Enter")
    await expect(place).to_be_focused()
    await visit.is_calm()
