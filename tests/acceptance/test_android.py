"""Cards on phones with Android: from the shop's event, through Firebase's HTTP v1 API, to the Live Update."""

from typing import Final, NamedTuple

import pytest

from app.apns.answer import BAD_REGISTRATION_TOKEN
from app.apns.reasons import GOOGLES
from app.simulator.android_agent import AndroidAgent
from app.simulator.live_update import LiveUpdate
from tests.acceptance.world import World, card_of
from tests.unit.app.simulator.fcm_examples import message


def shown(phone: AndroidAgent, order: str = "order-1") -> LiveUpdate:
    """Give what a phone shows or has shown of an order."""
    return phone.phone.live_updates[order]


def titles(phone: AndroidAgent) -> dict[str, str]:
    """Give the title of what a phone shows, by order."""
    now = phone._clock()
    return {name: each.face["title"] for name, each in phone.phone.live_updates.items() if each.is_visible(now)}


async def test_one_order_is_shown_on_both_kinds_of_phone(world: World) -> None:
    """One fold, two faces; the end is shown, and goes by itself."""
    iphone, android = await world.phone(), await world.android()
    await world.place()
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    assert titles(android) == {"order-1": "Preparing"}
    assert card_of(iphone).content["status"] == "preparing"
    await world.happen_and_rest("order-1", "order.delivered")
    assert (shown(android).state, shown(android).face["ongoing"], titles(android)) == (
        "ended",
        False,
        {"order-1": "Delivered"},
    )
    assert [each.effect for each in android.phone.records if not each.applied] == []
    await world.pass_time(2_000)
    assert titles(android) == {}
    assert await world.service.pool.fetchval("SELECT count(*) FROM provider_tokens") == 2


async def test_a_phone_that_was_away_shows_the_newest(world: World) -> None:
    """Firebase keeps the messages, and each holds all of the card."""
    phone = await world.android()
    await world.place()
    await world.come_to_rest()
    phone.go_offline()
    for type_ in ("order.preparing", "order.ready", "order.picked_up"):
        await world.happen_and_rest("order-1", type_)
    assert titles(phone) == {"order-1": "Placed"}
    phone.go_online()
    await world.come_to_rest()
    assert titles(phone) == {"order-1": "Picked up"}


async def test_a_new_token_takes_the_place_of_the_old(world: World) -> None:
    """The app tells of it, and what is open is sent there at once."""
    phone = await world.android()
    await world.place()
    await world.come_to_rest()
    phone.uninstall()
    await world.happen_and_rest("order-1", "order.preparing")
    async with world.shop.get(f"{world.service.url}/v1/orders/order-1/explain") as answer:
        [card] = (await answer.json())["cards"]
    assert card["environment"] == "fcm"
    assert card["finding"]["reason"] == "update_token_refused"
    assert "Google refused the phone's registration token" in card["finding"]["why"]
    phone.reinstall()
    phone.sign_in("customer-1", ticket_for=world.ticket)
    await world.until(lambda: titles(phone) == {"order-1": "Preparing"})
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.ready")
    assert titles(phone) == {"order-1": "Ready"}


async def test_a_phone_that_missed_too_much_is_sent_what_is_open(world: World) -> None:
    """Firebase has dropped what it kept, the app registers, and tells of nothing that it shows."""
    phone = await world.android()
    await world.place()
    await world.come_to_rest()
    phone.go_offline()
    await world.happen_and_rest("order-1", "order.ready")
    for _ in range(101):
        phone.deliver(message(ttl_seconds=9e9))
    phone.go_online()
    await world.until(lambda: titles(phone) == {"order-1": "Ready"})


async def test_a_restored_phone_and_one_whose_notifications_were_off_are_sent_what_is_open(world: World) -> None:
    """Without news of their orders."""
    phone = await world.android()
    await world.place()
    await world.come_to_rest()
    phone.restore()
    await phone.quiet()
    await world.until(lambda: titles(phone) == {"order-1": "Placed"})
    phone.behave(notifications_enabled=False)
    await phone.quiet()
    await world.come_to_rest()
    assert titles(phone) == {}
    phone.behave(notifications_enabled=True)
    await world.until(lambda: titles(phone) == {"order-1": "Placed"})


async def test_who_signs_out_takes_nothing_along(world: World) -> None:
    """The next customer of the phone sees their own orders alone."""
    phone = await world.android()
    await world.place()
    await world.come_to_rest()
    phone.sign_in("customer-2", ticket_for=world.ticket)
    await world.place("order-2", "customer-2")
    await world.come_to_rest()
    assert titles(phone) == {"order-2": "Placed"}


class Row(NamedTuple):
    """What follows an answer to an update.

    Attributes:
        shown: Whether the phone shows it in the end, by itself.
        paused: What was paused meanwhile.
        token: Whether the next event is sent to the token.
    """

    shown: bool = True
    paused: str | None = None
    token: bool = True


KEY: Final = "credential {key_id}/fcm"
TABLE: Final[dict[str, Row]] = {
    "INVALID_ARGUMENT": Row(),
    "THIRD_PARTY_AUTH_ERROR": Row(),
    "UNAUTHENTICATED": Row(),
    "PERMISSION_DENIED": Row(paused=KEY),
    "SENDER_ID_MISMATCH": Row(),  # suspect: after an hour, or with the next news
    "NOT_FOUND": Row(paused=KEY),
    "UNREGISTERED": Row(shown=False, token=False),
    "QUOTA_EXCEEDED": Row(),
    "RESOURCE_EXHAUSTED": Row(),
    "INTERNAL": Row(),
    "UNAVAILABLE": Row(),
}


@pytest.mark.faults
async def test_each_reason_of_googles_is_acted_upon(world: World) -> None:
    """Met by an update: the phone ends as the table says, and the next event comes through where it may."""
    assert set(TABLE) == set(GOOGLES) - {BAD_REGISTRATION_TOKEN}
    key_id = world.simulator.fcm.make_account().private_key_id
    met = {}
    for number, word in enumerate(sorted(TABLE)):
        phone = await world.android(f"customer-{number}")
        met[word] = await meet(world, phone, f"order-{number}", f"customer-{number}", word)
    assert met == {
        word: row._replace(paused=row.paused and row.paused.format(key_id=key_id)) for word, row in TABLE.items()
    }


async def meet(world: World, phone: AndroidAgent, order: str, customer_id: str, word: str) -> Row:
    """Let an update meet a reason, and tell what followed."""
    await world.place(order, customer_id)
    await world.come_to_rest()
    world.fault(f"reason:{word}", to="fcm", status=GOOGLES[word].status)
    await world.happen_and_rest(order, "order.preparing")
    was_shown = titles(phone) == {order: "Preparing"}
    paused = await world.service.pool.fetchval("SELECT string_agg(kind || ' ' || key, ', ') FROM pauses")
    await world.service.pool.execute("DELETE FROM pauses")
    before = len(world.pushes)
    await world.happen_and_rest(order, "order.ready")
    row = Row(was_shown, paused, token=len(world.pushes) > before)
    assert (titles(phone) == {order: "Ready"}) == row.token
    return row


async def test_while_google_gives_no_access_token_messages_wait(world: World) -> None:
    """They go as soon as it does; nothing is lost, and iPhones go on meanwhile."""
    iphone, android = await world.phone(), await world.android()
    world.fault("reason:invalid_grant", times=3)
    await world.place()
    await world.until(lambda: bool(iphone.phone.cards))
    await world.until(lambda: titles(android) == {"order-1": "Placed"})
