"""Let oracle and judge look at phones on which a customer's orders share a card."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from app.demo.many_orders_judge import judge_together
from app.demo.many_orders_oracle import began_to_be_shown, expect_together
from app.demo.oracle import Expected, expect, expect_each
from tests.unit.app.demo.histories import NOON, at, event, placed, seconds

Log = list[dict[str, Any]]
STARTED_AT = NOON.timestamp() + 3_600


def order(minute: float, *after: str, recorded: float = 30.0, **data: Any) -> Log:
    """Give an order that was placed so many minutes after noon, and what happened to it in the minutes after that."""
    log = [placed(minute=minute, **data), *(event(2 + place, name) for place, name in enumerate(after))]
    return [
        each | {"recordedAt": at(recorded + place), "occurredAt": at(minute + place)} for place, each in enumerate(log)
    ]


def newest(**logs: Log) -> dict[str, Expected]:
    """Give what is so of each order now."""
    return {name: expect(name, log) for name, log in logs.items()}


def lines(content: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Give the orders of a content with their status."""
    return [(each["orderId"], each["status"]) for each in (content or {})["orders"]]


def content(**logs: Log) -> dict[str, Any]:
    """Give what a card shows of orders, as it is pushed."""
    told = expect_together(newest(**logs), NOON + timedelta(hours=1)).content or {}
    orders = [each | {"updatedAt": 1} for each in told["orders"]]
    return told | {"orders": orders, "updatedAt": 1, "freshness": "fresh"}


