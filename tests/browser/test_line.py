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
