"""Say how what a phone with Android shows differs from what it must show: the same as the card, by the same oracle.

The rules:

- Nobody sees an order that is not theirs.
- An open order whose time has come has a Live Update, unless the user swiped it away; its bar is as far as the order.
- Once an order is over its Live Update has ended, with a bar that is as far as the order.
- What it shows is what the order's stream gives as its face for Android, save how old the news is.

A phone is a dict as the simulator's control address gives it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.demo.judge import Reading, compare, is_called_for
from app.demo.oracle import Expected


def judge_android(phone: Reading, orders: Mapping[str, Sequence[Expected]], now: datetime) -> list[str]:
    """Give the differences in words; none if the phone is right.

    Args:
        phone: what the phone shows.
        orders: for each order what is expected after each of its events, the last at the end.
        now: aware.
    """
    shown = {each["subject"]: each for each in phone["liveUpdates"]}
    return [
        f"phone {phone['id']}: order {order_id}: {text}"
        for order_id, stages in orders.items()
        if stages
        for text in _judge(phone, shown.get(order_id), stages[-1], now)
    ]


def judge_faces(phone: Reading, faces: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """Give in words how Live Updates differ from the faces that Lockstep gives, by order."""
    return [
        f"phone {phone['id']}: order {each['subject']}: {text}"
        for each in phone["liveUpdates"]
        if each["state"] == "active" or each["endedBy"] == "a message"
        for text in compare(_face(each), faces.get(each["subject"]) or {})
    ]


def _judge(phone: Reading, shown: Reading | None, expected: Expected, now: datetime) -> list[str]:
    active = shown is not None and shown["state"] == "active"
    if expected.status is None or phone["customerId"] is None or phone["customerId"] != expected.customer_id:
        return [f"is shown to {phone['customerId']}, but belongs to {expected.customer_id}"] if active else []
    if shown is None or shown["endedBy"] not in (None, "a message", "the user"):
        missing = is_called_for(expected, now) and phone["behaviour"]["notificationsEnabled"]
        return [f"has no Live Update, should show {expected.status}"] if missing else []
    if shown["state"] == "dismissed":
        return []
    if active == expected.over:
        state = "is still on the screen" if active else "has ended"
        return [f"{state}, though it is {expected.status}"]
    wanted = round(expected.content["progress"] * 100)
    return compare({"progress": shown["face"].get("progress")}, {"progress": wanted})


def _face(shown: Reading) -> dict[str, Any]:
    return {name: value for name, value in shown["face"].items() if name != "freshness"}
