"""Webhooks: what became of cards is written with it, and sent at least once to whoever asked."""

from collections.abc import AsyncIterator

import pytest

from app.erasure import Eraser
from app.webhooks.address import AddressRules
from app.webhooks.errors import NoSuchWebhookError, WebhookError
from app.webhooks.post import Poster
from app.webhooks.webhook import Delivery, Resend, WebhookRequest
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from events.store import EventStore
from projections.card import Phase, Settlement
from projections.card_fact_store import FactStore
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow
from tests.integration.rebuilding import Rebuilding
from tests.integration.receiving import Receiver, deliver, deliverers, listen, receiving, states, webhooks_of, written
from tests.integration.wire import Wire

STARTED, ENDED, DISMISSED = ("card.started", "accepted"), ("card.ended", "over"), ("card.dismissed", "reported")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    async with receiving() as made:
        yield made


async def started(flow: Flow, *subjects: str) -> None:
    """Let cards start."""
    await flow.register()
    for each in subjects:
        await flow.place(each)
    await flow.settle(*subjects)
    await work(dispatcher(flow, Apns()))


async def test_while_nobody_listens_nothing_is_written(owing: Flow, clock: Clock) -> None:
    """A card lives its life, and leaves no row beyond its own."""
    card_id = await live(owing, clock)
    await owing.registry.forget_card("phone-1", card_id)
    await work(dispatcher(owing, Apns()))

    assert (await owing.card())["phase"] == "over"
    assert set((await written(owing)).values()) == {0}


async def test_a_settlement_asks_no_more_of_postgres_while_nobody_listens(wire: Wire, keyring: Keyring) -> None:
    """The same requests as for what nobody would be told of; two more where there is something to tell somebody."""
    async with wire.pool() as pool:
        flow = Flow(pool, keyring)

        async def requests(settlement: Settlement) -> int:
            wire.cut_at(0, before=True)
            await flow.cards.settle([settlement], [])
            return wire.asked

        await flow.register()
        for number in range(5):
            await flow.place(f"order-{number}")
        await flow.settle(*(f"order-{number}" for number in range(5)))
        waits, *starts = [
            Settlement(
                card=each.card, phase=Phase.SHOWN, considered_version=1, outcome="accepted", why="A test.",
                started=number > 0, accepted_version=1, due_at=each.now,
            )
            for number, each in enumerate(await flow.claim())
        ]  # fmt: skip
        # what is asked for the first time is prepared first
        await requests(starts[0])
        closed = [await requests(each) for each in (waits, starts[1])]
        await FactStore(pool).listen()
        await requests(starts[2])
        told = await requests(starts[3])

    assert (closed[0], told) == (closed[1], closed[1] + 2)


async def test_whoever_asked_is_told_what_became_of_a_card(owing: Flow, clock: Clock, receiver: Receiver) -> None:
    """That it started, and that its customer dismissed it, signed, each once; the update between is not told."""
    await listen(owing, receiver)
    card_id = await live(owing, clock)
    await owing.happen("order-1", "order.accepted")
    await owing.project("order-1")
    await work(dispatcher(owing, Apns()))
    await owing.registry.forget_card("phone-1", card_id)
    await work(dispatcher(owing, Apns()))
    await deliver(*deliverers(owing))
    await deliver(*deliverers(owing))

    assert sorted(receiver.told()) == sorted([STARTED, DISMISSED])
    assert len(set(receiver.requests)) == len(receiver.requests) == 2
    [first] = [each for each in receiver.taken if each["type"] == "card.started"]
    assert {name: value for name, value in first["data"].items() if name != "reason"} == {
        "subject": "order-1",
        "cardId": card_id,
        "customerId": "customer-7",
        "deviceId": "phone-1",
        "app": "com.example.shop",
        "attributesType": "OrderAttributes",
        "generation": 1,
        "code": "accepted",
    }


async def test_a_settlement_whose_lease_was_lost_tells_nothing(owing: Flow, clock: Clock, receiver: Receiver) -> None:
    """Another worker has the card by then, and tells of it."""
    await listen(owing, receiver)
    [stale] = await owing.claim()
    await clock.advance(seconds=61)
    await work(dispatcher(owing, Apns()))
    late = Settlement(
        card=stale.card, phase=Phase.SHOWN, considered_version=1, outcome="accepted", why="Late.", started=True,
        accepted_version=1, due_at=stale.now,
    )  # fmt: skip
    await owing.cards.settle([late], [])

    assert (await written(owing))["card_facts"] == 1


