"""The console in a real browser: its first paint, an event until the phone shows it, and ten thousand orders."""

import asyncio
import statistics
import time
from typing import Final

from playwright.async_api import Browser, Page

from app.access.api_key import Scope
from app.access.console_sessions import ConsoleSessions
from bench.database import Bed, bed
from bench.latency import Stage, post, show_cards, stage
from bench.orders import open_orders
from bench.report import Figure
from tests.browser.chromium import running_chromium

NAME: Final = "console"
ORDER: Final = "order-0"
A_SECOND_AND_A_BIT: Final = 1.1
"""Apple is sent one push a second of a card; what waits for that is not the page's."""

_SHOWN: Final = """
  window.shown = {};
  new MutationObserver(() => {
    const note = document.querySelector("#phones .lock-card")?.textContent.match(/Note (\\d+)/)?.[1];
    if (note) window.shown[note] ??= Date.now();
  }).observe(document.getElementById("phones"), { subtree: true, childList: true, characterData: true });
"""
_LOADED: Final = """
  ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .reduce((sum, each) => sum + each.transferSize, 0),
  })
"""
_SCROLL: Final = """
  async (pages) => {
    const long = [], list = document.getElementById("list");
    let most = 0, frames = 0;
    const watch = new PerformanceObserver((tasks) => long.push(...tasks.getEntries().map((each) => each.duration)));
    watch.observe({ type: "longtask" });
    const last = list.scrollHeight - list.clientHeight;
    for (let page = 1; page <= pages; page += 1) {
      list.scrollTop = (last * page) / pages;
      await new Promise(requestAnimationFrame);
      frames += 1;
      most = Math.max(most, list.querySelectorAll(".row").length);
    }
    await new Promise((done) => setTimeout(done, 100));
    watch.takeRecords().forEach((each) => long.push(each.duration));
    return { longest: Math.max(0, ...long), rows: most };
  }
"""


async def _enter(database: Bed, on: Stage, browser: Browser) -> Page:
    """Open the console in a tab that has nothing of it, and wait until it is live."""
    page = await (await browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
    ticket, _ = await ConsoleSessions(database.pool, database.keyring).issue((Scope.ADMIN,))
    await page.goto(f"{on.url}/#ticket={ticket}")
    await page.locator("[data-line=open] #line").wait_for()
    return page


async def _first_paints(database: Bed, on: Stage, browser: Browser, times: int) -> tuple[float, float]:
    """Give the median of the milliseconds to the first paint, and the bytes that came."""
    paints, sizes = [], []
    for _ in range(times):
        page = await _enter(database, on, browser)
        loaded = await page.evaluate(_LOADED)
        paints.append(float(loaded["paint"]))
        sizes.append(float(loaded["bytes"]))
        await page.context.close()
    return statistics.median(paints), max(sizes)


async def _waits(database: Bed, on: Stage, browser: Browser, events: int) -> list[float]:
    """Post events, one after the other; give the milliseconds until the phone in the page showed each."""
    page = await _enter(database, on, browser)
    await page.evaluate("(order) => { location.hash = `#/orders/${order}`; }", ORDER)
    await page.locator("#phones .lock-card").wait_for()
    await page.evaluate(_SHOWN)
    posted: dict[int, float] = {}
    for number in range(events):
        await asyncio.sleep(A_SECOND_AND_A_BIT)
        posted[number] = time.time()
        await post(on, ORDER, "order.note", f"note-{number}", {"text": f"Note {number}"})
    await page.wait_for_selector(f"#phones .lock-card:has-text('Note {events - 1}')")
    shown = await page.evaluate("window.shown")
    await page.context.close()
    return [shown[str(number)] - at * 1_000 for number, at in posted.items()]


async def _scroll(database: Bed, on: Stage, browser: Browser, orders: int) -> tuple[float, int]:
    """Scroll through all orders; give the longest task in milliseconds, and the most rows in the page."""
    page = await _enter(database, on, browser)
    wanted = f"{orders:,}"
    await page.evaluate("document.getElementById('list').focus()")
    while (await page.locator("#list-count").inner_text()) != wanted:
        before = await page.locator("#list-count").inner_text()
        await page.evaluate("(list) => { list.scrollTop = list.scrollHeight; }", await page.query_selector("#list"))
        await page.locator("#list-count").and_(page.locator(f":text-is('{before}')")).wait_for(state="hidden")
    found = await page.evaluate(_SCROLL, orders // 10)
    await page.context.close()
    return float(found["longest"]), int(found["rows"])


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    orders = 2_000 if quick else 10_000
    async with bed() as database, stage(database) as on, running_chromium() as browser:
        await show_cards(on, 1)
        await on.simulator.quiet()
        paint, size = await _first_paints(database, on, browser, 5)
        waits = await _waits(database, on, browser, 15 if quick else 60)
        await open_orders(database, orders - 1, "crowd")
        longest, rows = await _scroll(database, on, browser, orders)
    quantiles = statistics.quantiles(waits, n=100)
    return [
        Figure(NAME, "first paint, nothing of it in the browser", paint, "ms", target="≤ 300"),
        Figure(NAME, "what comes until it is live", size / 1_000, "KB", target="≤ 150"),
        Figure(NAME, "POST → on the phone in the page, p50", quantiles[49], "ms"),
        Figure(NAME, "POST → on the phone in the page, p95", quantiles[94], "ms", target="≤ 250"),
        Figure(NAME, f"longest task while scrolling through {orders:,} orders", longest, "ms", target="≤ 50"),
        Figure(NAME, "rows in the page", rows, "", target="≤ 100"),
    ]
