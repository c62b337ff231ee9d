"""Starts of which the app says nothing: whether their answer was lost, or came."""

from datetime import datetime

import pytest

from projections.budget import StartBudget
from projections.card import Card, Kind, Phase
from projections.choice import Send, Wait
from projections.phone import Phone
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import (
    face,
    hours,
    intent,
    moved,
    over,
    phone,
    seconds,
    shown,
    starting,
)

RULES = PlanRules()
TWICE = PlanRules(on_unknown_start="after_silence")
LATER = seconds(10)


@pytest.mark.parametrize(
    ("planned", "on", "again"),
    [
        (starting(intent=intent(at=seconds(-60))), phone(), True),
        (starting(intent=intent(at=seconds(-60)), attempts=2, restarts=1), phone(), False),
        (starting(), phone(), False),
        (starting(intent=intent(at=seconds(-60))), phone(customer_id="customer-8"), False),
        (starting(intent=intent(at=seconds(-60))), phone(forgotten=True, start_token_hash=None), False),
        (starting(intent=intent(at=seconds(-60))), phone(start_token_hash=None), False),
        (starting(intent=intent(at=seconds(-60))), phone(start_token_refused=True), False),
        (starting(intent=intent(at=seconds(-60))), phone(start_budget=StartBudget(0.5, LATER)), False),
        (starting(intent=intent(at=seconds(-60)), replaced=True), phone(), False),
        (starting(intent=intent(at=seconds(-60))), None, False),
    ],
    ids=[
        "after the silence",
        "but once",
        "not before",
        "not on the phone of another",
        "not when signed out",
        "not without a token",
        "not to a refused token",
        "not beyond the budget",
        "not under a newer card",
        "not on a phone that is not known",
    ],
)
def test_a_start_without_an_answer_is_sent_again(planned: Card, on: Phone | None, *, again: bool) -> None:
    """Only by the policy that allows it, once, and only where a first start would be allowed too."""
    decided = plan(face(), planned, on, LATER, TWICE)

    assert (isinstance(decided, Send) and decided.kind is Kind.START) == again
    assert not isinstance(plan(face(), planned, on, LATER, RULES), Send)


def test_a_start_without_an_answer_is_not_sent_again_for_an_order_that_is_over() -> None:
    """The policy repeats what is still wanted."""
    decided = plan(over(), starting(intent=intent(at=seconds(-60))), phone(), LATER, TWICE)

    assert isinstance(decided, Wait)
    assert decided.phase is Phase.SHOWN


@pytest.mark.parametrize(
    ("silent", "before", "until", "newly"),
    [
        (shown(), 0, seconds(RULES.arrival), False),
        (shown(started_at=hours(-1)), 0, hours(7), True),
        (shown(started_at=hours(-1), unreported=True), 1, hours(7), False),
        (shown(accepted_version=None), 0, hours(8), False),
        (shown(reported_state="active"), 0, hours(8), False),
    ],
    ids=["may still come", "too late", "known already", "never accepted", "told without a token"],
)
def test_an_accepted_start_of_which_the_app_never_tells(
    silent: Card, before: int, until: datetime, *, newly: bool
) -> None:
    """It counts once, when APNs cannot bring it any more."""
    decided = plan(moved(), silent, phone(unreported_starts=before), LATER, RULES)

    assert isinstance(decided, Wait)
    assert (decided.until, decided.unreported, decided.phase) == (until, newly, Phase.SHOWN)
    assert "tapped Allow" in decided.why
    assert "out of date" not in decided.why


def test_two_such_starts_speak_against_the_start_token() -> None:
    """Support is told of the third cause that there may be."""
    decided = plan(moved(), shown(started_at=hours(-1), unreported=True), phone(unreported_starts=2), LATER, RULES)

    assert isinstance(decided, Wait)
    assert "(start token) is out of date" in decided.why


@pytest.mark.parametrize(
    ("before", "silences", "suspect"),
    [((17, 6), 1, True), ((17, 6), 0, False), ((18, 0), 1, False), (None, 1, False), ((18, 0), 2, True)],
)
def test_one_is_enough_for_a_token_from_before_an_upgrade(
    before: tuple[int, int] | None, silences: int, *, suspect: bool
) -> None:
    """The phone has iOS 18; what is not known of its token speaks for it."""
    on = phone(unreported_starts=silences, start_token_ios=before)
    decided = plan(moved(), shown(started_at=hours(-1), unreported=True), on, LATER, RULES)

    assert isinstance(decided, Wait)
    assert (decided.reason is Reason.START_TOKEN_SUSPECT) == suspect
