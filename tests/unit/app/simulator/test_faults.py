"""Hand out faults."""

import pytest

from app.simulator.device_tokens import DeviceToken
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
    "fault",
    [
        Fault("gremlins"),
        Fault("reason:Nothing"),
        Fault("reason:"),
        Fault("goaway:"),
        Fault("reset:gently"),
        Fault("slow", times=0),
        Fault("slow", every=0),
        Fault("body:html", status=200),
    ],
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


def test_one_in_so_many_requests_is_befallen() -> None:
    """The first of them, and then every third; the others go on to the next fault."""
    faults = Faults()
    faults.add(Fault("reset", times=2, every=3))
    faults.add(Fault("slow", times=None))

    taken = [faults.take("aa") for _ in range(8)]

    names = [fault and fault.name for fault in taken]
    assert names == ["reset", "slow", "slow", "reset", "slow", "slow", "slow", "slow"]
    assert faults.happened == {"reset": 2, "slow": 6}
    assert [fault.name for fault in faults.waiting] == ["slow"]


def test_a_fault_may_spare_what_it_has_befallen() -> None:
    """With `once_a_token` each token meets it once."""
    faults = Faults()
    faults.add(Fault("slow", times=None, once_a_token=True))

    assert [faults.take(value) is not None for value in ("aa", "aa", "bb", "bb")] == [True, False, True, False]


def test_a_fault_may_wait_for_one_kind_of_token() -> None:
    """A fault for update tokens leaves starts and strangers alone."""
    faults = Faults()
    faults.add(Fault("slow", to="update"))
    start, update = (DeviceToken(kind, "phone-1", kind, "topic", "sandbox") for kind in ("start", "update"))

    assert faults.take("start", start) is None
    assert faults.take("unknown", None) is None
    assert faults.take("update", update) is not None


def test_a_reason_waits_where_it_is_given() -> None:
    """One of FCM's for messages, one of the token endpoint's for access tokens, and Apple's for pushes."""
    faults = Faults()
    for reason in ("UNAVAILABLE", "invalid_grant", "Shutdown"):
        faults.add(Fault(f"reason:{reason}"))

    assert [fault and fault.reason for fault in (faults.take("aa"), faults.take("aa"))] == ["Shutdown", None]
    assert [fault and fault.reason for fault in (faults.take_for("oauth"), faults.take_for("oauth"))] == [
        "invalid_grant",
        None,
    ]
    assert faults.take_for("channel") is None
    assert [fault and fault.reason for fault in (faults.take_for("fcm"), faults.take_for("fcm"))] == [
        "UNAVAILABLE",
        None,
    ]


def test_a_fault_may_wait_for_one_registration_token() -> None:
    """Whose letters are large and small; a fault that names nothing befalls every kind of request."""
    faults = Faults()
    faults.add(Fault("reset", token="aB:APA91b"))
    faults.add(Fault("slow"))

    assert [(faults.take_for("fcm", value) or Fault("none")).name for value in ("aC:APA91b", "aB:APA91b")] == [
        "slow",
        "reset",
    ]


def test_handshakes_and_requests_take_their_own_faults() -> None:
    """A fault of the handshake does not befall a request, nor the other way round."""
    faults = Faults()
    faults.add(Fault("tls:stall"))
    faults.add(Fault("slow"))

    assert [fault and fault.name for fault in (faults.take("aa"), faults.take("aa"))] == ["slow", None]
    assert [fault and fault.name for fault in (faults.take_handshake(), faults.take_handshake())] == ["tls:stall", None]
