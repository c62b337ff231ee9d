"""Pauses: rows that every claim reads."""

from datetime import timedelta

import pytest

from events.postgres.pool import Pool
from projections.pause import ALL, PauseRow
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.integration.flow import Flow


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt."""
    return owing


@pytest.fixture
def pauses(pool: Pool) -> Pauses:
    """The pauses."""
    return Pauses(pool)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ALL,
        ("app", "com.example.shop"),
        ("topic", "com.example.shop/sandbox"),
        ("type", "OrderAttributes"),
        ("credential", "KEY1234567/sandbox"),
        ("endpoint", "sandbox"),
    ],
)
async def test_a_pause_stops_claims_at_once_and_its_lifting_lets_them_go_on(
    flow: Flow, pauses: Pauses, kind: str, key: str
) -> None:
    """Whatever it names, no claim takes the card, and nothing of it is lost; an explanation says the same."""
    await pauses.pause(kind, key, reason="a test")
    [row] = await pauses.list()
    assert await flow.claim() == []
    assert await pauses.resume(kind, key)
    [claimed] = await flow.claim()
    assert row.holds(claimed.card)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("app", "com.example.other"),
        ("topic", "com.example.other/sandbox"),
        ("topic", "com.example.shop/production"),
        ("type", "RideAttributes"),
        ("credential", "KEY1234567/production"),
        ("endpoint", "production"),
    ],
)
async def test_a_pause_of_something_else_stops_nothing(flow: Flow, pauses: Pauses, kind: str, key: str) -> None:
    """Only what it names waits; trouble with one of Apple's environments does not stop the other."""
    await pauses.pause(kind, key, reason="a test")
    [row] = await pauses.list()
    [claimed] = await flow.claim()
    assert not row.holds(claimed.card)


async def test_a_pause_ends_by_itself(flow: Flow, pauses: Pauses, clock: Clock) -> None:
    """With `until`, and is not listed any more then."""
    until = await clock.now() + timedelta(hours=1)
    await pauses.pause("topic", "com.example.shop/sandbox", reason="a test", until=until)
    assert await flow.claim() == []
    [row] = await pauses.list()
    assert row == PauseRow("topic", "com.example.shop/sandbox", "a test", row.paused_at, until)
    await clock.advance(hours=1.01)
    assert await pauses.list() == []
    assert len(await flow.claim()) == 1


async def test_the_second_pause_replaces_the_first(pauses: Pauses) -> None:
    """One row for each thing, with the newest reason."""
    await pauses.pause("all", "*", reason="first")
    await pauses.pause("all", "*", reason="second")

    assert [row.reason for row in await pauses.list()] == ["second"]
    assert await pauses.resume("all", "*")
    assert not await pauses.resume("all", "*")
