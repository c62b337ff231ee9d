"""Fixtures of the tests on a real Postgres; the database itself comes from `tests/conftest.py`."""

from collections.abc import AsyncIterator

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.engines import MAKES, Make
from tests.integration.flow import Flow
from tests.integration.wire import Wire


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
async def owing(flow: Flow) -> Flow:
    """The same, with one card in debt."""
    await flow.wanted()
    return flow


@pytest.fixture(params=MAKES, ids=str)
def make(request: pytest.FixtureRequest) -> Make:
    """Each engine in turn."""
    made: Make = request.param
    return made
