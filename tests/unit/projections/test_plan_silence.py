"""Starts whose answer was lost while the app stays silent."""

import pytest

from projections.card import Card, Kind, Phase
from projections.phone import Phone
from projections.plan import PlanRules, Send, Wait, plan
from tests.examples.cards import (
    face,
    intent,
    over,
    phone,
    seconds,
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