def card(shown: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give Anna's card, which a push started and whose app has a token."""
    usual = {
        "subject": "customer:anna",
        "attributesType": "OrdersAttributes",
        "attributes": {"cardId": "c", "subject": "customer:anna"},
        "state": "active",
        "endedBy": None,
        "endedAt": None,
        "visibleUntil": None,
        "startedAt": STARTED_AT,
        "updateToken": "aa",
        "byPush": True,
        "content": shown,
    }
    return usual | changes


def ended(shown: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a card that a push ended and left on the screen."""
    return card(shown, state="ended", endedBy="a push", endedAt=10.0, visibleUntil=900.0) | changes


def judge(
    logs: Mapping[str, Log], *cards: dict[str, Any], customer: str | None = "anna", **behaviour: Any
) -> list[str]:
    """Judge a phone with these cards, an hour after noon."""
    usual = {"iosVersion": "18.1", "activitiesEnabled": True, "lowPower": False, "clockOffsetSeconds": 0.0}
    phone = {"id": "p", "customerId": customer, "behaviour": usual | behaviour, "cards": cards}
    stages = {name: expect_each(name, log) for name, log in logs.items()}
    return judge_together(phone, stages, NOON + timedelta(hours=1))


TEA, CAKE = order(1, "accepted"), order(5, "ready", merchantName="Bakery")
TEA_OVER, CAKE_OVER = order(1, "accepted", "delivered"), order(5, "ready", "cancelled", merchantName="Bakery")
BOTH = {"tea": TEA, "cake": CAKE}


def test_the_newest_order_comes_first_and_what_is_over_or_early_is_not_there() -> None:
    """By the oldest line or the time to appear; of the same time, the greater id first."""
    told = expect_together(
        newest(
            tea=TEA, cake=CAKE, over=order(9, "delivered"), early=order(2, showAt=at(61)), came=order(2, showAt=at(7)),
            bun=order(5), late=[event(1, "accepted")],
        ),
        NOON + timedelta(hours=1),
    )  # fmt: skip
    assert lines(told.content) == [("came", "placed"), ("cake", "ready"), ("bun", "placed"), ("tea", "accepted")]
    assert expect_together(newest(over=order(9, "delivered")), NOON).content is None


def test_a_line_tells_what_the_page_says() -> None:
    """Numbers and names are cut to forty characters; what is not known is left out."""
    told = expect_together(
        newest(o=order(1, merchantName="m" * 50, orderNumber="n" * 41, deliveryTime=at(70)), p=order(0)), NOON
    )
    first = {"orderId": "o", "orderNumber": "n" * 40, "merchantName": "m" * 40, "status": "placed"}
    assert (told.content or {})["orders"] == [
        first | {"deliveryTime": seconds(70), "progress": 0.0},
        {"orderId": "p", "merchantName": "Noodle Bar", "status": "placed", "progress": 0.0},
    ]


def test_eight_have_a_place_if_they_fit() -> None:
    """What has no place is counted, whether for the number or for the bytes."""
    eleven = expect_together(newest(**{f"o{n:02}": order(n) for n in range(11)}), NOON).content or {}
    assert (len(eleven["orders"]), eleven["more"], eleven["orders"][0]["orderId"]) == (8, 3, "o10")
    wide = order(1, merchantName="🐟" * 40, orderNumber="№" * 40)
    eight = expect_together(newest(**{f"{n}{'x' * 100}": wide for n in range(8)}), NOON).content or {}
    assert (len(eight["orders"]), eight["more"]) == (4, 4)


def test_news_is_as_old_as_the_newest_and_late_by_the_first_delivery() -> None:
    """An order that was heard of lately keeps the whole fresh."""
    silent, told = order(1, recorded=0, deliveryTime=at(10)), order(2, recorded=19, deliveryTime=at(90))
    assert expect_together(newest(a=silent), NOON + timedelta(minutes=20)).freshness == "late"
    assert expect_together(newest(a=silent, b=told), NOON + timedelta(minutes=20)).freshness == "fresh"
    assert expect_together(newest(a=silent, b=told), NOON + timedelta(minutes=25)).freshness == "late"


@pytest.mark.parametrize(
    ("logs", "minute"),
    [
        ({"a": order(0, recorded=3)}, 3),
        ({"a": order(0, "delivered", recorded=3), "b": order(0, recorded=4)}, 3),
        ({"a": order(0, "delivered", recorded=3), "b": order(0, recorded=5)}, 5),
        ({"a": order(0, recorded=3, showAt=at(50)), "b": order(0, "delivered", recorded=4)}, 50),
        ({"a": order(0, "delivered", recorded=3)}, None),
    ],
)
def test_orders_are_shown_since_the_first_after_a_gap(logs: Mapping[str, Log], minute: float | None) -> None:
    """Since one came while none was to be shown."""
    since = began_to_be_shown({name: expect_each(name, log) for name, log in logs.items()}, NOON + timedelta(hours=1))
    assert since == (None if minute is None else NOON + timedelta(minutes=minute))


def test_a_card_with_the_newest_content_is_right() -> None:
    """All open orders are on it."""
    assert judge(BOTH, card(content(tea=TEA, cake=CAKE))) == []
    [difference] = judge(BOTH, card(content(tea=TEA)))
    assert difference.startswith("phone p: shows orders [{'orderId': 'tea'")


def test_orders_without_a_card_differ() -> None:
    """Unless the phone cannot be started one, or it was swiped away since the first of them came."""
    missing = ["phone p: has no card, should show ['cake', 'tea']"]
    away = card(content(tea=TEA), state="dismissed", endedBy="the user", visibleUntil=10.0)
    long_ago = NOON.timestamp()
    assert judge(BOTH) == missing
    assert judge(BOTH, iosVersion="17.1") == []
    assert judge(BOTH, away) == []
    assert judge(BOTH, away | {"startedAt": long_ago}) == missing
    assert judge(BOTH, away | {"startedAt": long_ago}, clockOffsetSeconds=-3_600.0) == []
    assert judge(BOTH, away, card(content(tea=TEA, cake=CAKE))) == [
        "phone p: has another card of orders whose card was swiped away"
    ]


def test_one_card_at_most() -> None:
    """One of orders from before that cannot be told stays beside it."""
    right, before = content(tea=TEA, cake=CAKE), {"updateToken": None, "startedAt": NOON.timestamp()}
    logs = BOTH | {"pie": order(0, "delivered", recorded=2)}
    assert judge(BOTH, card(right), card(right)) == ["phone p: has 2 cards at once"]
    assert judge(BOTH, card(right), card(content(tea=TEA), updateToken=None)) == ["phone p: has 2 cards at once"]
    assert judge(logs, card(right), card(content(pie=order(0)), **before)) == []


def test_a_card_without_a_token_shows_the_orders_as_they_once_were() -> None:
    """Any open stage of each; never the end of one, another order of them, or one twice."""
    untold = {"updateToken": None}
    logs = {"tea": TEA_OVER, "cake": CAKE}
    for shown in (content(tea=order(1)), content(tea=TEA, cake=order(5, merchantName="Bakery"))):
        assert judge(logs, card(shown, **untold)) == []
    upside_down = content(tea=TEA, cake=CAKE)
    upside_down["orders"].reverse()
    twice = content(tea=TEA)
    twice["orders"] *= 2
    delivered = {"orderId": "tea", "merchantName": "Noodle Bar", "status": "delivered", "progress": 1.0}
    for shown in (upside_down, twice, {"orders": [delivered]}, {"orders": []}, content(tea=TEA) | {"more": 2}):
        [difference] = judge(logs, card(shown, **untold))
        assert "has no update token and shows what the orders were at no time" in difference


def test_the_card_ends_with_the_last_order_and_shows_its_end() -> None:
    """A card that can be told must have ended, with one order that is over; others are taken away at once."""
    logs = {"tea": TEA_OVER, "cake": CAKE_OVER}
    last = {"orderId": "cake", "merchantName": "Bakery", "status": "cancelled", "progress": 0.5, "updatedAt": 2}
    moved = [*order(1), event(2, "rescheduled", {"showAt": at(90)})]
    assert judge(logs, ended({"orders": [last]})) == []
    assert judge({"tea": moved}, ended(content(tea=order(1)))) != []
    assert judge({"tea": moved}, ended(content(tea=order(1)), visibleUntil=10.0)) == []
    assert judge(logs, card(content(tea=TEA))) == ["phone p: still shows ['tea'], though no order is to be shown"]
    none: dict[str, Any] = {"orders": []}
    for wrong in (content(tea=TEA), none, {"orders": [last], "more": 1}, {"orders": [last, last]}):
        [difference] = judge(logs, ended(wrong))
        assert "has ended with what is no end" in difference
    assert judge(logs, ended(content(tea=TEA), visibleUntil=10.0)) == []
    assert judge(BOTH, ended({"orders": [last]})) != []


def test_nobody_sees_an_order_of_another() -> None:
    """Neither on their own card, nor on a card of the other; and nobody signed in sees none."""
    his = {"boris": order(1, customerId="boris")}
    theirs = {"subject": "customer:boris", "attributes": {"cardId": "c", "subject": "customer:boris"}}
    assert judge(BOTH | his, card(content(tea=TEA, boris=his["boris"]))) == [
        "phone p: shows ['boris'] on a card of anna, whose they are not"
    ]
    for customer in ("anna", None):
        [difference] = judge(his, card(content(boris=his["boris"]), **theirs), customer=customer)
        assert difference == f"phone p: shows orders of boris to {customer or 'nobody'}"


def test_an_order_has_no_card_of_its_own() -> None:
    """The default card beside it is one too many."""
    own = {"subject": "tea", "attributesType": "OrderAttributes", "attributes": {"cardId": "c", "orderId": "tea"}}
    assert judge(BOTH, card({"status": "placed"}, **own)) == [
        "phone p: has a card of tea, which is of the type OrderAttributes"
    ]
