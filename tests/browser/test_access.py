"""Who may do what in the console, and what happens when that ends."""

from typing import Final

from playwright.async_api import expect

from app.access.api_key import Scope, key_id_of
from app.access.console_sessions import TICKET_SECONDS, ConsoleSessions
from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit

LEFT_SECONDS: Final = 6
"""Of a session, as the page is opened: enough to see an order."""


async def test_a_deed_needs_two_presses(world: World, visit: Visit) -> None:
    """One press asks, another one acts; an admin's key sends the card again."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await visit.enter([Scope.ADMIN])
    await visit.look_at("order-1")
    before = len(world.pushes)
    await visit.page.get_by_role("button", name="Send again", exact=True).click()
    again = visit.page.get_by_role("button", name="Send again? Press again")
    await expect(again).to_be_visible()
    assert len(world.pushes) == before
    await visit.is_accessible()
    await again.click()
    await world.until(lambda: len(world.pushes) > before)
    await expect(visit.page.locator("#pushes tr")).to_have_count(2)
    await visit.is_calm()


async def test_who_may_read_alone_has_no_buttons(world: World, visit: Visit) -> None:
    """The commands can be copied still, and what was opened stays open while the page reads anew."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await visit.enter()
    await visit.look_at("order-1")
    card = visit.page.locator("#finding article").nth(1)
    await card.get_by_text("What to do if something is wrong").click()
    async with visit.page.expect_response("**/explain*") as read:
        pass
    await (await read.value).finished()
    await card.get_by_role("button", name="Copy: lockstep cards resend").click()

    assert await visit.page.evaluate("navigator.clipboard.readText()") == "lockstep cards resend order-1"
    await expect(visit.page.locator(".deed")).to_have_count(0)
    await visit.is_calm()


async def test_a_revoked_key_ends_the_visit_in_words(world: World, visit: Visit) -> None:
    """The page says that the session has ended, shows nothing of anybody any more, and takes another key."""
    await world.place()
    await visit.enter()
    await visit.look_at("order-1")
    key = await visit.page.evaluate("sessionStorage.getItem('lockstep.key')")
    assert await world.service.key_store.revoke(key_id_of(key) or "")
    await world.happen("order-1", "order.accepted")
    await visit.shows("#sign-in-error", "session has ended")
    await expect(visit.page.locator("#orders")).to_be_hidden()
    await visit.is_accessible()
    assert await visit.page.evaluate("sessionStorage.getItem('lockstep.key')") is None
    assert [each for each in visit.complaints if "401" not in each] == []


async def test_a_link_that_is_opened_too_late_says_so(world: World, visit: Visit) -> None:
    """It has expired, which is something else than used; another one opens the console."""
    ticket = await visit.ticket()
    await world.pass_time(TICKET_SECONDS)
    await visit.page.goto(f"{world.service.url}/#ticket={ticket}")
    await visit.shows("#sign-in-error", "It has expired. Get another one: lockstep console open")
    await visit.is_accessible()
    await visit.enter()
    assert [each for each in visit.complaints if "401" not in each] == []


async def test_a_session_that_ends_in_the_middle_is_taken_up_where_it_was(world: World, visit: Visit) -> None:
    """The page says so, and shows nothing of anybody; another link in its tab leads back to the order and version."""
    await world.place()
    await world.happen_and_rest("order-1", "order.accepted")
    sessions = ConsoleSessions(world.service.pool, world.service.keyring)
    session = await sessions.begin((await sessions.issue(hours=1))[0])
    assert session is not None
    await world.pass_time(3_600 - LEFT_SECONDS)
    await visit.page.goto(str(world.service.url))
    await visit.page.get_by_label("API key").fill(session.key)
    await visit.page.keyboard.press("Enter")
    await visit.is_live()
    await visit.look_at("order-1", version=1)
    await visit.shows("#slider-told", "Version 1 of 2")
    await visit.shows("#sign-in-error", "Your session has ended")
    await expect(visit.page.locator("#orders")).to_be_hidden()
    assert "order-1" not in await visit.page.locator("main").inner_html()
    await visit.is_accessible()
    await visit.page.evaluate("(hash) => { location.hash = hash; }", f"ticket={await visit.ticket()}")
    await visit.shows("#slider-told", "Version 1 of 2")

    assert visit.page.url.endswith("#/orders/order-1?version=1")
    assert [each for each in visit.complaints if "401" not in each] == []


async def test_who_leaves_leaves_no_key_behind(world: World, visit: Visit) -> None:
    """The key of the session is good no more; one that was typed in is a backend's, and stays good."""
    await world.place()
    await visit.enter()
    await visit.look_at("order-1")
    key = await visit.page.evaluate("sessionStorage.getItem('lockstep.key')")
    async with visit.page.expect_response("**/v1/console/sessions/current") as left:
        await visit.page.get_by_role("button", name="Leave").click()
    assert (await left.value).status == 204
    assert await world.service.key_store.find(key) is None
    assert "order-1" not in await visit.page.content()
    await expect(visit.page.locator("#sign-in-error")).to_be_hidden()
    await expect(visit.page).to_have_url(f"{world.service.url}/")

    await visit.page.get_by_label("API key").fill(world.api_key)
    await visit.page.keyboard.press("Enter")
    await visit.is_live()
    await visit.page.get_by_role("button", name="Leave").click()
    await expect(visit.page.locator("#signed-out")).to_be_visible()
    assert await world.service.key_store.find(world.api_key) is not None
    await visit.is_calm()


async def test_another_link_in_the_same_tab_enters_anew(world: World, visit: Visit) -> None:
    """The browser loads nothing for another #: the ticket is taken all the same, and the list is there once."""
    await world.place()
    await visit.enter()
    await visit.page.get_by_role("button", name="Leave").click()
    await expect(visit.page.locator("#signed-out")).to_be_visible()
    assert "order-1" not in await visit.page.locator("#list").inner_html()
    await visit.page.evaluate("(hash) => { location.hash = hash; }", f"ticket={await visit.ticket()}")
    await visit.is_live()
    await expect(visit.page.locator("#list .row:visible")).to_have_count(1)
    await expect(visit.page.locator("#list > *")).to_have_count(1)

    assert "ticket" not in visit.page.url
    await visit.page.evaluate("location.hash = '#/orders/%E0%A4%A'")
    await visit.shows("#order-error", "Nothing has happened")
    assert [each for each in visit.complaints if "404" not in each] == []


async def test_a_demos_link_for_who_may_only_read_opens_it(world: World, visit: Visit) -> None:
    """Its buttons for faults and phones take an admin's key; without one they are not there."""
    await world.place()
    await visit.enter(demo=True)
    await expect(visit.page.locator("#demo")).to_be_hidden()
    await visit.is_calm()
