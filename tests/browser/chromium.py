"""The browser of this machine, and how it is started."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, Page, async_playwright, expect

PATIENCE_MS: Final = 20_000
"""When a test is given up; nothing is measured by it."""

WATCH: Final = """
  window.moved = [];
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) window.moved.push(
      [each.value, ...each.sources.map(({ node }) => `${node?.id || node?.className}: ${node?.textContent}`)]);
  }).observe({ type: "layout-shift", buffered: true });
"""
"""Notes by how much what moved under the reader of the page."""

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FOUND: Final = os.environ.get("LOCKSTEP_TEST_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
_SWITCHES: Final = ("--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none", "--disable-lcd-text")


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    """Run it.

    Raises:
        FileNotFoundError: There is none; the message says the cure.
    """
    if _FOUND is None:
        raise FileNotFoundError(
            "There is no Chromium here. Install Debian's package chromium, or run: make test-browser"
        )
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=_FOUND, args=_SWITCHES, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def new_page(browser: Browser, *, width: int = 1440, height: int = 900) -> AsyncIterator[Page]:
    """Open a tab with nothing kept from another one."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
    )
    try:
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        await context.add_init_script(WATCH)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page
    finally:
        await context.close()
