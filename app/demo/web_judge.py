"""Say how what the tracking page shows differs from what it must show: the same as the card, by the same oracle.

The rules:

- A page whose ticket opens the order shows the newest content, says whether it is over, and how old the news is.
- Before an order is placed its page waits. Once it is over nothing follows.
- A page whose ticket does not open the order is told nothing of it, ever.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.demo.judge import ON_ITS_WAY, compare, judge_age
from app.demo.oracle import NOTHING, Expected, freshness


class PageReading(msgspec.Struct, frozen=True):
    """Hold what a page shows.

    Args:
        order_id: the order that its link names.
        permitted: whether its ticket opens that.
        word: how it stands with its line.
        state: what it was told last.
    """

    name: str
    order_id: str
    permitted: bool
    word: str
    state: Mapping[str, Any] | None


def judge_page(page: PageReading, orders: Mapping[str, Sequence[Expected]], now: datetime) -> list[str]:
    """Give the differences in words; none if the page is right.

    Args:
        page: what it shows.
        orders: for each order what is expected after each of its events, the last at the end.
        now: aware.
    """
    stages = orders.get(page.order_id) or [NOTHING]
    return [f"page {page.name} of order {page.order_id}: {text}" for text in _judge(page, stages[-1], now)]


def _judge(page: PageReading, expected: Expected, now: datetime) -> list[str]:
    if not page.permitted:
        return [] if page.state is None and page.word == "unknown" else ["was told of an order that is not theirs"]
    if page.state is None:
        return ["was told nothing"]
    phase = "waiting" if expected.status is None else "over" if expected.over else "open"
    content = {name: value for name, value in (page.state["contentState"] or {}).items() if name != "updatedAt"}
    differences = [
        f"says {name} {page.state[name]!r}, should say {wanted!r}"
        for name, wanted in (("phase", phase), ("status", expected.status))
        if page.state[name] != wanted
    ]
    differences += compare(content, expected.content)
    if phase == "over":
        differences += [] if page.word == "closed" else [f"still has a line that is {page.word}"]
    elif phase == "open":
        differences += judge_age(page.state["freshness"], [freshness(expected, at) for at in (now, now - ON_ITS_WAY)])
    return differences