async def test_a_rebuild_tells_nothing(owing: Flow, clock: Clock, receiver: Receiver) -> None:
    """Views are folded anew; what became of cards is no fold."""
    await live(owing, clock)
    await listen(owing, receiver)
    before = await written(owing)
    await Rebuilding(owing.pool, owing.keyring).run(push_changes=True)
    await work(dispatcher(owing, Apns()))

    assert await written(owing) == before


async def test_two_processes_share_the_work(flow: Flow, receiver: Receiver) -> None:
    """They race for the same deliveries, and each is sent once."""
    await listen(flow, receiver)
    await started(flow, *(f"order-{number}" for number in range(8)))
    one, other = deliverers(flow, 2, in_flight=4)
    for _ in range(3):
        await deliver(one, other)

    assert len(receiver.requests) == len(set(receiver.requests)) == 8


async def test_what_a_killed_process_had_claimed_is_sent_again(flow: Flow, clock: Clock, receiver: Receiver) -> None:
    """Nobody knows whether it was sent: so it is, under the same id, once the lease has run out."""
    await listen(flow, receiver)
    await started(flow, "order-1")
    [lost] = await webhooks_of(flow).claim({"shop": 9}, ALL_SLOTS, 60.0)
    [sender] = deliverers(flow)
    await deliver(sender)
    assert receiver.requests == []
    await clock.advance(seconds=61)
    await deliver(sender)

    assert isinstance(lost, Delivery)
    assert receiver.requests == [lost.document.id]


async def test_a_receiver_that_fails_gets_everything_in_the_end(flow: Flow, clock: Clock, receiver: Receiver) -> None:
    """It is left alone between two attempts, tried with one at a time, and told all once it takes one."""
    await listen(flow, receiver)
    await started(flow, "order-1", "order-2", "order-3")
    [sender] = deliverers(flow, in_flight=1)
    receiver.answers = [500, 503]
    await deliver(sender)
    await deliver(sender)
    assert len(receiver.requests) == 1
    await clock.advance(seconds=2)
    await deliver(sender)
    assert len(receiver.requests) == 2
    assert (await webhooks_of(flow).find("shop")).failures == 2
    [sender] = deliverers(flow)
    for seconds in (3, 1, 310):
        await clock.advance(seconds=seconds)
        await deliver(sender)

    assert receiver.told() == [STARTED] * 3
    found = await webhooks_of(flow).find("shop")
    assert (found.failing_since, found.failures, found.waiting, found.dead) == (None, 0, 0, 0)
    logs = {tuple(tried.status for tried in each.log) for each in await states(flow)}
    assert logs == {(204,), (500, 204), (503, 204)}


async def test_what_was_given_up_is_sent_when_asked(flow: Flow, clock: Clock, receiver: Receiver) -> None:
    """After the last attempt nothing is sent by itself; a person sends it again."""
    await listen(flow, receiver)
    await started(flow, "order-1")
    receiver.answers = [500, 500]
    [sender] = deliverers(flow, retries=(5.0,))
    for _ in range(4):
        await deliver(sender)
        await clock.advance(seconds=70)

    assert (len(receiver.requests), len(await states(flow, "dead"))) == (2, 1)
    assert await webhooks_of(flow).resend("shop", Resend(dead=True)) == 1
    await deliver(sender)
    assert receiver.told() == [STARTED]
    assert (len(await states(flow, "dead")), len(await states(flow, "delivered"))) == (0, 1)


async def test_facts_are_sent_again_by_id_and_by_time(flow: Flow, clock: Clock, receiver: Receiver) -> None:
    """Under the ids that they had, to a webhook that came later too."""
    await listen(flow, receiver)
    await started(flow, "order-1")
    between = await clock.advance(seconds=60)
    await started(flow, "order-2")
    [sender] = deliverers(flow)
    await deliver(sender)
    [first] = [each["id"] for each in receiver.taken if each["data"]["subject"] == "order-1"]
    [second] = [each["id"] for each in receiver.taken if each["data"]["subject"] == "order-2"]
    store = webhooks_of(flow)

    assert await store.resend("shop", Resend(id=first)) == 1
    await deliver(sender)
    assert receiver.requests[2:] == [first]
    await listen(flow, receiver, "late", types=("card.started",))
    assert await store.resend("late", Resend(since=between)) == 1
    assert await store.resend("late", Resend(since=between, until=between)) == 0
    await deliver(sender)
    assert receiver.requests[3:] == [second]
    with pytest.raises(NoSuchWebhookError, match="no fact"):
        await store.resend("shop", Resend(id=first[:-1] + "x"))


