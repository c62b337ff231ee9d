"""Fixtures of the tests that run the whole service."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.collector import Collector, collecting
from tests.acceptance.world import World, running_world
from tests.conftest import Clock


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulators of a run keep their certificates."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
async def world(dsn: str, clock: Clock, certificates: Path) -> AsyncIterator[World]:
    """A service with fast timers, a simulated APNs and no phones yet."""
    async with running_world(dsn, clock, certificates) as made:
        yield made


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """A collector of traces."""
    async with collecting() as made:
        yield made
