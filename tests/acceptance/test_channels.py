"""Cards that follow a channel, from the shop's event to many phones: one request an update."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.simulator.agent import PhoneAgent
from app.simulator.declaration import ORDER, Declaration
from app.simulator.pushes import ReceivedPush
from projections.card_desk import CardDesk
from projections.channel_desk import ChannelDesk
from projections.pauses import Pauses
from tests.acceptance.world import World, cards_of, running_world
from tests.conftest import Clock

PHONES = 4
SCORE = Declaration(
    name="ScoreAttributes", attributes={"cardId": "str", "subject": "str"}, content={"score": "int"}, subject="subject"
)


@pytest.fixture
async def world(dsn: str, clock: Clock, certificates: Path) -> AsyncIterator[World]:
    """A service whose cards follow channels where they can."""
    async with running_world(dsn, clock, certificates, carrier="channel", plan_channel_keep=60.0) as made:
        yield made


def published(world: World) -> list[ReceivedPush]:
    """Give what APNs took for channels."""
    return [each for each in world.pushes if each.channel_id is not None and each.status == 200]


def told(phone: PhoneAgent) -> tuple[object, ...]:
    """Say what the phone's cards show."""
    return tuple((card.state, card.content["status"]) for card in cards_of(phone))


async def test_one_request_an_update_reaches_every_phone(world: World) -> None:
    """Phones of one order follow its channel; one with iOS 17 goes on by its token, and an offline one catches up."""
    phones = [await world.phone() for _ in range(PHONES)]
    old = await world.phone(ios_version="17.5")
    await world.place()
    await world.come_to_rest()
    assert [told(phone) for phone in (*phones, old)] == [(("active", "placed"),)] * (PHONES + 1)
    assert [card.channel_id is None for phone in (phones[0], old) for card in cards_of(phone)] == [False, True]
    assert published(world) == []
    await world.pass_time(6)
    phones[0].go_offline()

    await world.happen_and_rest("order-1", "order.preparing")
    await world.happen_and_rest("order-1", "order.ready")
    phones[0].go_online()

    assert {told(phone) for phone in (*phones, old)} == {(("active", "ready"),)}
    assert [each.event for each in published(world)] == ["update", "update"]
    to_tokens = [each for each in world.pushes if each.token is not None]
    assert Counter(each.event for each in to_tokens) == {"start": PHONES + 1, "update": 2}

    async with world.shop.get(f"{world.service.url}/v1/orders/order-1/explain") as answer:
        explained = (await answer.json())["cards"]
    assert Counter((card["finding"]["reason"], card["acceptedVersion"]) for card in explained) == {
        ("follows_channel", 3): PHONES,
        ("unchanged", 3): 1,
    }
    [member, *_] = [card for card in explained if card["finding"]["reason"] == "follows_channel"]
    assert [push["kind"] for push in member["sent"]] == ["update", "update", "start"]
    assert "the order's channel" in member["finding"]["why"]

    await world.happen_and_rest("order-1", "order.delivered")

    assert {told(phone) for phone in (*phones, old)} == {(("ended", "delivered"),)}
    assert [each.event for each in published(world)] == ["update", "update", "end"]
    rows = await world.service.pool.fetch("SELECT phase, carrier, outcome FROM cards")
    assert Counter((row["phase"], row["carrier"]) for row in rows) == {
        ("over", "channel"): PHONES,
        ("over", "token"): 1,
    }

    await world.pass_time(61)
    await world.come_to_rest()

    assert list(world.simulator.channels) == []
    assert world.simulator.channel_desk.counts == {"create": 1, "delete": 1}


async def test_a_start_that_crosses_an_update_is_made_up_for(world: World) -> None:
    """A phone that comes to the channel in the second of an update may have missed it: the channel says it again."""
    first = await world.phone()
    await world.place()
    await world.come_to_rest()

    await world.happen_and_rest("order-1", "order.preparing")

    assert told(first) == (("active", "preparing"),)
    assert [each.event for each in published(world)] == ["update", "update"]
    [one, again] = [each.payload["aps"] for each in published(world) if each.payload is not None]
    assert again["content-state"] == one["content-state"]
    assert again["timestamp"] > one["timestamp"]


