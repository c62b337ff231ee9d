"""Cards on phones with Android: messages through Firebase, each with all of the card."""

from typing import Any

import msgspec
import pytest

from app.apns.answer import Answer
from app.apns.errors import Ambiguous
from app.apns.fcm_request import FcmRequest
from app.devices.device import AndroidReport
from projections.card import Intent, Kind
from tests.conftest import Clock
from tests.examples.devices import reported
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow

TOKEN = "dXk3Zq:APA91bTokenOfFirebase"
ANOTHER = "eYl4Ar:APA91bAnotherToken"


def android(customer_id: str | None = "customer-7", **changes: Any) -> AndroidReport:
    """Give what an app says of its phone."""
    fields = {"fcm_token": TOKEN, "attributes_types": ("OrderAttributes",), "os_version": "16", **changes}
    return AndroidReport(app="com.example.orders", customer_id=customer_id, **fields)


@pytest.fixture
async def flow(flow: Flow) -> Flow:
    """One phone with Android, and an order of its customer."""
    await flow.registry.register("phone-1", android())
    await flow.place("order-1", showAt=None)
    await flow.settle("order-1")
    return flow


def told(apns: Apns) -> list[tuple[str, str | None]]:
    """Give what each message was to do, and the title that it showed."""
    return [(each.data.kind, title_of(each)) for each in apns.messages]


def title_of(message: FcmRequest) -> str | None:
    """Give the title of what a message shows; None where it shows nothing."""
    card = message.data.card
    if not isinstance(card, str):
        return None
    title: str = msgspec.json.decode(card)["title"]
    return title


async def move(flow: Flow, clock: Clock, apns: Apns, *types: str) -> None:
    """Let something happen, and send what is to be sent."""
    await clock.advance(seconds=2)
    await flow.happen("order-1", *types)
    await flow.settle("order-1")
    await work(dispatcher(flow, apns))


async def test_a_card_is_started_moved_and_ended_by_the_phones_one_token(flow: Flow, clock: Clock) -> None:
    """Nothing is to be reported in between, and timestamps rise."""
    apns = Apns()
    await work(dispatcher(flow, apns))
    await move(flow, clock, apns, "order.preparing")
    await move(flow, clock, apns, "order.delivered")
    card = await flow.card()

    assert told(apns) == [("start", "Placed"), ("update", "Preparing"), ("end", "Delivered")]
    assert {each.token for each in apns.messages} == {TOKEN}
    assert [each.urgent for each in apns.messages] == [True, True, True]
    times = [int(each.data.timestamp) for each in apns.messages]
    assert times == sorted(set(times))
    assert isinstance(apns.messages[2].data.dismiss_at, str)
    assert '"ongoing":false' in str(apns.messages[2].data.card)
    assert (card["phase"], card["environment"], card["outcome"]) == ("over", "fcm", "accepted")
    assert apns.requests == []


async def test_news_that_changes_nothing_on_android_is_not_sent(flow: Flow, clock: Clock) -> None:
    """What a phone shows is compared by what it is shown there."""
    apns = Apns()
    await work(dispatcher(flow, apns))
    await clock.advance(seconds=2)
    await flow.pool.execute("UPDATE cards SET due_at = lockstep_now()")
    await work(dispatcher(flow, apns))
    assert told(apns) == [("start", "Placed")]
    assert (await flow.card())["outcome"] == "nothing"


async def test_a_start_without_an_answer_is_sent_again(flow: Flow, clock: Clock) -> None:
    """It replaces what the first may have shown, so nobody has to ask the app."""
    apns = Apns(Ambiguous("the line was cut"))
    await work(dispatcher(flow, apns))
    assert (await flow.card())["phase"] == "wanted"
    await clock.advance(seconds=90)
    await work(dispatcher(flow, apns))
    assert told(apns) == [("start", "Placed"), ("start", "Placed")]
    assert (await flow.card())["phase"] == "shown"


async def test_a_start_of_a_worker_that_vanished_is_sent_again(flow: Flow, clock: Clock) -> None:
    """The token that it was to go to is the card's already."""
    [claimed] = await flow.claim(lease_seconds=1.0)
    card = claimed.card
    async with flow.pool.acquire() as connection:
        phones = await flow.cards.read_phones(connection, [card])
    await flow.cards.lend_tokens([(card, phones["phone-1", "OrderAttributes"])])
    intent = Intent(Kind.START, 1, 1, int(claimed.now.timestamp()), card.card_id, claimed.now)
    assert await flow.cards.record_intents([(card, intent)]) == {card.card_id}
    await clock.advance(seconds=5)
    apns = Apns()
    await work(dispatcher(flow, apns))
    assert told(apns) == [("update", "Placed")]
    row = await flow.card()
    assert (row["phase"], row["started_at"] is not None) == ("shown", True)


async def test_a_token_that_google_gave_up_waits_for_another(flow: Flow, clock: Clock) -> None:
    """The app reports it at its next launch, and the card goes on by it."""
    apns = Apns()
    await work(dispatcher(flow, apns))
    apns.answers = [Answer(404, "UNREGISTERED")]
    await move(flow, clock, apns, "order.preparing")
    await work(dispatcher(flow, apns))
    waiting = await flow.card()
    assert (waiting["phase"], waiting["refused_hash"]) == ("shown", waiting["token_hash"])
    assert "Google refused the phone's registration token" in waiting["why"]
    await clock.advance(seconds=2)
    await flow.registry.register("phone-1", android(fcm_token=ANOTHER))
    await work(dispatcher(flow, apns))
    assert [(each.token, title_of(each)) for each in apns.messages[2:]] == [(ANOTHER, "Preparing")]


async def test_a_phone_that_signs_out_is_told_to_take_its_card_back(flow: Flow, clock: Clock) -> None:
    """By the token that the card has kept, and without a word of the order."""
    apns = Apns()
    await work(dispatcher(flow, apns))
    await clock.advance(seconds=2)
    await flow.registry.forget("phone-1")
    await flow.match()
    await work(dispatcher(flow, apns))
    assert told(apns) == [("start", "Placed"), ("end", None)]
    assert apns.messages[1].token == TOKEN
    assert (await flow.card())["phase"] == "over"


async def test_what_the_user_swiped_away_stays_away(flow: Flow, clock: Clock) -> None:
    """The app reports it, and no message brings it back."""
    apns = Apns()
    await work(dispatcher(flow, apns))
    card_id = str((await flow.card())["card_id"])
    answer = await flow.registry.report_card("phone-1", card_id, reported(state="dismissed"))
    await move(flow, clock, apns, "order.preparing")
    assert (answer.end, told(apns)) == (True, [("start", "Placed")])
    assert (await flow.card())["outcome"] == "gone"


async def test_a_card_that_the_app_put_up_itself_is_moved_like_the_others(flow: Flow) -> None:
    """It is reported without a token, and has the phone's."""
    apns = Apns()
    await flow.place("order-2")
    await flow.settle("order-2")
    await flow.registry.report_card("phone-1", "made-by-the-app", reported(subject="order-2"))
    await work(dispatcher(flow, apns))
    [card] = await flow.rows("order-2")
    assert (card["phase"], card["token_hash"] is not None, card["reported_state"]) == ("shown", True, "active")
    assert sorted(each.data.kind for each in apns.messages) == ["start", "update"]


async def test_a_phone_whose_notifications_are_off_gets_none(flow: Flow) -> None:
    """The reason stands on the card."""
    await flow.registry.register("phone-1", android(notifications_enabled=False))
    apns = Apns()
    await work(dispatcher(flow, apns))
    assert told(apns) == []
    assert "its notifications are off" in (await flow.card())["why"]
