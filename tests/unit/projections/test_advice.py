"""Every reason has words for a person."""

import string
from datetime import datetime

import pytest

from app.apns.reasons import REASONS, explain_last
from projections.advice import ADVICE, PAUSE_CURE, found
from projections.clock import ago, clock_by, clock_of, moment_by
from projections.reasons import Reason
from projections.sentences import BEHIND, HELD_BACK, MAY_HELP, NO_CARD_TO_MOVE, OPEN_THE_APP, THE_APP_SHOWS_IT
from tests.examples.cards import hours, seconds
from tests.examples.events import NOON
from tests.examples.wording import NEXT_STEP, UNCLEAR

KNOWN = {
    "order": "order-1",
    "caused": "in Lockstep",
    "culprit": "Lockstep",
    "fixed": "Lockstep",
    "file": "orders-20260102T030000Z-1f2e3d4c.jsonl.gz",
    "cards": "There is no card",
    "opening": "order.placed",
    "do": "Operator: do this.\nNobody else",
    "cure": "see to it",
    "paused": "all pushes",
    "lift": "    lockstep resume all",
    "ends": "The pause does not end by itself.",
    "gone": "iOS removes the card by 16:00.",
    "silence": "Nobody: nothing follows.",
    "event": " (order.teleported)",
    "customer": "customer-7",
    "signed_in": "the order's customer is signed in on phone-2",
    "meanwhile": THE_APP_SHOWS_IT,
    "next": " The next order gets a card.",
    "over": "The card has ended",
    "happened": "Apple accepted that push",
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
    assert finding.since_what
    assert places_of(advice.state) | places_of(advice.then) | places_of(advice.since) <= KNOWN.keys() | {"until"}
    assert NEXT_STEP.fullmatch(finding.next_step)
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

    said = explain_last(word)

    assert NEXT_STEP.fullmatch(said.do or reason.do)
    assert not UNCLEAR.search(f"{said.means} {said.do}")


def test_each_pause_of_apns_has_a_cure() -> None:
    """The two that answers set."""
    assert set(PAUSE_CURE) == {"topic", "credential"}


def test_a_time_of_another_day_has_its_date() -> None:
    """Today's has none."""
    assert clock_of(NOON, hours(1)) == "12:00"
    assert clock_of(NOON, hours(13)) == "2025-11-01 12:00"


def test_a_time_that_is_waited_for_is_not_named_too_early() -> None:
    """At the minute that is named it has come; what has been is named by the minute that it fell in."""
    assert clock_by(NOON, NOON) == "12:00"
    assert clock_by(seconds(61), NOON) == "12:02"
    assert clock_of(seconds(61), NOON) == "12:01"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (seconds(0), "just now"),
        (seconds(29), "in a moment"),
        (seconds(60), "in 1 minute"),
        (hours(1), "in 60 minutes"),
        (hours(8), "in 8 hours"),
        (hours(72), "in 3 days"),
        (hours(-2), "2 hours ago"),
    ],
)
def test_a_time_says_how_far_away_it_is(at: datetime, text: str) -> None:
    """In its largest unit, so that nobody has to reckon with UTC."""
    assert ago(at, NOON) == text


def test_a_time_that_is_waited_for_says_how_long_that_is() -> None:
    """By the minute that is named."""
    assert moment_by(seconds(61), NOON) == "12:02 (in 2 minutes)"
    assert moment_by(hours(13), NOON) == "2025-11-02 01:00 (in 13 hours)"


@pytest.mark.parametrize("line", [BEHIND, HELD_BACK, MAY_HELP, NO_CARD_TO_MOVE, OPEN_THE_APP, THE_APP_SHOWS_IT])
def test_a_customer_can_act_meanwhile(line: str) -> None:
    """Each line begins as every next step does."""
    assert NEXT_STEP.fullmatch(line)
    assert not UNCLEAR.search(line)


@pytest.mark.parametrize(
    "text",
    [
        "Developer: make it.",
        "Operator, now: run lockstep resume all",
        "Operator, now: run this:\n    lockstep resume all.",
        "Operator, now: run this:",
        "The card follows.",
    ],
)
def test_a_next_step_that_nobody_could_follow_is_found(text: str) -> None:
    """It says which developer, and a command stands alone, as it is typed."""
    assert not NEXT_STEP.fullmatch(text)
