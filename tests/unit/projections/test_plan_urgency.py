"""What is urgent, and what becomes of it when the phone has had its urgent pushes for the hour."""

import pytest

from projections.budget import UrgentBudget
from projections.card import Card, Kind
from projections.choice import Send
from projections.draft import Alert
from projections.face import Face
from projections.plan import plan
from projections.plan_rules import PlanRules
from tests.examples.cards import card, face, live, moved, over, phone, seconds

RULES = PlanRules()
LATER = seconds(10)
LOUD = (Alert(3, 2, "order.courier_arriving"),)


@pytest.mark.parametrize(
    ("seen", "planned", "kind", "priority", "demoted"),
    [
        (face(), card(), Kind.START, 10, False),
        (moved(alerts=LOUD), live(), Kind.UPDATE, 5, True),
        (moved(status_version=2), live(), Kind.UPDATE, 5, True),
        (moved(), live(), Kind.UPDATE, 5, False),
        (over(), live(), Kind.END, 10, False),
    ],
    ids=["a start", "an alert", "a new status", "what is not urgent anyway", "an end"],
)
def test_an_empty_budget_demotes_what_can_be_made_up_for(
    seen: Face, planned: Card, kind: Kind, priority: int, *, demoted: bool
) -> None:
    """Nothing waits and nothing is left out: the plan is that of a full budget but for its priority."""
    full = plan(seen, planned, phone(), LATER, RULES)
    empty = plan(seen, planned, phone(urgent_budget=UrgentBudget(0.0, LATER)), LATER, RULES)

    assert isinstance(full, Send)
    assert isinstance(empty, Send)
    assert (empty.kind, empty.priority, empty.demoted) == (kind, priority, demoted)
    assert (empty.alert, empty.timestamp, empty.why, empty.stale_at) == (
        full.alert,
        full.timestamp,
        full.why,
        full.stale_at,
    )
    assert (full.priority == 10, full.demoted) == (priority == 10 or demoted, False)
