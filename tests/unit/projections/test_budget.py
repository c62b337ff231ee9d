"""The budgets of a phone: starts, and urgent pushes."""

import pytest

from projections.budget import BudgetRules, StartBudget, UrgentBudget, UrgentRules
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


@pytest.mark.parametrize(
    ("budget", "takes"),
    [
        (UrgentBudget(), True),
        (UrgentBudget(1, NOON), True),
        (UrgentBudget(0.9, NOON), False),
        (UrgentBudget(0, seconds(-60)), True),
        (UrgentBudget(0, seconds(-60), frequent=False), False),
        (UrgentBudget(0, seconds(-240), frequent=False), True),
        (UrgentBudget(-2, seconds(-120)), False),
        (UrgentBudget(0, seconds(60)), False),
    ],
    ids=[
        "never used", "one left", "part of one", "one came back", "seldom: not yet", "seldom: one came back", "owed",
        "the clock went back",
    ],
)  # fmt: skip
def test_urgent_pushes_come_back_by_the_hour(budget: UrgentBudget, *, takes: bool) -> None:
    """Sixty an hour, or fifteen where frequent updates are switched off."""
    assert budget.takes_one(NOON, UrgentRules()) == takes


def test_who_switches_frequent_updates_off_has_the_smaller_budget_at_once() -> None:
    """What was saved up before does not help."""
    rules = UrgentRules(most=60, most_seldom=0.5)

    assert UrgentBudget(60, NOON).takes_one(NOON, rules)
    assert not UrgentBudget(60, NOON, frequent=False).takes_one(NOON, rules)
