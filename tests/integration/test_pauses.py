"""Pauses: rows that every claim reads."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import slot_of
from projections.card_store import card_of
from projections.pause import ALL, PauseRow, Route
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.integration.flow import ROUTES, Flow


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
    assert row.holds(claimed.card, ROUTES)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("app", "com.example.other"),
        ("topic", "com.example.other/sandbox"),
        ("topic", "com.example.shop/production"),
        ("type", "RideAttributes"),
        ("credential", "KEY1234567/production"),
    ],
)
async def test_a_pause_of_something_else_stops_nothing(flow: Flow, pauses: Pauses, kind: str, key: str) -> None:
    """Only what it names waits; trouble with one of Apple's environments does not stop the other."""
    await pauses.pause(kind, key, reason="a test")
    [row] = await pauses.list()
    [claimed] = await flow.claim()
    assert not row.holds(claimed.card, ROUTES)


@pytest.mark.parametrize(
    "routes",
    [
        [("com.example.shop", "sandbox", "KEY1234567"), ("*", "sandbox", "KEY7654321")],
        [("com.example.shop", "sandbox", "KEY7654321"), ("*", "sandbox", "KEY1234567")],
        [("com.example.shop", "production", "KEY7654321"), ("*", "sandbox", "KEY1234567")],
        [("com.example.other", "sandbox", "KEY1234567")],
        [],
    ],
    ids=["its own key", "the key of others", "the key of all", "no key of its own", "no key"],
)
async def test_an_explanation_and_a_claim_agree_on_which_key_signs(
    flow: Flow, pauses: Pauses, routes: list[Route]
) -> None:
    """A pause of one of several keys holds for the one what it holds for the other."""
    await pauses.pause("credential", "KEY1234567/sandbox", reason="a test")
    [row] = await pauses.list()
    [card] = [card_of(each) for each in await traced(flow)]
    claimed = await flow.claim(keys=routes)

    assert row.holds(card, routes) == (claimed == [])


@pytest.mark.parametrize(
    ("limits", "held"),
    [
        ({"environments": ["production"]}, True),
        ({"environments": ["sandbox"]}, False),
        ({"environments": []}, True),
        ({"held_keys": ["KEY1234567/sandbox"]}, True),
        ({"held_keys": ["KEY1234567/production", "KEY7654321/sandbox"]}, False),
    ],
)
async def test_a_claim_leaves_alone_what_cannot_be_reached(flow: Flow, limits: dict[str, Any], *, held: bool) -> None:
    """An environment, or what a key signs there, for this claim alone."""
    assert (await flow.claim(**limits) == []) == held
    assert len(await flow.claim()) == held


async def traced(flow: Flow) -> list[asyncpg.Record]:
    """Read the cards of order-1 as an explanation does."""
    return await flow.pool.fetch(statement("projections/trace_cards"), slot_of("order-1"), "order-1", 10)


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
