"""Say how a phone on which a customer's orders share a card differs from what it must show.

The rules:

- A card is of one customer, shows orders of that customer alone, and is on no phone of anybody else.
- A card whose app has an update token shows the newest content, and says how old its news is. With the last order it
  has ended, and shows the end of one; if that was moved away, or others came before anybody ended it, it is taken from
  the screen at once.
- A card without an update token (not allowed, force-quit) can only show what it was started with: orders as they were
  while each was open. It stays when they are over, because nobody can tell it.
- There is one card at most, those aside that stay because nobody can tell them that their orders are over.
- As long as there are orders to be shown, there is a card, unless the phone cannot be started one, or the user has
  dismissed it since the first of them came: then there is none.

A phone is a dict as the simulator's control address gives it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any, Final

from app.demo.judge import ON_ITS_WAY, Reading, can_start, compare, judge_age, shown
from app.demo.many_orders_oracle import (
    Stages,
    Together,
    began,
    began_to_be_shown,
    expect_together,
    is_to_be_shown,
    line_of,
)

SUBJECT: Final = "customer:"


def judge_together(phone: Reading, orders: Mapping[str, Stages], now: datetime) -> list[str]:
    """Give the differences in words; none if the phone is right.

    Args:
        phone: what the phone shows.
        orders: for each order what is expected after each of its events, the last at the end.
        now: aware.
    """
    customer, active = phone["customerId"], [card for card in phone["cards"] if card["state"] == "active"]
    differences = [text for card in phone["cards"] for text in _judge_card(card, orders, now)] or [
        f"shows orders of {_customer_of(card)} to {customer or 'nobody'}"
        for card in active
        if _customer_of(card) != customer
    ]
    if customer is not None and not differences:
        theirs = _orders_of(customer, orders)
        expected = [
            expect_together({each: stages[-1] for each, stages in theirs.items()}, at) for at in (now, now - ON_ITS_WAY)
        ]
        differences = _judge_cards(phone, active, expected, began_to_be_shown(theirs, now))
    return [f"phone {phone['id']}: {text}" for text in differences]


def _judge_cards(
    phone: Reading, active: Sequence[Reading], expected: Sequence[Together], since: datetime | None
) -> list[str]:
    current = [card for card in active if card["updateToken"] is not None or _is_of_now(phone, card, since)]
    dismissed = [card for card in phone["cards"] if card["endedBy"] == "the user" and _is_of_now(phone, card, since)]
    wanted = expected[0].content
    if len(current) > 1:
        return [f"has {len(current)} cards at once"]
    if wanted is None:
        return [f"still shows {_ids(card['content'])}, though no order is to be shown" for card in current]
    if current and dismissed:
        return ["has another card of orders whose card was swiped away"]
    if not current:
        return [f"has no card, should show {_ids(wanted)}"] if not dismissed and can_start(phone) else []
    [card] = current
    if card["updateToken"] is None:
        return []
    told = card["content"].get("freshness")
    return compare(_bare(card), wanted) + judge_age(told, [each.freshness for each in expected])


def _judge_card(card: Reading, orders: Mapping[str, Stages], now: datetime) -> list[str]:
    """Judge what is so of a card whatever there is beside it."""
    if "orders" not in card["content"] or set(card["attributes"]) != {"cardId", "subject"}:
        return [f"has a card of {card['subject']}, which is of the type {card['attributesType']}"]
    theirs = _orders_of(_customer_of(card), orders)
    strangers = [each for each in _ids(card["content"]) if each not in theirs]
    if strangers:
        return [f"shows {strangers} on a card of {_customer_of(card)}, whose they are not"]
    if card["endedBy"] == "a push" and not _taken_away(card):
        return [] if _is_an_end(_bare(card), theirs) else [f"has ended with what is no end: {_bare(card)}"]
    untold = card["state"] == "active" and card["updateToken"] is None
    if untold and not _is_a_state(_bare(card), theirs, now):
        return [f"has no update token and shows what the orders were at no time: {_bare(card)}"]
    return []


def _is_a_state(content: Reading, orders: Mapping[str, Stages], now: datetime) -> bool:
    """Say whether all its orders were so at a time at which they were to be shown, the newest first."""
    last = inf
    for line in content["orders"]:
        begins = [
            began(stage)
            for stage in orders[line["orderId"]]
            if is_to_be_shown(stage, now) and line == line_of(line["orderId"], stage)
        ]
        fitting = [each for each in begins if each <= last]
        if not fitting:
            return False
        last = max(fitting)
    ids = _ids(content)
    return len(ids) == len(set(ids)) and 0 < len(ids) + content.get("more", 0) <= len(orders)


def _is_an_end(content: Reading, orders: Mapping[str, Stages]) -> bool:
    """Say whether it shows one order, as it was when it was over."""
    if len(content["orders"]) != 1 or "more" in content:
        return False
    [line] = content["orders"]
    return any(line == line_of(line["orderId"], stage) for stage in orders[line["orderId"]] if stage.over)


def _taken_away(card: Reading) -> bool:
    """Say whether a push that ended the card took it from the screen too."""
    gone: bool = card["visibleUntil"] <= card["endedAt"]
    return gone


def _is_of_now(phone: Reading, card: Reading, since: datetime | None) -> bool:
    """Say whether a card was started for the orders that are to be shown now."""
    started_at: float = card["startedAt"] - phone["behaviour"]["clockOffsetSeconds"]
    return since is not None and started_at >= since.timestamp()


def _customer_of(card: Reading) -> str:
    return str(card["subject"]).removeprefix(SUBJECT)


def _orders_of(customer_id: str, orders: Mapping[str, Stages]) -> dict[str, Stages]:
    return {each: stages for each, stages in orders.items() if stages and stages[-1].customer_id == customer_id}


def _bare(card: Reading) -> dict[str, Any]:
    """Give what a card shows without its times of change, also those of its orders."""
    content = shown(card)
    lines = [{name: value for name, value in line.items() if name != "updatedAt"} for line in content["orders"]]
    return content | {"orders": lines}


def _ids(content: Reading) -> list[str]:
    return [line["orderId"] for line in content["orders"]]
