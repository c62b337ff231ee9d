"""Plans and time: renewal, the eighth hour, seconds, clocks that go back, staleness."""

from datetime import timedelta
from typing import Any

import pytest

from projections.card import Card, Kind, Phase
from projections.choice import Nothing, Plan, Renew, Send, Wait
from projections.freshness import Freshness
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import (
    SECOND,
    face,
    hours,
    live,
    moved,
    over,
    phone,
    seconds,
    shown,
)
from tests.examples.events import NOON

RULES = PlanRules()
LATER = seconds(10)
STALE = LATER + timedelta(hours=1)


def update(**changes: Any) -> Send:
    """Give the quiet update that is due ten seconds after noon."""
    fields: dict[str, Any] = {
        "kind": Kind.UPDATE,
        "why": "The order has changed since the last push (version 1 sent, now 2).",
        "timestamp": SECOND + 10,
        "priority": 5,
        "stale_at": STALE,
        "freshness": Freshness.FRESH,
        "grows_older_at": STALE,
    }
    return Send(**(fields | changes))


def never(why: str, outcome: str) -> Nothing:
    """Give the end of all plans for a card."""
    return Nothing(Reason(outcome), why, phase=Phase.OVER, outcome=outcome)


@pytest.mark.parametrize(
    ("planned", "renewed"),
    [
        (live(), True),
        (live(generation=RULES.most_generations), False),
        (live(next_generation=True), False),
        (shown(), False),
    ],
    ids=["renewals are left", "none are left", "it is renewed already", "it has no token"],
)
def test_a_card_of_seven_hours_and_forty_minutes(planned: Card, *, renewed: bool) -> None:
    """The next generation is started; otherwise the card lives on until its eighth hour."""
    decided = plan(face(), planned, phone(), seconds(RULES.renew_after), RULES)

    renewal = Renew(Reason.RENEWAL, "The card is near Apple's eight hours and its order is still open.")
    assert (decided == renewal) == renewed
    if not renewed:
        assert isinstance(decided, Wait | Nothing)
        assert decided.until == hours(8)


def test_a_card_near_its_eighth_hour_whose_order_is_over_ends() -> None:
    """Nothing is renewed that is over."""
    decided = plan(over(), live(), phone(), seconds(RULES.renew_after), RULES)

    assert isinstance(decided, Send)
    assert decided.kind is Kind.END


@pytest.mark.parametrize("planned", [shown(), live(), live(refused_hash=b"token-1")])
def test_a_card_of_eight_hours_is_over(planned: Card) -> None:
    """The phone has ended it by itself."""
    assert plan(over(), planned, phone(), hours(8), RULES) == never(
        "The phone ends every card after eight hours.", "expired"
    )


def test_an_update_within_the_same_second_waits_for_the_next() -> None:
    """The phone drops a second update of the same second."""
    assert plan(moved(), live(), phone(), seconds(0.25), RULES) == Wait(
        Reason.ONE_A_SECOND, "One push a second: the last one was sent within this second.", until=seconds(1)
    )


def test_an_end_does_not_wait_for_the_next_second() -> None:
    """It is taken whatever its timestamp, and rises all the same."""
    decided = plan(over(), live(), phone(), seconds(0.25), RULES)

    assert isinstance(decided, Send)
    assert (decided.kind, decided.timestamp) == (Kind.END, SECOND + 1)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (
            30,
            Wait(
                Reason.ONE_A_SECOND,
                "One push a second: the last one was sent within this second.",
                until=seconds(31),
            ),
        ),
        (
            300,
            Wait(
                Reason.CLOCK_WENT_BACK,
                "Our clock went back: the phone would drop the push until it has caught up.",
                until=seconds(301),
            ),
        ),
        (
            700,
            Renew(
                Reason.CLOCK_WENT_BACK,
                "Our clock went back by a long time: the phone would drop what this card is sent.",
            ),
        ),
    ],
)
def test_a_clock_that_went_back(ahead: int, expected: Plan) -> None:
    """Under a minute and under ten the card waits; beyond that the next generation replaces it."""
    assert plan(moved(), live(timestamp_used=SECOND + ahead), phone(), NOON, RULES) == expected


def test_a_clock_that_went_back_with_the_next_generation_under_way() -> None:
    """It is not replaced twice; it looks again after ten minutes at most."""
    decided = plan(moved(), live(timestamp_used=SECOND + 7200, next_generation=True), phone(), NOON, RULES)

    assert isinstance(decided, Wait)
    assert decided.until == seconds(600)


@pytest.mark.parametrize(
    ("expected_at", "stale_at", "late_at"),
    [
        (None, STALE, STALE),
        (hours(0.1), STALE, seconds(660)),
        (hours(3), hours(3.25), hours(3) + timedelta(minutes=5)),
        (hours(30), LATER + timedelta(hours=8.25), LATER + timedelta(hours=8.25)),
    ],
    ids=["unknown", "soon", "later", "after the card's life"],
)
def test_a_card_is_stale_some_time_after_the_next_thing_should_have_happened(
    expected_at: Any, stale_at: Any, late_at: Any
) -> None:
    """At least an hour after the last news, and never further than the card lives; it says so a little earlier."""
    decided = plan(moved(expected_at=expected_at), live(), phone(), LATER, RULES)

    assert decided == update(stale_at=stale_at, grows_older_at=late_at)
