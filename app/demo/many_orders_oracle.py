"""Say what one card for all orders of a customer must show: a second reading of `docs/many-orders.md`.

What is so of each order is taken from the oracle of orders. Like that one, this folds nothing and imports nothing of
Lockstep's.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from app.demo.oracle import CONTENT_BYTES, Expected, age

Stages = Sequence[Expected]
"""What is expected of an order after each of its events; the last is what is so now."""

ORDERS_SHOWN: Final = 8
CHARACTERS: Final = 40
# ten digits, as every time from 2001 to 2286 has; only its length matters
_SOME_TIME: Final = 1_760_000_000


class Together(msgspec.Struct, frozen=True):
    """Hold what is expected of a card for several orders.

    Args:
        content: the content state without its times of change; `None` if no order is to be shown.
        freshness: how old its news is.
    """

    content: dict[str, Any] | None
    freshness: str = "fresh"


def expect_together(orders: Mapping[str, Expected], now: datetime) -> Together:
    """Give what is expected of a customer with these orders.

    Args:
        orders: what is so of each, by its id.
        now: aware.
    """
    shown = {order_id: each for order_id, each in orders.items() if is_to_be_shown(each, now)}
    if not shown:
        return Together(content=None)
    newest_first = sorted(shown, key=lambda each: (began(shown[each]), each), reverse=True)
    lines = [line_of(each, shown[each]) for each in newest_first]
    fitting = next(count for count in range(min(len(lines), ORDERS_SHOWN), -1, -1) if _fits(lines, count))
    deliveries = [each.content["deliveryTime"] for each in shown.values() if "deliveryTime" in each.content]
    heard_at = max(each.heard_at for each in shown.values() if each.heard_at is not None)
    return Together(_cut(lines, fitting), age(min(deliveries, default=None), heard_at, now))


def is_to_be_shown(expected: Expected, now: datetime) -> bool:
    """Say whether an order is placed, has come to its time, and is not over."""
    early = expected.show_at is not None and expected.show_at > now
    return expected.status is not None and not expected.over and not early


def began(expected: Expected) -> float:
    """Give when an order came to be shown, in Unix seconds."""
    return 0.0 if expected.began_at is None else expected.began_at.timestamp()


def line_of(order_id: str, expected: Expected) -> dict[str, Any]:
    """Give what a card says of one of its orders, without the time of change."""
    number = expected.attributes.get("orderNumber")
    line = {
        "orderId": order_id,
        "orderNumber": number and number[:CHARACTERS],
        "merchantName": expected.attributes["merchantName"][:CHARACTERS],
        "status": expected.status,
        "deliveryTime": expected.content.get("deliveryTime"),
        "progress": expected.content["progress"],
    }
    return {name: value for name, value in line.items() if value is not None}


def began_to_be_shown(orders: Mapping[str, Stages], now: datetime) -> datetime | None:
    """Give since when a customer has had orders to be shown without a gap; `None` if there are none now."""
    since: datetime | None = None
    until: datetime | None = None
    for start, end in sorted(_times(orders, now), key=lambda each: each[0]):
        if since is None or (until is not None and start > until):
            since, until = start, end
        elif until is not None:
            until = None if end is None else max(end, until)
    return since if until is None else None


def _times(orders: Mapping[str, Stages], now: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """Give the times at which an order was to be shown, each to its end or `None` for now."""
    for stages in orders.values():
        for stage, after in zip(stages, (*stages[1:], None), strict=True):
            start, end = stage.heard_at, None if after is None else after.recorded_at
            if start is not None and is_to_be_shown(stage, min(now, end or now)):
                yield start, end


def _cut(lines: Sequence[dict[str, Any]], count: int) -> dict[str, Any]:
    more = len(lines) - count
    return {"orders": list(lines[:count])} | ({"more": more} if more else {})


def _fits(lines: Sequence[dict[str, Any]], count: int) -> bool:
    content = _cut([line | {"updatedAt": _SOME_TIME} for line in lines], count) | {"updatedAt": _SOME_TIME}
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) <= CONTENT_BYTES
