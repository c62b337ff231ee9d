"""Fixtures of the tests on a real Postgres and against the simulator; the database comes from `tests/conftest.py`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.simulator.agent import PhoneAgent
from app.simulator.chance import CALM
from app.simulator.simulator import Options, Simulator
from events.feed import Feed
from events.feed_writer import FeedWriter
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.conftest import Clock
from tests.integration.archiving import Archiving
from tests.integration.engines import MAKES, Make
from tests.integration.feeding import Copy
from tests.integration.flow import Flow
from tests.integration.simulated import PROVIDER
from tests.integration.wire import Wire
from tests.unit.app.simulator.examples import NOW


@pytest.fixture
async def wire(dsn: str) -> AsyncIterator[Wire]:
    """A line to the database that the test may cut."""
    made = Wire(dsn)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """The stages between an event and a card, with the slots adopted and nothing else."""
    made = Flow(pool, keyring)
    await made.projector.adopt()
    return made


@pytest.fixture
def archiving(flow: Flow, clock: Clock, tmp_path: Path) -> Archiving:
    """An archive of a log in which nothing has happened."""
    return Archiving(flow, clock, tmp_path / "archive")


@pytest.fixture
async def owing(flow: Flow) -> Flow:
    """The same, with one card in debt."""
    await flow.wanted()
    return flow


@pytest.fixture
async def copy(pool: Pool, keyring: Keyring) -> Copy:
    """A copy that has opened the feed of an empty log."""
    made = Copy(Feed(pool, keyring), keyring)
    assert await made.catch_up() == []
    return made


@pytest.fixture
def writer(pool: Pool) -> FeedWriter:
    """A writer that numbers when told."""
    return FeedWriter(pool, lambda: None)


@pytest.fixture(params=MAKES, ids=str)
def make(request: pytest.FixtureRequest) -> Make:
    """Each engine in turn."""
    made: Make = request.param
    return made


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    """Run a simulator at a fixed time."""
    running = await Simulator.start(tmp_path, options=Options(profile=CALM), now=lambda: float(NOW))
    running.register_key(PROVIDER.team_id, PROVIDER.key_id, PROVIDER.public_pem)
    yield running
    await running.stop()


@pytest.fixture
def phone(simulator: Simulator) -> PhoneAgent:
    """Install one phone in the sandbox."""
    return simulator.install_phone()
