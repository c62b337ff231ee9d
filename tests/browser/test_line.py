"""A connection that goes and comes back."""

from playwright.async_api import expect

from app.bootstrap import Service
from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit


async def test_the_page_comes_back_with_the_service(world: World, visit: Visit) -> None:
    """Stopped, and started again on the same port: the page says so, and catches up without a reload."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await visit.enter()
    await visit.look_at("order-1")
    await visit.phone_shows("We have your order")
    port = int(str(world.service.url).rpartition(":")[2])
    await world.service.stop()
    await visit.shows("#line", "No connection")
    await visit.is_accessible()
    world.service = await Service.start(world.settings.model_copy(update={"port": port}))
    await visit.is_live()
    await world.happen("order-1", "order.courier_assigned", courierName="Ada")
    await visit.phone_shows("Ada")
    await expect(visit.page.locator("#list .row", has_text="order-1")).to_contain_text("Courier assigned")

    assert [each for each in visit.complaints if "ERR_" not in each] == []


async def test_what_happened_without_the_page_is_there_once_it_is_back(world: World, visit: Visit) -> None:
    """Events, an order that came and one that went over, while the tab has no network: nothing more has to happen."""
    phone = await world.phone()
    await world.place("gone", "guest")
    await world.place()
    await world.until(lambda: is_live(phone))
    await visit.enter()
    await visit.look_at("order-1")
    await visit.phone_shows("We have your order")
    port = int(str(world.service.url).rpartition(":")[2])
    await world.service.stop()
    await visit.shows("#line", "No connection")
    await visit.page.context.set_offline(offline=True)
    world.service = await Service.start(world.settings.model_copy(update={"port": port}))
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
