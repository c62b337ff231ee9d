"""Hand out faults."""

import pytest

from app.simulator.errors import SimulatorError
from app.simulator.faults import Fault, Faults


def test_faults_are_handed_out_in_order_and_used_up() -> None:
    """Each fault serves its number of requests; a fault for one token waits for that token."""
    faults = Faults()
    for fault in (Fault("slow", token="AA", times=1), Fault("reset", times=2)):
        faults.add(fault)

    taken = [faults.take(token) for token in ("bb", "aa", None, "aa")]

    assert [fault and fault.name for fault in taken] == ["reset", "slow", "reset", None]
    assert faults.waiting == ()


@pytest.mark.parametrize(
    "fault", [Fault("gremlins"), Fault("reason:Nothing"), Fault("reason:"), Fault("goaway:"), Fault("slow", times=0)]
)
def test_a_fault_that_makes_no_sense_is_refused(fault: Fault) -> None:
    """A misspelt fault is an error at once, not a run without faults."""
    with pytest.raises(SimulatorError):
        Faults().add(fault)


def test_a_reason_apple_does_not_list_needs_a_status() -> None:
    """Unknown reasons can be tried out, with any status."""
    faults = Faults()
    faults.add(Fault("reason:SomethingNew", status=418))

    assert [fault.reason for fault in faults.waiting] == ["SomethingNew"]
