"""Ids that an address could take for something else: from the list, by the address, and by a search."""

from typing import Final
from urllib.parse import quote

from playwright.async_api import expect

from tests.acceptance.world import World
from tests.browser.visit import Visit

ODD: Final = ("a/b%c#d?e", "x&y=z+w", "%2e", "it's;<b>\"", "/", "?version=7", "a" * 128)
DOTS: Final = (".", "..")
AS_THEY_ARE: Final = "!~*'()"
"""What `encodeURIComponent` leaves as it is."""


async def _place(world: World, order: str) -> None:
    event = {
        "specversion": "1.0", "id": "placed", "source": "shop", "subject": order, "type": "order.placed",
        "data": {"customerId": "customer-1", "merchantName": "Taverna Ilios"},
    }  # fmt: skip
    headers = {"Content-Type": "application/cloudevents+json"}
    async with world.shop.post(f"{world.service.url}/v1/events", json=event, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def test_an_order_of_any_id_is_found_and_opened(world: World, visit: Visit) -> None:
    """Each is opened by a press, by its address in another tab's place, and found by its whole id."""
    for order in ODD:
        await _place(world, order)
    await visit.enter()
    rows, title = visit.page.locator("#list .row:visible"), visit.page.locator("#order-title")
    await expect(rows).to_have_count(len(ODD))
    search = visit.page.get_by_role("searchbox")
    for order in ODD:
        await search.fill(order)
        row = rows.filter(has=visit.page.get_by_text(order, exact=True))
        await expect(row).to_be_visible()
        await expect(rows).to_have_count(1)
        await row.click()
        await expect(title).to_have_text(order)
        await visit.shows("#slider-told", "Version 1 of 1: Placed")
        assert await visit.page.evaluate("location.hash") == f"#/orders/{quote(order, safe=AS_THEY_ARE)}"
        await visit.page.evaluate("location.hash = ''")
        await visit.look_at(quote(order, safe=""), version=1)
        await expect(title).to_have_text(order)
        await visit.shows("#timeline", "Placed")
    await visit.page.reload()
    await expect(title).to_have_text(ODD[-1])
    await visit.shows("#timeline", "Placed")
    await visit.is_accessible()
    assert [each for each in visit.complaints if "404" not in each] == []


async def test_what_no_browser_can_ask_for_is_said_in_words(world: World, visit: Visit) -> None:
    """An id of dots alone, with the command that tells of it; and a search for what no id can hold."""
    for order in DOTS:
        await _place(world, order)
    await visit.enter()
    rows = visit.page.locator("#list .row:visible")
    await expect(rows).to_have_count(2)
    for order in DOTS:
        await rows.filter(has=visit.page.get_by_text(order, exact=True)).click()
        await visit.shows("#order-error", f"lockstep order explain {order}")
    await visit.is_accessible()
    await visit.page.get_by_role("searchbox").fill("two words \N{SLICE OF PIZZA}")
    await expect(visit.page.locator("#list-error")).to_contain_text("The list cannot be read")
    await expect(visit.page.locator("#list-error")).not_to_contain_text("Trying again")
    await visit.page.get_by_role("searchbox").fill(".")
    await expect(visit.page.locator("#list-error")).to_be_hidden()
    await expect(rows).to_have_count(2)
    assert [each for each in visit.complaints if "400" not in each] == []
