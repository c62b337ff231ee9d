"""What the answer to a launch calls missing, and what it does with the orders of others."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from projections.matcher import Matcher
from projections.wanted_cards import StartRule
from tests.conftest import Clock
from tests.examples.devices import TYPE, UPDATE_TOKEN, at_launch, reported
from tests.integration.courier import Courier
from tests.integration.flow import Flow


async def place(flow: Flow, rule: StartRule | None = None, **phone: Any) -> str:
    """Let an order be placed for a phone that is there, and give the id of its card."""
    if rule is not None:
        flow.matcher = Matcher(flow.pool, flow.keyring, flow.due.extend, start_rules={TYPE: rule})
    await flow.register(**phone)
    await flow.place()
    await flow.settle("order-1")
    [row] = await flow.rows()
    return str(row["card_id"])


async def missing(flow: Flow, **phone: Any) -> list[str]:
    """Let the app launch, and give the ids of the cards that it is told are missing."""
    return [each.card_id for each in (await flow.register(**phone)).missing]


async def test_what_the_server_starts_by_itself_is_not_missing(flow: Flow, clock: Clock) -> None:
    """Not while it is wanted, not while it is on its way; an app that starts what is missing would show two."""
    await place(flow)
    assert await missing(flow) == []
    await Courier(flow, {}).dispatch()
    assert await missing(flow) == []
    await clock.advance(minutes=29)
    assert await missing(flow) == []


async def test_a_card_that_never_arrived_is_missing_with_all_that_starts_it(flow: Flow, clock: Clock) -> None:
    """APNs accepted the start, the phone is awake, and the card is not there."""
    card_id = await place(flow)
    await Courier(flow, {}).dispatch()
    await clock.advance(minutes=32)
    [card] = (await flow.register()).missing

    assert (card.card_id, card.subject, card.attributes_type) == (card_id, "order-1", TYPE)
    attributes, content = (
        msgspec.json.decode(msgspec.json.encode(each)) for each in (card.attributes, card.content_state)
    )
    assert (attributes["cardId"], attributes["orderId"], content["status"]) == (card_id, "order-1", "placed")
    assert await missing(flow, cards=(at_launch(card_id=card_id),)) == []


async def test_a_card_that_the_phone_had_is_not_missing(flow: Flow, clock: Clock) -> None:
    """It was swiped away while the app was not running: it does not come back."""
    card_id = await place(flow)
    await Courier(flow, {}).dispatch()
    await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
    await clock.advance(minutes=32)
    assert await missing(flow) == []


async def test_a_card_that_the_app_is_to_start_is_missing(flow: Flow, clock: Clock) -> None:
    """However long it takes."""
    card_id = await place(flow, StartRule("app"))
    assert await missing(flow) == [card_id]
    await clock.advance(hours=1)
    assert await missing(flow) == [card_id]


async def test_a_card_that_the_app_may_start_first_is_missing_within_its_grace(flow: Flow, clock: Clock) -> None:
    """After it the server starts the card."""
    card_id = await place(flow, StartRule("app_first"))
    assert await missing(flow) == [card_id]
    await clock.advance(seconds=11)
    assert await missing(flow) == []


@pytest.mark.parametrize(("version", "is_missing"), [("17.1.2", True), ("17", True), ("17.2", False)])
async def test_a_phone_that_takes_no_start_is_told_what_it_lacks(flow: Flow, version: str, *, is_missing: bool) -> None:
    """Before iOS 17.2 nobody but the app can start a card."""
    card_id = await place(flow, ios_version=version)
    assert await missing(flow, ios_version=version) == ([card_id] if is_missing else [])


@pytest.mark.parametrize("named", [{"card_id": "5E1C7A52-7DBB-4D6C-9F0B-0123456789AB"}, {"card_id": "x"}, {}])
@pytest.mark.parametrize("customer_id", ["customer-8", None])
async def test_a_card_of_the_order_of_another_is_ended_and_not_kept(
    flow: Flow, named: dict[str, str], customer_id: str | None
) -> None:
    """A launch adds nothing to the order of somebody else."""
    await flow.place()
    await flow.settle("order-1")
    answer = await flow.register("phone-2", customer_id, cards=(at_launch(**named),))

    [card] = answer.cards
    assert (card.subject, card.activity_id, card.end, card.content_state) == ("order-1", "activity-1", True, None)
    assert (await flow.rows(), answer.missing) == ([], [])


async def test_a_card_of_the_last_customer_is_still_written(flow: Flow) -> None:
    """Its new token is what it is ended with."""
    card_id = await place(flow)
    await Courier(flow, {}).dispatch()
    mine = at_launch(card_id=card_id, update_token=UPDATE_TOKEN)
    [card] = (await flow.register(customer_id="customer-8", cards=(mine,))).cards

    assert (card.card_id, card.end, card.content_state) == (card_id, True, None)
    [row] = await flow.rows()
    assert (row["reported_state"], row["token_hash"] is None) == ("active", False)


async def test_a_card_whose_order_moved_to_later_is_to_end_and_none_is_missing(flow: Flow, clock: Clock) -> None:
    """The phone is told at launch, too, where no push can reach the card; an app's own card stays."""
    card_id = await place(flow)
    await Courier(flow, {}).dispatch()
    await clock.advance(minutes=32)
    moved = {"showAt": (await clock.now() + timedelta(days=3)).isoformat()}
    await flow.append(flow.event("order-1", "order.rescheduled", moved))
    await flow.project("order-1")
    told = await flow.register(cards=(at_launch(card_id=card_id),))
    assert ([each.end for each in told.cards], told.missing) == ([True], [])
    assert await missing(flow) == []
    reply = await flow.registry.report_card("phone-1", card_id, reported(state="active"))
    assert reply.end

    await flow.place("order-2", showAt=moved["showAt"])
    await flow.project("order-2")
    own = await flow.registry.report_card("phone-1", "the-apps-own", reported(subject="order-2", state="active"))
    assert not own.end
