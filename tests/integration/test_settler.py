"""What the settler and the dispatcher do when Postgres refuses, or goes away."""

import asyncio
import random
from collections.abc import Collection
from typing import Any

import pytest
from msgspec.structs import replace

import app.apns.settler as settler_module
from app.apns.dispatch_rules import DispatchRules
from app.apns.dispatcher import Dispatcher
from app.apns.provider_token import ProviderToken
from app.apns.settlement import settle_unsent
from app.apns.settler import Settler
from app.apns.shared_token import SharedProviderToken
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.card_store import Claimed
from projections.choice import Wait
from projections.reasons import Reason
from tests.conftest import Clock
from tests.integration.dispatching import EVERYTHING, PEM, Apns, one_key
from tests.integration.flow import Flow
from tests.integration.wire import Wire


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """Three cards in debt."""
    made = Flow(pool, keyring)
    await made.register()
    for subject in ("order-1", "order-2", "order-3"):
        await made.place(subject)
    await made.settle("order-1", "order-2", "order-3")
    return made


async def test_a_settlement_that_postgres_refuses_holds_no_other(flow: Flow, clock: Clock) -> None:
    """A reason with a NUL byte cannot be stored: that card waits for its lease, the rest of its batch does not."""
    settler = Settler(flow.cards, flow.due.extend, lambda: None)
    for claimed in await flow.claim():
        card = claimed.card
        settlement = settle_unsent(card, Wait(Reason.UNCHANGED, "A test."), 1, claimed.now)
        settler.add(replace(settlement, why="Bad\x00Token") if card.subject_id == "order-2" else settlement)
    stop = asyncio.Event()
    stop.set()
    await settler.run(stop)

    assert settler.waiting == 0
    assert [(row["outcome"], row["leased_at"] is None) for row in await flow.rows()] == [
        ("waiting", True),
        (None, False),
        ("waiting", True),
    ]
    await clock.advance(seconds=61)
    [again] = await flow.claim()
    assert (again.card.subject_id, again.card.lease_ran_out) == ("order-2", True)


async def test_a_settler_goes_on_after_a_refusal(flow: Flow) -> None:
    """What comes after a settlement that was refused is written."""
    settler = Settler(flow.cards, flow.due.extend, lambda: None)
    stop = asyncio.Event()
    running = asyncio.ensure_future(settler.run(stop))
    first, second, _ = await flow.claim()
    settler.add(replace(settle_unsent(first.card, Wait(Reason.UNCHANGED, "A test."), 1, first.now), why="\x00"))
    await settler.drained()
    settler.add(settle_unsent(second.card, Wait(Reason.UNCHANGED, "A test."), 1, second.now))
    await settler.drained()
    stop.set()
    await running

    written = {row["card_id"] for row in await flow.rows() if row["outcome"] == "waiting"}
    assert written == {second.card.card_id}


async def test_leases_are_given_back_when_postgres_goes_away_after_the_claim(
    flow: Flow, keyring: Keyring, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was begun: the cards are sent as soon as Postgres is back, an hour before their leases run out."""
    monkeypatch.setattr(settler_module, "AWAY_SECONDS", 0.01)
    apns, all_came = Apns(), asyncio.Event()

    async def look(_: Any) -> None:
        if len(apns.requests) == 3:
            all_came.set()

    apns.look = look
    async with wire.pool() as pool:

        def announce(slots: Collection[int]) -> None:
            one.hear(Ring("somebody", due=list(slots)))

        token = SharedProviderToken(pool, keyring, ProviderToken("TEAM123456", "KEY1234567", PEM))
        rules = DispatchRules(poll=1_000_000, lease=3_600)
        one = Dispatcher(pool, keyring, apns, one_key(token), announce, rules=rules, dice=random.Random(1))
        claim, settle, claims = one._cards.claim, one._cards.settle, list[list[Claimed]]()

        async def claim_and_lose(*given: Any, **named: Any) -> list[Claimed]:
            claims.append(await claim(*given, **named))
            if len(claims) == 1:
                wire.lose()
            return claims[-1]

        async def settle_and_mend(*given: Any) -> set[int]:
            try:
                return await settle(*given)
            finally:
                wire.mend()

        monkeypatch.setattr(one._cards, "claim", claim_and_lose)
        monkeypatch.setattr(one._cards, "settle", settle_and_mend)
        one.hear(EVERYTHING)
        stop = asyncio.Event()
        running = asyncio.ensure_future(one.run(stop))
        await all_came.wait()
        stop.set()
        await running

    assert len(claims[0]) == 3
    rows = await flow.rows()
    assert [(row["phase"], row["attempts"], row["lease"]) for row in rows] == [("shown", 0, 2)] * 3