async def test_a_lost_channel_is_replaced_with_its_cards(world: World) -> None:
    """What APNs no longer knows carries nothing: each phone gets a card that follows another."""
    phones = [await world.phone() for _ in range(2)]
    await world.place()
    await world.come_to_rest()
    await world.pass_time(6)
    world.simulator.channels.lose_all()

    await world.happen_and_rest("order-1", "order.preparing")
    for phone in phones:
        phone.launch()
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.ready")

    assert [told(phone) for phone in phones] == [(("ended", "placed"), ("active", "ready"))] * 2
    rows = await world.service.pool.fetch("SELECT generation, phase, lost FROM channels ORDER BY generation")
    assert [tuple(row) for row in rows] == [(1, "gone", True), (2, "open", False)]


async def test_a_channel_that_apple_lists_no_more_is_replaced_without_news(world: World) -> None:
    """The list lacks it, Apple is asked, and the phone gets another card, which follows another channel."""
    phone = await world.phone()
    await world.place()
    await world.come_to_rest()
    [made] = world.simulator.channels
    world.simulator.channels.delete(made)

    await world.pass_time(3_600)
    await world.until(lambda: len(cards_of(phone)) == 2)
    phone.launch()
    await world.come_to_rest()

    assert told(phone) == (("ended", "placed"), ("active", "placed"))
    rows = await world.service.pool.fetch("SELECT generation, phase, lost FROM channels ORDER BY generation")
    assert [tuple(row) for row in rows] == [(1, "gone", True), (2, "open", False)]
    assert world.simulator.channel_desk.counts["list"] == 1


async def test_a_channel_that_nobody_knows_is_named_and_deleted_when_somebody_says_so(world: World) -> None:
    """The answer to a request was lost: another channel was made, and the first is nobody's."""
    phone = await world.phone()
    world.fault("cut_after_processing", to="management")
    await world.place()
    await world.come_to_rest()
    await world.pass_time(2)
    await world.until(lambda: world.simulator.channel_desk.counts["list"] == 1)
    desk = ChannelDesk(world.service.pool)
    while not (unknown := await desk.unknown()):  # noqa: ASYNC110 - the database has no event for what is written
        await asyncio.sleep(0.01)

    [followed] = {card.channel_id for card in cards_of(phone)}
    [lost] = {each.channel_id for each in world.simulator.channels} - {followed}
    assert [each.channel_id for each in unknown] == [lost]
    assert await desk.delete_unknown([lost]) == [lost]
    await world.until(lambda: world.simulator.channel_desk.counts["delete"] == 1)
    await world.happen_and_rest("order-1", "order.preparing")

    assert [each.channel_id for each in world.simulator.channels] == [followed]
    assert told(phone) == (("active", "preparing"),)


async def test_where_apple_makes_no_channel_cards_go_by_tokens(world: World) -> None:
    """The limit, or an app that may have none: an order is followed all the same."""
    world.simulator.channel_desk.enabled = False
    phone = await world.phone()
    await world.place()
    await world.come_to_rest()

    await world.happen_and_rest("order-1", "order.preparing")

    assert (told(phone), published(world)) == ((("active", "preparing"),), [])
    assert world.simulator.channel_desk.counts == {"FeatureNotEnabled": 1}


async def test_at_apples_limit_no_more_channels_are_asked_for(dsn: str, clock: Clock, certificates: Path) -> None:
    """One refusal is enough for all orders that come; they go by tokens. A channel that is deleted makes room again."""
    settings: dict[str, Any] = {"carrier": "channel", "plan_channel_keep": 60.0, "verdict_hold": 3600.0}
    async with running_world(dsn, clock, certificates, **settings) as world:
        world.simulator.channels.most = 1
        phone = await world.phone()
        for n in range(1, 5):
            await world.place(f"order-{n}")
            await world.come_to_rest()
        await world.happen_and_rest("order-4", "order.preparing")
        asked = dict(world.simulator.channel_desk.counts)
        [pause] = await Pauses(world.service.pool).list()
        async with world.shop.get(f"{world.service.url}/v1/orders/order-4/explain") as answer:
            [explained] = (await answer.json())["cards"]

        assert asked == {"create": 1, "CannotCreateChannelConfig": 1}
        assert [card.channel_id is None for card in cards_of(phone)] == [False, True, True, True]
        assert cards_of(phone)[3].content["status"] == "preparing"
        assert (pause.kind, pause.key) == ("channels", "app.lockstep.demo/sandbox")
        assert "The app has as many channels as Apple allows." in explained["sent"][-1]["why"]

        await world.happen_and_rest("order-1", "order.delivered")
        await world.pass_time(61)
        await world.come_to_rest()
        await world.place("order-5")
        await world.come_to_rest()

        assert await Pauses(world.service.pool).list() == []
        assert world.simulator.channel_desk.counts["create"] == 2
        assert cards_of(phone)[4].channel_id is not None


