"""Every reason that APNs knows, once on the way to a phone: what becomes of the push, the token and the sending.

Written by hand from the table in `docs/delivery.md`; every reason of Apple's in `app/apns/reasons.py` has its row.
"""

from typing import Final, NamedTuple

import pytest

from app.apns.reasons import APPLES
from app.simulator.agent import PhoneAgent
from tests.acceptance.world import KEY_ID, World, cards_of

pytestmark = pytest.mark.faults


class Row(NamedTuple):
    """What follows an answer to an update.

    Attributes:
        pushes: How many were sent for this event, the refused one included.
        shown: Whether the phone shows it in the end, by itself.
        paused: What was paused meanwhile.
        token: Whether the next event is sent to the token.
    """

    pushes: int
    shown: bool
    paused: str | None = None
    token: bool = True


AGAIN: Final = Row(2, shown=True)
OUR_FAULT: Final = Row(2, shown=True)  # after an hour; the profile of these tests makes it a second
HELD: Final = Row(2, shown=True, paused=f"credential {KEY_ID}/sandbox")
TOPIC: Final = Row(2, shown=True, paused="topic app.lockstep.demo/sandbox")
GONE: Final = Row(1, shown=False, token=False)

TABLE: Final[dict[str, Row]] = {
    "BadCollapseId": OUR_FAULT,
    "BadDeviceToken": AGAIN,  # in the other environment
    "BadExpirationDate": OUR_FAULT,
    "BadMessageId": OUR_FAULT,
    "BadPriority": OUR_FAULT,
    "BadTopic": TOPIC,
    "DeviceTokenNotForTopic": AGAIN,  # suspect: after an hour, or with the next news
    "DuplicateHeaders": OUR_FAULT,
    "IdleTimeout": AGAIN,
    "InvalidPushType": OUR_FAULT,
    "MissingDeviceToken": OUR_FAULT,
    "MissingTopic": TOPIC,
    "PayloadEmpty": OUR_FAULT,
    "TopicDisallowed": TOPIC,
    "BadCertificate": HELD,
    "BadCertificateEnvironment": HELD,
    "ExpiredProviderToken": AGAIN,
    "Forbidden": HELD,
    "InvalidProviderToken": HELD,
    "MissingProviderToken": HELD,
    "UnrelatedKeyIdInToken": AGAIN,
    "BadEnvironmentKeyIdInToken": HELD,
    "BadEnvironmentKeyInToken": HELD,
    "BadPath": OUR_FAULT,
    "MethodNotAllowed": OUR_FAULT,
    "ExpiredToken": GONE,
    "Unregistered": GONE,
    "PayloadTooLarge": OUR_FAULT,
    "TooManyProviderTokenUpdates": AGAIN,
    "TooManyRequests": AGAIN,
    "InternalServerError": AGAIN,
    "ServiceUnavailable": AGAIN,
    "Shutdown": AGAIN,
}


def test_every_reason_has_its_row() -> None:
    """A reason without one fails here."""
    assert set(TABLE) == set(APPLES)


@pytest.mark.parametrize("half", [0, 1])
async def test_each_reason_is_acted_upon(world: World, half: int) -> None:
    """Met by an update: the phone ends as the table says, and the next event comes through where it may."""
    phone = await world.phone(after_end="accepted")
    words = sorted(TABLE)[half::2]
    assert {word: await met(world, phone, word) for word in words} == {word: TABLE[word] for word in words}


async def met(world: World, phone: PhoneAgent, word: str) -> Row:
    """Let an update of a card of its own meet a reason, and tell what followed."""
    order = f"order-{word}"
    await world.place(order)
    await world.until(lambda: any(token_of(phone, order)))
    await world.come_to_rest()
    [token] = token_of(phone, order)
    world.fault(f"reason:{word}", token=token, timestamp_ms=4_000_000_000_000)
    before = len(world.pushes)
    await world.happen_and_rest(order, "order.preparing")
    pushes = len(world.pushes) - before
    shown = status_of(phone, order) == "preparing"
    paused = await world.service.pool.fetchval("SELECT string_agg(kind || ' ' || key, ', ') FROM pauses")
    await world.service.pool.execute("DELETE FROM pauses")
    before = len(world.pushes)
    await world.happen_and_rest(order, "order.ready")
    row = Row(pushes, shown, paused, token=len(world.pushes) > before)
    assert (status_of(phone, order) == "ready") == row.token
    await world.happen_and_rest(order, "order.delivered")
    # a phone takes ten starts in a short time
    await world.pass_time(400)
    return row


def token_of(phone: PhoneAgent, order: str) -> list[str]:
    """Give the update token of an order's card, if its app has one."""
    return [card.update_token for card in cards_of(phone) if card.attributes["orderId"] == order and card.update_token]


def status_of(phone: PhoneAgent, order: str) -> str:
    """Give what the phone shows of an order."""
    [status] = [card.content["status"] for card in cards_of(phone) if card.attributes["orderId"] == order]
    return str(status)
