"""Name what may go wrong."""

import pytest

from app.simulator.errors import SimulatorError
from app.simulator.fault_plans import PLANS, FaultPlan, find_plan
from app.simulator.faults import KINDS
from app.simulator.fcm_reasons import FCM_REASONS
from app.simulator.reasons import STATUS_OF


def test_every_reason_and_every_kind_of_fault_is_in_a_plan() -> None:
    """Nothing the simulator can do wrong is left out."""
    names = {fault.name for plan in PLANS.values() for fault in plan.faults}

    assert {f"reason:{reason}" for reason in (*STATUS_OF, *FCM_REASONS)} <= names
    assert set(KINDS) <= names


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.name)
def test_a_plan_is_described_in_a_sentence_each(plan: FaultPlan) -> None:
    """What happens and what is expected are sentences, and the faults make sense."""
    for text in (plan.what, plan.expect):
        assert text[0].isupper()
        assert text.endswith(".")
    assert plan.faults
    for fault in plan.faults:
        fault.check()


def test_a_plan_that_is_not_there_is_refused_with_those_that_are() -> None:
    """The error lists the names."""
    with pytest.raises(SimulatorError, match="goaway_when_idle"):
        find_plan("gremlins")
