"""The list of orders: search, filters, the keyboard, and thousands of rows."""

from playwright.async_api import Route, expect

from tests.acceptance.world import World
from tests.browser.visit import Visit


async def test_the_list_is_searched_and_filtered(world: World, visit: Visit) -> None:
    """By the beginning of an order's id, by customer, by status; what fits nothing says so."""
    await world.place("pizza-1", "ann")
    await world.place("pizza-2", "bob")
    await world.place("sushi-1", "ann")
    await world.happen_and_rest("sushi-1", "order.accepted")
    await visit.enter()
    rows, count = visit.page.locator("#list .row:visible"), visit.page.locator("#list-count")
    await expect(count).to_have_text("3")
    await visit.page.keyboard.press("/")
    search = visit.page.get_by_role("searchbox")
    await expect(search).to_be_focused()
    await search.fill("pizza")
    await expect(rows).to_have_count(2)
    await search.fill("ann")
    await expect(rows.filter(has_text="sushi-1")).to_be_visible()
    await expect(rows).to_have_count(2)
    await search.fill("nothing")
    await expect(visit.page.get_by_text("No order fits.")).to_be_visible()
    await visit.is_accessible()
    await visit.page.get_by_role("button", name="Show all orders").click()
    await expect(search).to_be_focused()
    await expect(rows).to_have_count(3)
    await visit.page.get_by_label("Status").select_option("accepted")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("sushi-1")
    await world.happen("pizza-2", "order.accepted")
    await expect(rows).to_have_count(2)
    await visit.is_calm()


async def test_trouble_can_be_sought(world: World, visit: Visit) -> None:
    """An order with a phone that cannot get its card is marked, and found by its mark."""
    world.fault("reason:PayloadTooLarge", times=None)
    await world.phone()
    await world.place("good", "nobody")
    await world.place("bad")
    await world.until(lambda: bool(world.pushes))
    await visit.enter()
    rows = visit.page.locator("#list .row:visible")
    await expect(rows).to_have_count(2)
    await visit.page.get_by_label("Trouble").check()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("bad")
    await rows.click()
    await expect(visit.page.locator("#finding .busy")).to_be_visible()
    await visit.is_accessible()
    await visit.is_calm()


async def test_nothing_at_all_is_said_in_words(visit: Visit) -> None:
    """Without orders, and for an order that there is not yet, which appears when it comes."""
    await visit.enter()
    await visit.shows("#first-order", "as soon as its first event")
    await visit.shows("#first-order", f"{visit.world.service.url}/v1/orders/first-order/events")
    for width in (360, 1440):
        await visit.page.set_viewport_size({"width": width, "height": 800})
        await expect(visit.page.locator("#first-order")).to_be_visible()
        await visit.is_accessible()
    await visit.page.evaluate("location.hash = '#/orders/later'")
    await visit.shows("#order-error", "Nothing has happened to an order later yet")
    await visit.is_accessible()
    await visit.world.place("later")
    await visit.shows("#timeline", "Placed")
    await expect(visit.page.locator("#order-error")).to_be_hidden()
    assert [each for each in visit.complaints if "404" not in each] == []


async def test_the_keyboard_is_enough(world: World, visit: Visit) -> None:
    """From the first Tab to an order and back; what is chosen is told to a screen reader."""
    for number in range(30):
        await world.place(f"order-{number:02}", "nobody")
    await visit.enter()
    keyboard, place = visit.page.keyboard, visit.page.locator("#list")
    await expect(visit.page.locator("#list-count")).to_have_text("30")
    await keyboard.press("Tab")
    await expect(visit.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await keyboard.press("/")
    for _ in range(3):
        await keyboard.press("Tab")
    await expect(place).to_be_focused()
    await keyboard.press("ArrowDown")
    chosen = place.get_by_role("option", selected=True)
    await expect(chosen).to_have_attribute("aria-posinset", "1")
    await keyboard.press("End")
    await expect(chosen).to_have_attribute("aria-posinset", "30")
    await expect(chosen).to_have_id(await place.get_attribute("aria-activedescendant") or "")
    await expect(chosen).to_be_in_viewport()
    await expect(visit.page.locator("#order-title")).to_have_text(await chosen.locator(".row-id").inner_text())
    await visit.is_accessible()
    await visit.is_calm()


async def test_what_changes_before_the_stream_begins_is_seen(world: World, visit: Visit) -> None:
    """An order that comes between the first page and the stream is told by neither, so the page is read anew."""
    await world.place("early")

    async def meanwhile(route: Route) -> None:
        await world.place("between")
        await world.come_to_rest()
        await route.continue_()

    await visit.page.route("**/v1/orders/stream?*", meanwhile, times=1)
    await visit.enter()
    await expect(visit.page.locator("#list .row:visible")).to_have_count(2)
    await expect(visit.page.locator("#list .row", has_text="between")).to_be_visible()
    await visit.is_calm()
