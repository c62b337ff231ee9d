"""Let the judge look at phones that are right, and at phones that are wrong."""

from datetime import timedelta
from typing import Any

import pytest

from app.demo.judge import judge_phone
from app.demo.oracle import expect_each
from tests.unit.app.demo.histories import NOON, at, event, placed

OPEN = [placed(), event(2, "accepted"), event(3, "ready")]
OVER = [*OPEN, event(4, "delivered")]


def stages(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the contents after each event, as they are pushed."""
    return [stage.content | {"updatedAt": 1, "freshness": "fresh"} for stage in expect_each("o-1", log)]


def card(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a card that a push started and whose app has a token."""
    usual = {
        "subject": "o-1",
        "state": "active",
        "endedBy": None,
        "updateToken": "aa",
        "channelId": None,
        "byPush": True,
        "attributes": {"cardId": "c", "orderId": "o-1", "merchantName": "Noodle Bar"},
        "content": content,
    }
    return usual | changes


def judge(
    log: list[dict[str, Any]], *cards: dict[str, Any], customer: str | None = "anna", **changes: Any
) -> list[str]:
    """Judge a phone with these cards after these events."""
    behaviour = {"iosVersion": "18.1", "activitiesEnabled": True, "lowPower": False} | changes
    phone = {"id": "p", "customerId": customer, "behaviour": behaviour, "cards": cards}
    return judge_phone(phone, {"o-1": expect_each("o-1", log)}, NOON)


@pytest.mark.parametrize(
    ("told", "minutes", "right"),
    [
        ("fresh", 14.9, True),
        ("late", 14.9, False),
        ("late", 15.1, True),
        ("fresh", 15.1, True),
        ("fresh", 15.6, False),
        ("late", 59.9, True),
        ("stale", 60.1, True),
        (None, 1, False),
    ],
)
def test_a_card_says_how_old_its_news_is(told: str | None, minutes: float, *, right: bool) -> None:
    """Expected ten minutes after noon, heard of at noon; what was due is given half a minute to arrive."""
    log = [placed(deliveryTime=at(10)) | {"recordedAt": at(0)}]
    content = stages(log)[-1] | {"freshness": told}
    phone = {"id": "p", "customerId": "anna", "behaviour": {"iosVersion": "18.1"}, "cards": [card(content)]}
    differences = judge_phone(phone, {"o-1": expect_each("o-1", log)}, NOON + timedelta(minutes=minutes))

    assert (differences == []) == right
    assert right or "says that its news is" in differences[0]


def ended(content: dict[str, Any]) -> dict[str, Any]:
    """Give a card that a push ended."""
    return card(content, state="ended", endedBy="a push")


def test_a_card_with_the_newest_content_is_right() -> None:
    """An open order's card shows what its last event made of it."""
    assert judge(OPEN, card(stages(OPEN)[-1])) == []


def test_a_card_with_a_token_that_lags_behind_differs() -> None:
    """A card that can be told must have been told."""
    lines, progress, status = judge(OPEN, card(stages(OPEN)[1]))
    assert lines.startswith(
        "phone p: order o-1: shows history [{'step': 'placed', 'at': 1760011260}, {'step': 'accepted'"
    )
    assert progress == "phone p: order o-1: shows progress 0.15, should show 0.5"
    assert status == "phone p: order o-1: shows status 'accepted', should show 'ready'"


def test_a_card_without_a_token_may_show_any_open_stage() -> None:
    """It shows what it was started with, even when the order is over; never the end, and nothing else."""
    for content in stages(OPEN):
        assert judge(OVER, card(content, updateToken=None)) == []
    assert judge(OVER, card(stages(OVER)[-1], updateToken=None)) != []
    assert judge(OPEN, card(stages(OPEN)[0] | {"progress": 0.9}, updateToken=None)) != []


def test_an_open_order_without_a_card_differs() -> None:
    """Every phone gets its card."""
    assert judge(OPEN) == ["phone p: order o-1: has no card, should show ready"]


def test_a_phone_that_cannot_be_started_a_card_needs_none() -> None:
    """Old systems, switched-off activities and Low Power Mode excuse; iOS 17.2 does not."""
    assert judge(OPEN, iosVersion="17.1") == []
    assert judge(OPEN, activitiesEnabled=False) == []
    assert judge(OPEN, lowPower=True) == []
    assert judge(OPEN, iosVersion="17.2") != []


def test_a_dismissed_card_needs_no_other() -> None:
    """Whoever swiped the card away is left in peace."""
    assert judge(OPEN, card(stages(OPEN)[0], state="dismissed", endedBy="the user")) == []


def test_a_second_card_for_the_same_order_differs() -> None:
    """Nobody sees an order twice."""
    newest = card(stages(OPEN)[-1])
    assert judge(OPEN, newest, newest) == ["phone p: order o-1: has 2 cards at once"]


def test_a_card_of_another_customers_order_differs() -> None:
    """With or without a token, it must not be there."""
    lagging = card(stages(OPEN)[0], updateToken=None)
    assert judge(OPEN, lagging, customer="boris") == ["phone p: order o-1: is shown to boris, but belongs to anna"]
    assert judge(OPEN, lagging, customer=None) == ["phone p: order o-1: is shown to nobody, but belongs to anna"]
    assert judge(OPEN, customer="boris") == []


def test_a_card_that_stays_after_the_order_is_over_differs() -> None:
    """A card that can be told must have ended."""
    assert judge(OVER, card(stages(OVER)[-1])) == [
        "phone p: order o-1: is still on the screen at delivered, though it is delivered"
    ]


def test_a_card_ended_by_a_push_shows_the_end() -> None:
    """It shows any stage after the end, for nothing changes a card that has ended."""
    thanked = [*OVER, event(5, "note", {"text": "Thanks"})]
    assert judge(thanked, ended(stages(OVER)[-1])) == []
    assert judge(thanked, ended(stages(thanked)[-1])) == []
    assert judge(thanked, ended(stages(OPEN)[-1])) != []


def test_a_card_ended_while_its_order_is_open_differs() -> None:
    """Neither may it be ended, nor be missing."""
    assert judge(OPEN, ended(stages(OPEN)[-1])) == [
        "phone p: order o-1: has no card, should show ready",
        "phone p: order o-1: was ended by a push, though it is ready",
    ]


def test_an_order_that_was_over_first_needs_no_card() -> None:
    """What is over is not started."""
    assert judge(OVER) == []


def test_a_card_waits_for_its_time_to_appear() -> None:
    """`showAt` in the future excuses, in the past it does not."""
    assert judge([placed(showAt=at(1))]) == []
    assert judge([placed(showAt=at(-1))]) != []


def test_a_card_goes_with_its_time() -> None:
    """A card that was there when the order was moved has ended; one that stays must be one that cannot be told."""
    log = [placed(), event(2, "rescheduled", {"showAt": at(60)})]
    early = card(stages(log)[-1])
    assert judge(log, card({}, state="ended", endedBy="a push")) == []
    assert judge(log, early) == [
        "phone p: order o-1: is on the screen already, though its time is 2025-10-09 13:00:00+00:00"
    ]
    assert judge(log, early | {"updateToken": None}) == []
    assert judge(log, early | {"byPush": False}) == []


def test_a_card_that_went_with_its_time_needs_no_other_when_the_order_is_over() -> None:
    """It was ended as it was when the order was moved; of an order that was not moved it must show the end."""
    moved = [placed(), event(2, "accepted"), event(3, "rescheduled", {"showAt": at(60)})]
    over = [*moved, event(4, "delivered")]
    gone = card(stages(moved)[1], state="ended", endedBy="a push")
    assert judge(over, gone) == []
    assert judge([*moved[:2], event(3, "delivered")], gone) != []
    assert judge(over, gone | {"content": stages(over)[-1] | {"status": "lost"}}) != []


def test_attributes_are_those_of_the_order() -> None:
    """A start by push carries them; the app's own card has what the app gave it."""
    other = {"attributes": {"orderId": "o-1"}}
    wanted = "{'orderId': 'o-1', 'merchantName': 'Noodle Bar'}"
    [difference] = judge(OPEN, card(stages(OPEN)[-1], **other))
    assert difference == f"phone p: order o-1: has the attributes {{'orderId': 'o-1'}}, not {wanted}"
    assert judge(OPEN, card(stages(OPEN)[-1], byPush=False, **other)) == []


def test_a_push_for_an_order_that_is_not_placed_differs() -> None:
    """Nothing is known to show; a card by the app waits."""
    early = [event(1, "accepted")]
    assert judge(early, card({})) == ["phone p: order o-1: shows a card by push, though the order is not placed"]
    assert judge(early, card({}, byPush=False)) == []


def test_a_card_of_an_unknown_order_differs() -> None:
    """No phone shows what nobody told."""
    assert judge(OPEN, card(stages(OPEN)[-1]), card({}, subject="o-2")) == [
        "phone p: shows a card of the order o-2, of which nothing was ever told"
    ]
