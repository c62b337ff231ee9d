"""The tracking page in a real browser, against the whole service."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.acceptance.chromium import FOUND, chromium
from tests.acceptance.world import World

HEADLINE = "document.getElementById('headline').textContent"
NASTY = '<img src=x onerror="document.title=1">'


@pytest.mark.skipif(FOUND is None, reason="this machine has no Chromium")
async def test_the_page_keeps_in_step(world: World, tmp_path: Path) -> None:
    """Through an order's life and a tunnel; it asks nobody else, and shows as text whatever it is told."""
    await world.place()
    async with world.shop.post(f"{world.service.url}/v1/tickets", json={"orderId": "order-1"}) as answer:
        path = (await answer.json())["trackingPath"]
    async with chromium(tmp_path) as tab:
        await tab.open(f"{world.service.url}{path}")
        assert await tab.until(f"{HEADLINE} === 'Placed' && document.title") == "Placed \u2013 Taverna Ilios"
        await world.happen("order-1", "order.courier_assigned", courierName=NASTY)
        assert NASTY in await tab.until(f"{HEADLINE} === 'Courier assigned' && page.innerText")
        await tab.set_online(online=False)
        await tab.until("page.dataset.line === 'lost' && !document.getElementById('notice').hidden")
        complaints, tab.complaints = tab.complaints, []
        await world.happen("order-1", "order.picked_up")
        await tab.set_online(online=True)
        await tab.until(f"{HEADLINE} === 'Picked up' && page.dataset.line === 'open'")
        await world.happen("order-1", "order.delivered")
        await tab.until("page.dataset.phase === 'over' && page.dataset.line === 'closed'")
        bar = await tab.until("document.querySelector('progress').value")

    asked = {each for each in tab.requests if not each.startswith("data:")}
    assert bar == 1
    assert asked == {f"{world.service.url}/track{end}" for end in ("", ".css", ".js")} | {
        f"{world.service.url}/v1/orders/{quote('order-1')}/stream"
    }
    assert [each for each in tab.complaints + complaints if "ERR_INTERNET_DISCONNECTED" not in each] == []


@pytest.mark.skipif(FOUND is None, reason="this machine has no Chromium")
async def test_a_link_without_a_good_ticket_says_so(world: World, tmp_path: Path) -> None:
    """Expired, and of another order."""
    await world.place()
    async with world.shop.post(f"{world.service.url}/v1/tickets", json={"orderId": "order-2"}) as answer:
        ticket = (await answer.json())["ticket"]
    async with chromium(tmp_path) as tab:
        await tab.open(f"{world.service.url}/track#order=order-1&ticket={ticket}")
        await tab.until("page.dataset.phase === 'unknown'")
        await tab.open(f"{world.service.url}/track#order=order-1&ticket={ticket}x")
        await tab.until("page.dataset.phase === 'expired'")
        assert "Taverna" not in await tab.until("page.innerText")
