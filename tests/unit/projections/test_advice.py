"""Every reason has words for a person."""

import string

import pytest

from app.apns.reasons import REASONS
from projections.advice import ADVICE, OPEN_THE_APP, PAUSE_CURE, THE_APP_SHOWS_IT, found
from projections.clock import clock_by, clock_of
from projections.reasons import Reason
from tests.examples.cards import hours, seconds
from tests.examples.events import NOON
from tests.examples.wording import UNCLEAR, WHO_ACTS

KNOWN = {
    "order": "order-1",
    "do": "Operator: do this.",
    "paused": "all pushes",
    "lift": "lockstep resume all",
    "ends": "The pause does not end by itself.",
    "gone": "16:00",
    "silence": "Nobody: nothing follows.",
    "event": " (order.teleported)",
    "customer": "customer-7",
    "signed_in": "the order's customer is signed in on phone-2",
    "meanwhile": THE_APP_SHOWS_IT,
    "next": " The next order gets a card.",
    "was": "The card was ended on this phone",
    "there": "",
    "none": "If there is none, the app puts one up.",
}


def places_of(text: str) -> set[str]:
    """Name the places of a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_reason_has_advice() -> None:
    """A reason that is added without it fails here."""
    assert set(ADVICE) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_says_how_things_stand_and_what_to_do(reason: Reason) -> None:
    """Both are sentences, each line of the second begins with who acts, and what stands in them is known."""
    advice = ADVICE[reason]
    finding = found(reason, "A test.", NOON, since=NOON, until=hours(1), **KNOWN)

    assert finding.state[-1] == "."
    assert finding.since_what == advice.since
    assert advice.since
    assert places_of(advice.state) | places_of(advice.then) <= KNOWN.keys() | {"until"}
    for line in finding.next_step.splitlines():
        assert WHO_ACTS.fullmatch(line)
    assert (finding.until is not None) == ("until" in places_of(advice.then))


@pytest.mark.parametrize("reason", Reason)
def test_advice_has_no_word_that_support_does_not_know(reason: Reason) -> None:
    """One name for each thing, and none of ours."""
    advice = ADVICE[reason]

    assert not UNCLEAR.search(f"{advice.state} {advice.then}")


@pytest.mark.parametrize("word", REASONS)
def test_an_answer_of_apple_says_who_acts(word: str) -> None:
    """As every next step does."""
    reason = REASONS[word]

    assert WHO_ACTS.fullmatch(reason.do)
    assert not UNCLEAR.search(f"{reason.means} {reason.do}")


def test_each_pause_of_apns_has_a_cure() -> None:
    """The three that answers set."""
    assert set(PAUSE_CURE) == {"topic", "credential", "endpoint"}


def test_a_time_of_another_day_has_its_date() -> None:
    """Today's has none."""
    assert clock_of(NOON, hours(1)) == "12:00"
    assert clock_of(NOON, hours(13)) == "2025-11-01 12:00"


def test_a_time_that_is_waited_for_is_not_named_too_early() -> None:
    """At the minute that is named it has come; what has been is named by the minute that it fell in."""
    assert clock_by(NOON, NOON) == "12:00"
    assert clock_by(seconds(61), NOON) == "12:02"
    assert clock_of(seconds(61), NOON) == "12:01"


def test_a_customer_can_act_meanwhile() -> None:
    """Both lines begin as every next step does."""
    assert WHO_ACTS.fullmatch(OPEN_THE_APP)
    assert WHO_ACTS.fullmatch(THE_APP_SHOWS_IT)
