"""Fixtures of the tests that open the console in a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from app.demo.desk import desk_routes
from projections.registry import Registry
from tests.acceptance.world import World, running_world
from tests.browser.chromium import new_page, running_chromium
from tests.browser.states import SETTINGS
from tests.browser.visit import Visit
from tests.conftest import Clock


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulators of a run keep their certificates."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
async def world(dsn: str, clock: Clock, certificates: Path, cards: Registry) -> AsyncIterator[World]:
    """A demo's service, which knows matches beside orders, and its simulated phones."""
    assert cards.modules == ()
    async with running_world(dsn, clock, certificates, routes=desk_routes, **SETTINGS) as made:
        yield made


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of a run."""
    async with running_chromium() as browser:
        yield browser


@pytest.fixture
async def visit(world: World, chromium: Browser) -> AsyncIterator[Visit]:
    """A tab that may be sent to the console, with a wide window."""
    async with new_page(chromium) as page:
        made = Visit(page, world)
        made.listen()
        yield made
