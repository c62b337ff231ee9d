"""Fixtures of the tests that open the console in a browser."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from app.demo.desk import desk_routes
from projections.registry import Registry
from tests.acceptance.world import World, running_world
from tests.browser.visit import PATIENCE_MS, WATCH, Visit
from tests.conftest import Clock

FOUND: Final = os.environ.get("LOCKSTEP_TEST_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""The browser of this machine."""
SWITCHES: Final = ("--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none", "--disable-lcd-text")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulators of a run keep their certificates."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
async def world(dsn: str, clock: Clock, certificates: Path, cards: Registry) -> AsyncIterator[World]:
    """A demo's service, which knows matches beside orders, and its simulated phones."""
    assert cards.modules == ()
    async with running_world(dsn, clock, certificates, routes=desk_routes, cards=("app.demo.match_card",)) as made:
        yield made


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of a run."""
    expect.set_options(timeout=PATIENCE_MS)
    if FOUND is None:
        pytest.fail("There is no Chromium here. Install Debian's package chromium, or run: make test-browser")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=FOUND, args=SWITCHES, chromium_sandbox=os.geteuid() != 0)
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


@pytest.fixture
async def visit(world: World, chromium: Browser) -> AsyncIterator[Visit]:
    """A tab that may be sent to the console, with a wide window."""
    async with new_page(chromium) as page:
        made = Visit(page, world)
        made.listen()
        yield made
