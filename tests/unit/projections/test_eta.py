"""Which of the delivery times that are put become events."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from events.codec import decode
from events.envelope import as_recorded, effective_at
from events.errors import EventError
from events.order import EtaChanged
from projections.eta import (
    Eta,
    EtaRules,
    Expected,
    Hold,
    Judgement,
    Known,
    Overtaken,
    Record,
    Unchanged,
    eta_event,
    folded_time,
    judge,
)
from projections.order_view import EMPTY, encode_view
from tests.examples.events import happened
from tests.examples.views import evolve

NOW: Final = datetime(2025, 11, 1, 12, tzinfo=UTC)
SHOWN: Final = NOW + timedelta(minutes=30)
RULES: Final = EtaRules(moves=60, apart=15, stands=60, confirms=1_800)
KEY: Final = b"key"


def seconds(amount: float) -> timedelta:
    """Give so many seconds."""
    return timedelta(seconds=amount)


def expected(delivery_time: datetime, *, since: float = 100, version: int = 3) -> Expected:
    """Give a delivery time of the log that took effect so many seconds ago."""
    at = NOW - seconds(since)
    return Expected(delivery_time, (effective_at(at, at), version))


def judged(moved: float, *, ago: float = 0, **changes: Any) -> Judgement:
    """Judge a time that was put now and moved by so many seconds against what the card shows."""
    known = {"folded": expected(SHOWN), "changed_at": NOW, "heard_at": NOW - seconds(100), "now": NOW, **changes}
    eta = Eta(subject_id="order-1", delivery_time=SHOWN + seconds(moved), at=NOW - seconds(ago), source="courier")
    return judge(eta, Known(**known), RULES)


def test_the_first_time_is_recorded_at_once() -> None:
    """A card without a time shows less than one with any."""
    assert judged(0, folded=None, heard_at=None) == Record()


@pytest.mark.parametrize("moved", [60, 61, -60, -3_600])
def test_a_minute_is_recorded_at_once(moved: float) -> None:
    """Later or earlier."""
    assert judged(moved) == Record()


@pytest.mark.parametrize("moved", [0, 0.4, 0.999])
def test_what_the_card_shows_already_is_no_event(moved: float) -> None:
    """A card has whole seconds."""
    assert judged(moved) == Unchanged()


@pytest.mark.parametrize("moved", [1, 59, -59])
def test_less_waits_until_it_has_stood(moved: float) -> None:
    """From when it last moved."""
    assert judged(moved, changed_at=NOW - seconds(20)) == Hold(NOW + seconds(40))
    assert judged(moved, changed_at=NOW - seconds(60)) == Record()


def test_a_jump_waits_for_its_distance_to_the_event_before() -> None:
    """A courier at whose corner two streets are equally fast is not an event a second."""
    assert judged(90, recorded_at=NOW - seconds(5)) == Hold(NOW + seconds(10))
    assert judged(90, recorded_at=NOW - seconds(15)) == Record()


def test_what_alerts_waits_for_nothing() -> None:
    """Five minutes later is said at once; five minutes earlier may wait."""
    assert judged(300, recorded_at=NOW - seconds(1)) == Record()
    assert judged(-300, recorded_at=NOW - seconds(1)) == Hold(NOW + seconds(14))


def test_an_older_time_does_not_win() -> None:
    """Neither over an event that took effect later, nor over a recorded time that has not been folded."""
    assert judged(600, ago=101) == Overtaken()
    assert judged(600, ago=40, recorded=expected(SHOWN, since=30, version=4)) == Overtaken()
    assert judged(600, ago=99) == Record()


def test_a_recorded_time_counts_before_it_is_folded() -> None:
    """While no projector runs the same time is not recorded again; an event that is newer counts more."""
    recorded_time = expected(SHOWN + seconds(120), since=30, version=4)
    assert judged(120, recorded=recorded_time) == Unchanged()
    assert judged(120, folded=expected(SHOWN, since=20, version=5), recorded=recorded_time) == Record()


def test_a_time_that_is_confirmed_keeps_the_card_young() -> None:
    """Once in a long while: the card of an order of which nothing is heard would be called old."""
    assert judged(0, heard_at=NOW - seconds(1_799)) == Unchanged()
    assert judged(0, heard_at=NOW - seconds(1_800)) == Record()
    assert judged(0, heard_at=NOW - seconds(1_800), recorded_at=NOW - seconds(10)) == Unchanged()
    assert judged(0, ago=60, heard_at=NOW - seconds(1_800)) == Unchanged(), "a courier who is silent confirms nothing"
    assert judged(0, ago=-7_200) == Unchanged(), "nor does a clock that is ahead"


def test_the_event_of_a_time_is_always_the_same() -> None:
    """So a repeat is a duplicate; the time it speaks of is when it was so, not when it was recorded."""
    eta = Eta(subject_id="order-1", delivery_time=SHOWN, at=NOW - seconds(7), source="courier")
    event = eta_event(eta, KEY)
    assert event == eta_event(msgspec.structs.replace(eta), KEY)
    assert event.event_id != eta_event(msgspec.structs.replace(eta, delivery_time=SHOWN + seconds(1)), KEY).event_id
    assert event.occurred_at == eta.at
    assert decode(as_recorded(event, 4, NOW)) == EtaChanged(delivery_time=SHOWN)


def test_a_time_that_no_event_may_have_is_refused() -> None:
    """The vocabulary's own rules hold."""
    eta = Eta(subject_id="order-1", delivery_time=SHOWN.replace(year=1999), at=NOW, source="lockstep")
    with pytest.raises(EventError) as raised:
        eta_event(eta, KEY)
    assert [each.pointer for each in raised.value.faults] == ["/source", "/data/deliveryTime"]


def test_the_delivery_time_is_read_from_a_stored_view() -> None:
    """Under the names that the view is stored by."""
    view = evolve(EMPTY, happened(1, "order.placed"))
    state, _ = encode_view(view)
    assert view.next_expected_at is not None
    assert folded_time(state) == Expected(view.next_expected_at, view.delivery_stamp)
    assert folded_time(encode_view(EMPTY)[0]) is None
