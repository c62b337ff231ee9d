"""Every reason has words for a person."""

import string

import pytest

from projections.advice import ADVICE, PAUSE_CURE, clock_of, found
from projections.reasons import Reason
from tests.examples.cards import hours
from tests.examples.events import NOON

PLACES = {"order", "do", "lift", "until"}


def test_every_reason_has_advice() -> None:
    """A reason that is added without it fails here."""
    assert set(ADVICE) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_says_how_things_stand_and_what_to_do(reason: Reason) -> None:
    """Both are sentences, and what stands in them is known to those who ask for it."""
    advice = ADVICE[reason]
    finding = found(reason, "A test.", NOON, until=hours(1), order="order-1", do="Do this.", lift="lockstep resume all")
    places = {name for _, name, _, _ in string.Formatter().parse(advice.then) if name}

    assert advice.state[-1] == "."
    assert places <= PLACES
    assert len(finding.next_step) > len("Nothing: .")
    assert (finding.until is not None) == ("until" in places)


def test_each_pause_of_apns_has_a_cure() -> None:
    """The three that answers set."""
    assert set(PAUSE_CURE) == {"topic", "credential", "endpoint"}


def test_a_time_of_another_day_has_its_date() -> None:
    """Today's has none."""
    assert clock_of(NOON, hours(1)) == "12:00:00 UTC"
    assert clock_of(NOON, hours(13)) == "2025-11-01 12:00:00 UTC"
