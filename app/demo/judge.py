"""Say how what a phone shows differs from what it must show, given what it could know.

The rules:

- Nobody sees an order that is not theirs, and nobody sees an order twice.
- A card that follows a channel, or whose app has an update token, shows the newest content; once the order is over it
  has ended, and shows content of an order that is over.
- Such a card says how old its news is: what is right now, or was half a minute ago.
- A card without an update token (not allowed, force-quit) can only show what it was started with: any content the
  order had while it was open. It stays when the order is over, because nobody can tell it.
- An open order has a card, unless the user dismissed it, its time to appear has not come, or the phone cannot be
  started a card: iOS before 17.2, Live Activities switched off, Low Power Mode.
- An order that was over before its card could be started needs none.
- Before an order's time to appear, no card that a push started stays on a phone whose app has its token; one that was
  there when the order was moved has ended, as it was then; the order may be over before it would have another.

A phone is a dict as the simulator's control address gives it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.demo.oracle import Expected, freshness

Reading = Mapping[str, Any]
ON_ITS_WAY = timedelta(seconds=30)
_FIRST_IOS_WITH_START = (17, 2)


def judge_phone(phone: Reading, orders: Mapping[str, Sequence[Expected]], now: datetime) -> list[str]:
    """Give the differences in words; none if the phone is right.

    Args:
        phone: what the phone shows.
        orders: for each order what is expected after each of its events, the last at the end.
        now: aware.
    """
    differences = [
        f"shows a card of the order {card['subject']}, of which nothing was ever told"
        for card in phone["cards"]
        if card["state"] == "active" and not orders.get(card["subject"])
    ]
    for order_id, stages in orders.items():
        if stages:
            cards = [card for card in phone["cards"] if card["subject"] == order_id]
            differences += [f"order {order_id}: {text}" for text in _judge_order(phone, cards, stages, now)]
    return [f"phone {phone['id']}: {text}" for text in differences]


def _judge_order(phone: Reading, cards: Sequence[Reading], stages: Sequence[Expected], now: datetime) -> list[str]:
    expected = stages[-1]
    active = [card for card in cards if card["state"] == "active"]
    if expected.status is None:
        return ["shows a card by push, though the order is not placed"] if _started_by_push(active) else []
    if phone["customerId"] is None or phone["customerId"] != expected.customer_id:
        whose = "nobody" if phone["customerId"] is None else phone["customerId"]
        return [f"is shown to {whose}, but belongs to {expected.customer_id}"] if active else []
    if len(active) > 1:
        return [f"has {len(active)} cards at once"]
    if active:
        return _judge_active(active[0], stages, now)
    if is_called_for(expected, now) and not any(_is_gone(card) for card in cards) and can_start(phone):
        return [f"has no card, should show {expected.status}", *_judge_ended(cards, stages)]
    return _judge_ended(cards, stages)


def _judge_active(card: Reading, stages: Sequence[Expected], now: datetime) -> list[str]:
    expected = stages[-1]
    differences = _judge_attributes(card, expected)
    if card["updateToken"] is None and card["channelId"] is None:
        allowed = [stage.content for stage in stages if stage.status is not None and not stage.over]
        if shown(card) not in allowed:
            differences.append(f"has no update token and shows what no open stage of the order was: {shown(card)}")
    elif card["byPush"] and not expected.over and not is_called_for(expected, now):
        differences.append(f"is on the screen already, though its time is {expected.show_at}")
    elif expected.over:
        differences.append(f"is still on the screen at {card['content'].get('status')}, though it is {expected.status}")
    else:
        differences += compare(shown(card), expected.content)
        if expected.tells_age:
            ages = [freshness(expected, at) for at in (now, now - ON_ITS_WAY)]
            differences += judge_age(card["content"].get("freshness"), ages)
    return differences


def judge_age(told: str | None, ages: Sequence[str]) -> list[str]:
    """Give in words how what a card says of the age of its news differs from what is right now, or has just been."""
    wanted = ages[0]
    if told in ages:
        return []
    return [f"says that its news is {told or 'of no age'}, should say {wanted}"]


def _judge_ended(cards: Sequence[Reading], stages: Sequence[Expected]) -> list[str]:
    """Judge how the newest card of an order ended, if a push ended it."""
    if not cards or cards[-1]["endedBy"] != "a push":
        return []
    placed = [stage for stage in stages if stage.status is not None]
    moved = len({stage.show_at for stage in placed}) > 1
    if not stages[-1].over:
        return [] if moved else [f"was ended by a push, though it is {stages[-1].status}"]
    last_shown = shown(cards[-1])
    if last_shown in [stage.content for stage in placed if stage.over or moved]:
        return []
    return ["ended with other content than an end: " + text for text in compare(last_shown, stages[-1].content)]


def _judge_attributes(card: Reading, expected: Expected) -> list[str]:
    if not card["byPush"]:
        return []
    attributes = {name: value for name, value in card["attributes"].items() if name != "cardId"}
    if attributes == expected.attributes:
        return []
    return [f"has the attributes {attributes}, not {expected.attributes}"]


def compare(shown: Reading, wanted: Reading) -> list[str]:
    """Give the differences of contents in words."""
    return [
        f"shows {name} {shown.get(name, 'absent')!r}, should show {wanted.get(name, 'absent')!r}"
        for name in sorted({*shown, *wanted})
        if shown.get(name) != wanted.get(name)
    ]


def shown(card: Reading) -> dict[str, Any]:
    """Give what a card shows, without when it changed and how old it is."""
    return {name: value for name, value in card["content"].items() if name not in ("updatedAt", "freshness")}


def is_called_for(expected: Expected, now: datetime) -> bool:
    """Tell whether an order should be on the screen: it is open, and its time has come."""
    return not expected.over and (expected.show_at is None or expected.show_at <= now)


def _is_gone(card: Reading) -> bool:
    """Say whether the card is gone for good and nobody may start it again."""
    gone: bool = card["state"] == "dismissed" or card["endedBy"] == "eight hours"
    return gone


def can_start(phone: Reading) -> bool:
    """Say whether a push can start a card on a phone."""
    behaviour = phone["behaviour"]
    version = tuple(int(part) for part in behaviour["iosVersion"].split("."))
    hindered = version < _FIRST_IOS_WITH_START or behaviour["lowPower"] or not behaviour["activitiesEnabled"]
    return not hindered


def _started_by_push(cards: Sequence[Reading]) -> bool:
    return any(card["byPush"] for card in cards)
