"""The budget of starts."""

import pytest

from projections.budget import BudgetRules, StartBudget
from tests.examples.cards import seconds
from tests.examples.events import NOON

RULES = BudgetRules(most=10, refill=360)


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        (StartBudget(), 10),
        (StartBudget(0, NOON), 0),
        (StartBudget(0, seconds(-360)), 1),
        (StartBudget(0.5, seconds(-90)), 0.75),
        (StartBudget(9, seconds(-86_400)), 10),
        (StartBudget(3, seconds(60)), 3),
    ],
    ids=["never used", "empty", "one came back", "part of one", "never more than all", "the clock went back"],
)
def test_a_budget_refills_with_time(budget: StartBudget, left: float) -> None:
    """One start every so many seconds, and never more than it held."""
    assert budget.left(NOON, RULES) == left


def test_an_empty_budget_names_the_time_of_the_next_start() -> None:
    """To the second, so that the card is looked at then and not before."""
    assert StartBudget(0.75, NOON).waits_until(NOON, RULES) == seconds(90)
    assert StartBudget(1, NOON).waits_until(NOON, RULES) is None