async def test_a_channel_goes_on_after_answers_that_tell_nothing(world: World) -> None:
    """Apple's trouble, a closed connection, a key that expires: each update arrives, later than the one before."""
    phone = await world.phone()
    await world.place()
    await world.come_to_rest()
    world.fault("reason:InternalServerError", to="management")
    await world.pass_time(6)
    for fault, type_ in (
        ("reason:ServiceUnavailable", "order.preparing"),
        ("cut_after_processing", "order.ready"),
        ("goaway:Shutdown", "order.picked_up"),
    ):
        world.fault(fault, to="channel")
        await world.happen_and_rest("order-1", type_)

    assert told(phone) == (("active", "picked_up"),)
    timestamps = [each.payload["aps"]["timestamp"] for each in published(world) if each.payload is not None]
    assert timestamps == sorted(set(timestamps))


async def test_an_alert_that_apple_did_not_take_is_spoken_when_it_does(world: World) -> None:
    """A push that provably failed was heard by nobody; once it is accepted, its alert is not spoken again."""
    await world.phone()
    await world.place()
    await world.come_to_rest()
    await world.pass_time(6)
    for fault in ("reason:ServiceUnavailable", "reset:refused"):
        world.fault(fault, to="channel")
    await world.happen("order-1", "order.picked_up")
    await world.until(lambda: any(each.payload is not None for each in published(world)))
    await world.come_to_rest()

    taken = [each.payload["aps"] for each in published(world) if each.payload is not None]
    assert ["alert" in each for each in taken] == [True]


async def test_a_phone_that_comes_while_its_channel_is_being_closed_gets_its_card(world: World) -> None:
    """Nobody follows the channel, and it is about to be deleted: it stays open for who comes."""
    phone = await world.phone()
    await world.place()
    await world.come_to_rest()
    phone.dismiss(cards_of(phone)[0].activity_id)
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    late = await world.phone()
    await world.come_to_rest()

    assert told(late) == (("active", "preparing"),)
    assert world.simulator.channel_desk.counts == {"create": 1}


async def test_a_channel_takes_cards_away_and_says_again_what_it_said(world: World) -> None:
    """An order that is moved leaves the screens; an operator sends a card again, and ends all cards of an order."""
    phones = [await world.phone() for _ in range(2)]
    await world.place()
    await world.come_to_rest()
    await world.pass_time(6)

    desk = CardDesk(world.service.pool)
    await desk.ask("order-1", "resend")
    await world.come_to_rest()
    assert [each.event for each in published(world)] == ["update"]
    show_at = datetime.now(UTC) + timedelta(seconds=world.ahead_seconds, hours=1)
    await world.happen_and_rest("order-1", "order.rescheduled", showAt=show_at.isoformat())
    assert [told(phone) for phone in phones] == [(("ended", "placed"),)] * 2
    await world.pass_time(3_700)
    await world.come_to_rest()
    assert [told(phone) for phone in phones] == [(("ended", "placed"), ("active", "placed"))] * 2

    await desk.ask("order-1", "end")
    await world.come_to_rest()

    assert [told(phone) for phone in phones] == [(("ended", "placed"), ("ended", "placed"))] * 2
    assert [each.event for each in published(world)] == ["update", "end", "end"]


async def test_an_activity_says_on_a_channel_what_its_sender_wishes(world: World) -> None:
    """Its content state as it is, its relevance score of zero, its dates; and its alert, once."""
    phones = [await world.phone(declarations=(SCORE,)) for _ in range(2)]
    start = {
        "attributesType": "ScoreAttributes",
        "attributes": {},
        "contentState": {"score": 0},
        "customerId": "customer-1",
    }
    await world.happen_and_rest("match-1", "activity.started", **start, alert={"title": "It begins", "body": "0:0"})
    await world.pass_time(6)

    goal = {"contentState": {"score": 1}, "relevanceScore": 0, "priority": 5, "alert": {"title": "Goal", "body": "1:0"}}
    await world.happen_and_rest("match-1", "activity.updated", **goal)
    await world.happen_and_rest("match-1", "activity.ended", contentState={"score": 2})

    assert [card.content for phone in phones for card in cards_of(phone)] == [{"score": 2}, {"score": 2}]
    [update, end] = [each.payload["aps"] for each in published(world) if each.payload is not None]
    assert (update["relevance-score"], update["alert"]["title"], update["content-state"]) == (0, "Goal", {"score": 1})
    assert (end["event"], "alert" in end) == ("end", False)
    assert [each.priority for each in published(world)] == [5, 10]


