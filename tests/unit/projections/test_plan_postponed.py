"""Cards whose order was moved to a later time."""

from datetime import datetime
from typing import Any

import pytest

from projections.card import Card, Kind, Phase
from projections.choice import Nothing, Send, Wait
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import card, face, hours, live, moved, over, phone, seconds, shown, starting

RULES = PlanRules()
LATER, AHEAD = seconds(120), hours(72)
THE_APPS: dict[str, Any] = {"starter": "app"}


def ended_by(planned: Card, show_at: datetime, *, now: datetime = LATER, **changes: Any) -> tuple[Reason, str] | None:
    """Give the reason and the outcome by which a plan declares a card over; None if it does not."""
    decided = plan(moved(show_at=show_at, **changes), planned, phone(), now, RULES)
    return (decided.reason, decided.outcome) if isinstance(decided, Nothing) and decided.phase is Phase.OVER else None


def test_a_wanted_card_is_dropped_and_a_live_one_ended_at_once() -> None:
    """The end says nothing and leaves nothing on the Lock Screen; what was not sent needs none."""
    assert ended_by(card(), AHEAD) == (Reason.POSTPONED, "postponed")
    decided = plan(moved(show_at=AHEAD), live(), phone(), LATER, RULES)
    assert isinstance(decided, Send)
    assert (decided.kind, decided.alert, decided.with_content, decided.dismiss_at) == (Kind.END, None, False, LATER)


@pytest.mark.parametrize("planned", [starting(), shown()], ids=["starting", "shown"])
def test_a_card_that_cannot_be_ended_waits_for_its_token(planned: Card) -> None:
    """A start without an answer is not repeated for a time that has not come."""
    decided = plan(moved(show_at=AHEAD), planned, phone(), LATER, PlanRules(on_unknown_start="after_silence"))

    assert isinstance(decided, Wait)
    assert decided.phase is Phase.SHOWN


def test_the_apps_own_card_stays_whatever_the_time() -> None:
    """The app shows a booking when it thinks right, and the card moves like any other."""
    decided = plan(moved(show_at=AHEAD), live(**THE_APPS), phone(), LATER, RULES)

    assert isinstance(decided, Send)
    assert decided.kind is Kind.UPDATE


def test_a_card_that_is_being_taken_back_goes_though_the_time_has_come_meanwhile() -> None:
    """Its end may have reached the phone; the next one is on its way."""
    decided = plan(moved(show_at=seconds(60)), live(recalled=True), phone(), LATER, RULES)

    assert isinstance(decided, Send)
    assert (decided.kind, "moved" in decided.why) == (Kind.END, True)


@pytest.mark.parametrize(
    ("planned", "outcome"),
    [
        (live(reported_state="ended", reported_at=LATER), (Reason.GONE, "postponed")),
        (live(reported_state="dismissed", reported_at=LATER), (Reason.GONE, "gone")),
        (live(reported_state="ended", reported_at=LATER, **THE_APPS), (Reason.GONE, "postponed")),
        (live(reported_state="ended", reported_at=LATER, recalled=True), (Reason.POSTPONED, "recalled")),
    ],
    ids=["ended", "swiped away", "ended by the app that started it", "ended by us"],
)
def test_a_card_that_is_gone_before_the_time_comes_again_unless_it_was_swiped_away(
    planned: Card, outcome: tuple[Reason, str]
) -> None:
    """The customer's word counts for the order; that of iOS and of the app for this card."""
    assert ended_by(planned, AHEAD) == outcome


def test_a_card_that_ran_out_before_the_time_comes_again() -> None:
    """Also where nobody could look until after it."""
    assert ended_by(shown(), hours(10), now=hours(12)) == (Reason.EXPIRED, "postponed")
    assert ended_by(shown(), hours(7), now=hours(12)) == (Reason.EXPIRED, "expired")
    assert ended_by(live(reported_state="ended", reported_at=hours(8)), hours(7), now=hours(12)) == (
        Reason.GONE,
        "gone",
    )


def test_an_order_that_is_over_ends_its_card_as_ever() -> None:
    """What it ended with is worth showing, whenever the card was to appear."""
    decided = plan(over(show_at=AHEAD), live(), phone(), LATER, RULES)

    assert isinstance(decided, Send)
    assert (decided.kind, decided.with_content) == (Kind.END, True)


def test_at_its_time_a_card_starts() -> None:
    """It was made then."""
    decided = plan(face(show_at=LATER), card(created_at=LATER), phone(), LATER, RULES)

    assert isinstance(decided, Send)
    assert decided.kind is Kind.START
