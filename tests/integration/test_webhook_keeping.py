"""How long it is known what webhooks are to be told, and what is said of that which goes."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.housekeeping import Housekeeper
from app.webhooks.webhook import Resend
from events.slot import ALL_SLOTS
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow
from tests.integration.receiving import Receiver, deliver, deliverers, listen, receiving, states, webhooks_of, written


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    async with receiving() as made:
        yield made


async def test_facts_go_in_their_time(owing: Flow, clock: Clock, receiver: Receiver) -> None:
    """With the deliveries and their log; the numbers stay, so that none is given twice."""
    await listen(owing, receiver)
    await live(owing, clock)
    await deliver(*deliverers(owing))
    keeper = Housekeeper(owing.pool, owing.due.extend)
    await clock.advance(days=29)
    assert await keeper.prune_facts(ALL_SLOTS) == 0
    await clock.advance(days=2)

    assert await keeper.prune_facts(ALL_SLOTS) == 1
    assert await written(owing) == {
        "card_facts": 0, "card_fact_slots": 1, "webhook_deliveries": 0, "webhook_attempts": 0
    }  # fmt: skip


async def test_what_has_nothing_to_tell_any_more_is_dead(owing: Flow, clock: Clock, receiver: Receiver) -> None:
    """It was asked for while its fact went: it is claimed once, says why, and goes with the next fact."""
    await listen(owing, receiver)
    await live(owing, clock)
    [sender] = deliverers(owing)
    await deliver(sender)
    await webhooks_of(owing).resend("shop", Resend(since=await clock.now() - timedelta(hours=1)))
    # as a pruning does whose statement began before that, and does not see it
    await owing.pool.execute("DELETE FROM card_facts")
    for _ in range(3):
        await deliver(sender)
        await clock.advance(seconds=70)

    [dead] = await states(owing)
    assert (dead.state, dead.document, len(receiver.requests)) == ("dead", None, 1)
    assert [each.error for each in dead.log] == [None, "What it was to tell is kept no longer."]
    assert (await webhooks_of(owing).find("shop")).dead == 1
    await owing.registry.forget_card("phone-1", str((await owing.card())["card_id"]))
    await work(dispatcher(owing, Apns()))
    await deliver(sender)
    await clock.advance(days=31)
    await Housekeeper(owing.pool, owing.due.extend).prune_facts(ALL_SLOTS)
    assert await written(owing) == {
        "card_facts": 0, "card_fact_slots": 1, "webhook_deliveries": 0, "webhook_attempts": 0
    }  # fmt: skip


async def test_what_a_webhook_was_never_told_is_said(owing: Flow, clock: Clock, receiver: Receiver) -> None:
    """How much of it went, and of which webhook; what was delivered goes without a word."""
    await listen(owing, receiver)
    await live(owing, clock)
    await deliver(*deliverers(owing))
    await listen(owing, receiver, "crm")
    assert await webhooks_of(owing).resend("crm", Resend(since=await clock.now() - timedelta(hours=1))) == 1
    keeper = Housekeeper(owing.pool, owing.due.extend)
    await clock.advance(days=31)
    with capture_logs() as said:
        await keeper.prune_facts(ALL_SLOTS)
        keeper.tell_untold()
        keeper.tell_untold()

    assert [each for each in said if each["log_level"] == "error"] == [
        {"event": "webhook_was_never_told", "log_level": "error", "webhook": "crm", "facts": 1}
    ]