async def test_a_start_chooses_what_carries_it(dsn: str, clock: Clock, certificates: Path) -> None:
    """In the call, or by its definition, over which the call stands; whatever is set for all others."""
    async with running_world(dsn, clock, certificates) as world:
        phones = [await world.phone(fan, declarations=(SCORE,)) for fan in ("ada", "ben")]
        definition = {
            "attributesType": "ScoreAttributes",
            "contentState": {"score": 0},
            "alerts": {"start": {"title": "It begins", "body": "0:0"}},
            "carrier": "channel",
            "channelStorage": "none",
        }
        await world.call("PUT", "/v1/definitions/derby", definition)
        start = {"definition": "derby", "audience": {"customers": ["ada", "ben"]}}
        await world.call("POST", "/v1/activities/by-definition/start", start)
        await world.call("POST", "/v1/activities/by-call/start", start | {"channelStorage": "latest"})
        await world.call("POST", "/v1/activities/by-tokens/start", start | {"carrier": "token"})
        await world.until(lambda: all(len(cards_of(phone)) == 3 for phone in phones))
        await world.come_to_rest()
        await world.pass_time(6)
        for activity in ("by-definition", "by-call", "by-tokens"):
            await world.call("POST", f"/v1/activities/{activity}/update", {"contentState": {"score": 1}})
        await world.come_to_rest()

        cards = [card for phone in phones for card in cards_of(phone)]
        assert [card.content for card in cards] == [{"score": 1}] * 6
        assert Counter((card.subject, card.channel_id is None) for card in cards) == {
            ("by-definition", False): 2,
            ("by-call", False): 2,
            ("by-tokens", True): 2,
        }
        assert len(published(world)) == 2
        assert sorted(each.policy for each in world.simulator.channels) == [0, 1]


async def test_whoever_comes_while_a_channel_goes_gets_another(world: World) -> None:
    """A start that found the old one on its way out waits, and is told when that is gone."""
    phone = await world.phone()
    await world.place()
    await world.come_to_rest()
    phone.dismiss(cards_of(phone)[0].activity_id)
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    world.fault("slow", to="management", seconds=0.5)

    await world.pass_time(121)
    await world.until(lambda: world.simulator.faults.happened["slow"] == 1)
    late = await world.phone()
    await world.come_to_rest()

    assert told(late) == (("active", "preparing"),)
    assert world.simulator.channel_desk.counts == {"create": 2, "delete": 1}


async def test_an_audience_follows_a_channel_and_an_order_does_not(dsn: str, clock: Clock, certificates: Path) -> None:
    """With `channel_for_many` an audience takes one request an update, and an order its customer's token."""
    async with running_world(dsn, clock, certificates, carrier="channel_for_many") as world:
        fans = ("ada", "ben", "cleo")
        phones = [await world.phone(fan, declarations=(SCORE, ORDER)) for fan in fans]
        await world.place(customer_id="ada")
        start = {"attributesType": "ScoreAttributes", "attributes": {}, "contentState": {"score": 0}}
        alert, audience = {"title": "It begins", "body": "0:0"}, {"customers": list(fans)}
        await world.happen_and_rest("match-1", "activity.started", **start, alert=alert, audience=audience)
        await world.until(lambda: all(any(card.channel_id for card in cards_of(phone)) for phone in phones))
        await world.come_to_rest()
        await world.pass_time(6)

        await world.happen_and_rest("match-1", "activity.updated", contentState={"score": 1})
        await world.happen_and_rest("order-1", "order.preparing")

        shown = [card.content for phone in phones for card in cards_of(phone) if card.channel_id is not None]
        assert shown == [{"score": 1}] * len(fans)
        assert [each.event for each in published(world)] == ["update"]
        assert [card.content["status"] for card in cards_of(phones[0]) if card.update_token is not None] == [
            "preparing"
        ]
