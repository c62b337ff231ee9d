"""The first minutes with the console: in by a link or a key, an order, and a phone that moves."""

from playwright.async_api import expect

from app.access.api_key import Scope
from tests.acceptance.world import World
from tests.browser.visit import Visit


async def test_a_link_leads_to_a_phone_that_moves(world: World, visit: Visit) -> None:
    """Ticket, list, order, card; and then an event, which the phone in the page shows."""
    await world.phone()
    await world.place()
    await world.until(lambda: bool(world.kinds()))
    await visit.enter()
    await visit.page.locator("#list .row", has_text="order-1").click()
    await visit.phone_shows("Taverna Ilios")
    await world.happen("order-1", "order.courier_assigned", courierName="Ada")
    await visit.phone_shows("Ada")
    await visit.shows("#timeline > li:first-child .event-type", "Courier assigned")
    await visit.shows("#order-status", "Courier assigned")
    await expect(visit.page.locator("#list .row", has_text="order-1")).to_contain_text("Courier assigned")

    assert await visit.page.evaluate("location.hash") == "#/orders/order-1"
    await visit.is_accessible()
    await visit.is_calm()


async def test_a_link_works_once(visit: Visit) -> None:
    """The second time it says so, and says how to get another; the ticket is not left in the address."""
    link = f"{visit.world.service.url}/#ticket={await visit.ticket()}"
    await visit.page.goto(link)
    await visit.is_live()
    assert "ticket" not in visit.page.url

    await visit.page.get_by_role("button", name="Leave").click()
    await visit.page.goto("about:blank")
    await visit.page.goto(link)
    await visit.shows("#sign-in-error", "was used already: it opens once. Get another one: lockstep console open")
    await visit.is_accessible()
    assert [each for each in visit.complaints if "401" not in each] == []


async def test_a_pasted_key_is_enough(world: World, visit: Visit) -> None:
    """One that is unknown is refused in words; the right one lets in, and a reload too."""
    key, _ = await world.service.key_store.create(name="reader", environment="test", scopes=[Scope.ORDERS_READ])
    await visit.page.goto(str(world.service.url))
    field = visit.page.get_by_label("API key")
    await expect(field).to_be_focused()
    await visit.is_accessible()
    await field.fill(f"{key[:-3]}abc")
    await field.press("Enter")
    await expect(visit.page.locator("#sign-in-error")).not_to_be_empty()
    await field.fill(key)
    await field.press("Enter")
    await visit.is_live()
    await expect(visit.page.get_by_role("link", name="Health")).to_be_hidden()
    await visit.page.reload()
    await visit.is_live()

    assert [each for each in visit.complaints if "401" not in each] == []
