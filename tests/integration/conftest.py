"""Fixtures of the tests on a real Postgres; the database itself comes from `tests/conftest.py`."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.wire import Wire


@pytest.fixture
async def wire(dsn: str) -> AsyncIterator[Wire]:
    """A line to the database that the test may cut."""
    made = Wire(dsn)
    await made.open()
    yield made
    await made.close()