async def test_a_webhook_that_fails_for_days_is_switched_off(flow: Flow, clock: Clock, receiver: Receiver) -> None:
    """What is to be told waits, and goes out when it is set up again."""
    await listen(flow, receiver)
    await started(flow, "order-1")
    receiver.answers = [500, 500]
    [sender] = deliverers(flow, disable_after=100_000.0)
    await deliver(sender)
    await clock.advance(days=2)
    await deliver(sender)
    found = await webhooks_of(flow).find("shop")
    assert (found.disabled_why or "").startswith("It has taken nothing since ")
    await clock.advance(days=1)
    await deliver(sender)
    assert (len(receiver.requests), found.waiting) == (2, 1)
    await listen(flow, receiver)
    await deliver(sender)

    assert receiver.told() == [STARTED]


async def test_a_webhook_that_takes_the_first_fact_after_days_stays_on(
    flow: Flow, clock: Clock, receiver: Receiver
) -> None:
    """It failed once, was given up, and was told nothing for a week: what counts is that it takes something now."""
    await listen(flow, receiver)
    await started(flow, "order-1")
    receiver.answers = [500]
    [sender] = deliverers(flow, retries=())
    await deliver(sender)
    assert len(await states(flow, "dead")) == 1
    await clock.advance(seconds=7 * 86_400)
    await started(flow, "order-2")
    await deliver(sender)

    assert receiver.told() == [STARTED]
    found = await webhooks_of(flow).find("shop")
    assert (found.disabled_at, found.failing_since, found.failures) == (None, None, 0)


async def test_a_webhook_that_answers_410_is_switched_off_at_once(flow: Flow, receiver: Receiver) -> None:
    """Nobody listens there any more."""
    await listen(flow, receiver)
    await started(flow, "order-1")
    receiver.answers = [410]
    await deliver(*deliverers(flow))

    assert "410" in ((await webhooks_of(flow).find("shop")).disabled_why or "")


async def test_two_secrets_sign_while_one_takes_the_others_place(flow: Flow, clock: Clock, receiver: Receiver) -> None:
    """The receiver, which knows the old one, takes everything until the overlap ends."""
    await listen(flow, receiver)
    await listen(flow, receiver)
    rotated = await webhooks_of(flow).rotate("shop", 3_600)
    assert (rotated.secret or "").startswith("whsec_")
    await started(flow, "order-1")
    [sender] = deliverers(flow)
    await deliver(sender)
    await clock.advance(seconds=3_601)
    await started(flow, "order-2")
    await deliver(sender)

    assert receiver.signatures == [2, 1]
    assert len(receiver.taken) == 1
    [waiting] = await states(flow, "waiting")
    assert [tried.error for tried in waiting.log] == ["The answer was 401."]


async def test_a_name_that_leads_to_ourselves_is_not_called(flow: Flow, receiver: Receiver) -> None:
    """What it leads to is looked at when it is called, and the log says which setting would allow it."""
    url = receiver.url.replace("127.0.0.1", "localhost")
    await listen(flow, receiver, url=url)
    poster = Poster(AddressRules(http=True), 5.0)
    try:
        by_name = await poster.post(url, b"{}", {})
        by_number = await poster.post(receiver.url.replace("127.0.0.1", "2130706433"), b"{}", {})
    finally:
        await poster.close()

    assert "LOCKSTEP_WEBHOOK_NETWORKS" in (by_name.error or "")
    assert by_number.error is not None
    assert receiver.requests == []


async def test_there_is_an_end_of_webhooks(flow: Flow) -> None:
    """Twenty; one that is there can still be changed, and a deleted one makes room."""
    store = webhooks_of(flow)
    asked = WebhookRequest(url="https://example.com/")
    for number in range(20):
        await store.put(f"hook-{number}", asked)
    await store.put("hook-0", asked)
    with pytest.raises(WebhookError, match="delete one"):
        await store.put("more", asked)

    assert await store.delete("hook-0")
    assert not await store.delete("hook-0")
    assert (await store.put("more", asked))[1]


async def test_an_erased_customer_is_told_of_no_more(
    owing: Flow, clock: Clock, receiver: Receiver, store: EventStore
) -> None:
    """What is still to be sent, the end that the erasure brings too, names neither customer nor phone."""
    await listen(owing, receiver)
    await live(owing, clock)
    eraser = Eraser(owing.pool, store, owing.registry)
    asked = await eraser.ask("customer-7")
    assert await eraser.carry_out(asked) == 1
    await work(dispatcher(owing, Apns()))
    await deliver(*deliverers(owing))

    assert sorted(receiver.told()) == [("card.ended", "recalled"), STARTED]
    assert {(each["data"]["customerId"], each["data"]["deviceId"]) for each in receiver.taken} == {(None, None)}
