"""Time travel: phones, JSON, difference and address go back together."""

from playwright.async_api import expect

from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit


async def test_the_past_is_shown_whole_and_can_be_sent_to_a_colleague(world: World, visit: Visit) -> None:
    """By slider, keyboard and timeline; the address opened anew shows the same, and Now leads back."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("order-1", "order.courier_assigned", courierName="Ada")
    await world.happen_and_rest("order-1", "order.picked_up")
    await visit.enter()
    await visit.look_at("order-1")
    await visit.phone_shows("On its way")
    slider = visit.page.get_by_role("slider", name="Version of the order")
    await expect(slider).to_have_value("3")

    await slider.focus()
    await slider.press("ArrowLeft")
    await visit.phone_shows("A courier is on the job")
    await visit.shows("#slider-told", "Version 2 of 3: Courier assigned")
    await expect(visit.page.locator("#json ins", has_text="courierName")).to_be_visible()
    await visit.shows(".past-note", "version 2 of 3")
    await expect(visit.page.locator("#timeline > .chosen")).to_contain_text("Courier assigned")
    assert visit.page.url.endswith("#/orders/order-1?version=2")
    await visit.is_accessible()

    await visit.page.reload()
    await visit.shows("#slider-told", "Version 2 of 3")
    await visit.phone_shows("A courier is on the job")
    await slider.fill("1")
    await visit.phone_shows("We have your order")
    await visit.page.locator("#timeline .event", has_text="Courier assigned").click()
    await visit.phone_shows("A courier is on the job")
    await visit.page.get_by_role("button", name="Now").click()
    await visit.phone_shows("On its way")
    assert visit.page.url.endswith("#/orders/order-1")
    await visit.is_calm()


async def test_news_do_not_take_one_out_of_the_past(world: World, visit: Visit) -> None:
    """The slider grows, and stays where it is."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("order-1", "order.courier_assigned", courierName="Ada")
    await visit.enter()
    await visit.look_at("order-1", version=1)
    await visit.shows("#slider-told", "Version 1 of 2")
    await world.happen("order-1", "order.picked_up")
    await visit.shows("#slider-told", "Version 1 of 3")
    await visit.phone_shows("We have your order")
    await expect(visit.page.locator("#timeline > li")).to_have_count(3)
    await visit.is_calm()
