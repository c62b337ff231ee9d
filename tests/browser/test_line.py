"""A connection that goes and comes back."""

from typing import Final

from playwright.async_api import expect

from projections.pauses import Pauses
from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit

MOST_ASKED: Final = 8
"""By an event and two looks that come by themselves, after three seconds each."""


async def test_the_page_comes_back_with_the_service(world: World, visit: Visit) -> None:
    """Stopped, and started again on the same port: the page says so, and catches up without a reload."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await visit.enter()
    await visit.look_at("order-1")
    await visit.phone_shows("We have your order")
    await world.service.stop()
    await visit.shows("#line", "No connection")
    await visit.is_accessible()
    await world.serve_again()
    await visit.is_live()
    await world.happen("order-1", "order.courier_assigned", courierName="Ada")
    await visit.phone_shows("Ada")
    await expect(visit.page.locator("#list .row", has_text="order-1")).to_contain_text("Courier assigned")

    assert [each for each in visit.complaints if "ERR_" not in each] == []


async def test_a_card_that_waits_is_not_asked_about_again_and_again(world: World, visit: Visit) -> None:
    """An event for a card whose pushes are paused is read once or twice, and then as seldom as what stands still."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await Pauses(world.service.pool).pause("app", phone.phone.bundle_id, reason="a trial")
    await visit.enter()
    await visit.look_at("order-1")
    asked: list[str] = []
    visit.page.on(
        "request", lambda request: asked.append(request.url) if "/v1/orders/order-1/" in request.url else None
    )
    await world.happen("order-1", "order.accepted")
    await visit.shows("#finding [data-reason=paused_by_person]", "an operator has paused")
    for _ in range(2):
        async with visit.page.expect_request("**/explain?*"):
            pass

    assert len(asked) <= MOST_ASKED, asked
    await visit.is_calm()


async def test_what_happened_without_the_page_is_there_once_it_is_back(world: World, visit: Visit) -> None:
    """Events, an order that came and one that went over, while the tab has no network: nothing more has to happen."""
    phone = await world.phone()
    await world.place("gone", "guest")
    await world.place()
    await world.until(lambda: is_live(phone))
    await visit.enter()
    await visit.look_at("order-1")
    await visit.phone_shows("We have your order")
    await world.service.stop()
    await visit.shows("#line", "No connection")
    await visit.page.context.set_offline(offline=True)
    await world.serve_again()
    await world.happen("gone", "order.cancelled", reason="closed")
    await world.place("new", "guest")
    for step, facts in {"accepted": {}, "courier_assigned": {"courierName": "Ada"}}.items():
        await world.happen_and_rest("order-1", f"order.{step}", **facts)
    await visit.shows("#line", "No connection")
    await visit.page.context.set_offline(offline=False)
    await visit.is_live()
    await visit.phone_shows("Ada")
    rows = visit.page.locator("#list .row:visible")
    await expect(rows).to_have_count(3)
    await expect(rows.filter(has_text="new")).to_contain_text("Placed")
    await expect(rows.filter(has_text="gone")).to_contain_text("Cancelled")
    await expect(visit.page.locator("#timeline > li .event-type")).to_have_text(
        ["Courier assigned", "Accepted", "Placed"]
    )
    await expect(visit.page.locator("#order-error")).to_be_hidden()

    assert [each for each in visit.complaints if "ERR_" not in each] == []
