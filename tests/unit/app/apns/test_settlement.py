"""What each answer leaves on its card; and a whole life of a card, planned and settled."""

from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest

from app.apns.request import Environment
from app.apns.settlement import settle_failed, settle_sent, settle_unbegun, settle_unsent
from app.apns.verdict import Outcome, TokenAction, Verdict
from projections.card import LIFETIME, Card, Kind, Phase, Settlement
from projections.choice import Nothing, Plan, Renew, Send, Wait
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import (
    CARD_ID,
    NEW,
    PLACED,
    SECOND,
    card,
    hours,
    intent,
    live,
    seconds,
    shown,
    starting,
)
from tests.examples.events import NOON

RULES = PlanRules()
NOW = seconds(10)
START = Send(kind=Kind.START, why="start", timestamp=SECOND + 10, priority=10, alert=PLACED)
UPDATE = Send(kind=Kind.UPDATE, why="update", timestamp=SECOND + 10, priority=5)
ALERT = Send(kind=Kind.UPDATE, why="alert", timestamp=SECOND + 10, priority=10, alert=PLACED)
END = Send(kind=Kind.END, why="end", timestamp=SECOND + 10, priority=10)
ACCEPTED = Verdict(outcome=Outcome.ACCEPTED, why="accepted")
LOST = Verdict(outcome=Outcome.UNKNOWN, why="lost")
AGAIN = Verdict(outcome=Outcome.RETRY, why="again", retry_after_seconds=4.0)
UNCOUNTED = Verdict(outcome=Outcome.RETRY, why="unconnected", retry_after_seconds=0.5, counted=False)
RECHECK = Verdict(outcome=Outcome.RETRY, why="recheck", retry_after_seconds=30.0, token=TokenAction.RECHECK)
GONE = Verdict(outcome=Outcome.REJECTED, why="gone", token=TokenAction.RETIRE)
SUSPECT = Verdict(outcome=Outcome.REJECTED, why="suspect", token=TokenAction.SUSPECT)
OURS = Verdict(outcome=Outcome.REJECTED, why="ours")


def settled(before: Card, sent: Send, verdict: Verdict, *, answer_lost: bool = False, said: str = "Word") -> Settlement:
    """Settle a push of version 2 at ten seconds after noon."""
    return settle_sent(
        before,
        sent,
        verdict,
        version=2,
        content_hash=NEW,
        token_hash=b"token-1",
        now=NOW,
        rules=RULES,
        answer_lost=answer_lost,
        said=said,
        environment=Environment.SANDBOX,
    )


def left(before: Card, **changes: Any) -> Settlement:
    """Give a settlement of version 2, with the push's timestamp."""
    fields: dict[str, Any] = {"card": before, "considered_version": 2, "timestamp_used": SECOND + 10}
    if changes["outcome"] != "accepted":
        fields |= {"last_answer": "Word", "same_answers": 1}
    return Settlement(**(fields | changes))


ROWS: dict[str, tuple[Card, Send, Verdict, dict[str, Any]]] = {
    "an accepted start": (
        card(),
        START,
        ACCEPTED,
        {
            "phase": Phase.SHOWN,
            "outcome": "accepted",
            "why": "start",
            "due_at": NOW + timedelta(seconds=RULES.arrival),
            "alerted_version": 2,
            "accepted_version": 2,
            "accepted_hash": NEW,
            "started": True,
        },
    ),
    "an accepted update": (
        live(attempts=3),
        UPDATE,
        ACCEPTED,
        {
            "phase": Phase.SHOWN,
            "outcome": "accepted",
            "why": "update",
            "due_at": seconds(RULES.renew_after),
            "alerted_version": 1,
            "accepted_version": 2,
            "accepted_hash": NEW,
        },
    ),
    "an accepted update of an old card": (
        live(started_at=hours(-7.9)),
        UPDATE,
        ACCEPTED,
        {
            "phase": Phase.SHOWN,
            "outcome": "accepted",
            "why": "update",
            "due_at": hours(0.1),
            "alerted_version": 1,
            "accepted_version": 2,
            "accepted_hash": NEW,
        },
    ),
    "an accepted end": (
        live(),
        END,
        ACCEPTED,
        {
            "phase": Phase.OVER,
            "outcome": "accepted",
            "why": "end",
            "urgent": True,
            "due_at": seconds(RULES.renew_after),
            "alerted_version": 1,
            "accepted_version": 2,
            "accepted_hash": NEW,
        },
    ),
    "a start without an answer": (
        card(),
        START,
        LOST,
        {
            "phase": Phase.STARTING,
            "outcome": "unknown",
            "why": "lost",
            "due_at": NOW + timedelta(minutes=1),
            "alerted_version": 2,
            "intent_stands": True,
            "attempts": 1,
        },
    ),
    "a start to be tried again": (
        card(attempts=1),
        START,
        AGAIN,
        {
            "phase": Phase.WANTED,
            "outcome": "retrying",
            "why": "again",
            "due_at": NOW,
            "block_seconds": 4.0,
            "attempts": 2,
            "start_unused": True,
        },
    ),
    "an update to be tried again": (
        live(),
        UPDATE,
        AGAIN,
        {
            "phase": Phase.SHOWN,
            "outcome": "retrying",
            "why": "again",
            "due_at": NOW,
            "block_seconds": 4.0,
            "alerted_version": 1,
            "attempts": 1,
        },
    ),
    "an update that found no connection": (
        live(attempts=3),
        UPDATE,
        UNCOUNTED,
        {
            "phase": Phase.SHOWN,
            "outcome": "retrying",
            "why": "unconnected",
            "due_at": NOW,
            "block_seconds": 0.5,
            "alerted_version": 1,
            "attempts": 3,
        },
    ),
    "a token to be looked at again": (
        live(),
        UPDATE,
        RECHECK,
        {
            "phase": Phase.SHOWN,
            "outcome": "retrying",
            "why": "recheck",
            "due_at": NOW,
            "block_seconds": 30.0,
            "alerted_version": 1,
            "suspect_hash": b"token-1",
            "attempts": 1,
        },
    ),
    "an update token that is gone": (
        live(),
        UPDATE,
        GONE,
        {
            "phase": Phase.SHOWN,
            "outcome": "refused",
            "why": "gone",
            "due_at": NOW,
            "alerted_version": 1,
            "refused_hash": b"token-1",
            "attempts": 1,
        },
    ),
    "a suspect update token": (
        live(),
        END,
        SUSPECT,
        {
            "phase": Phase.SHOWN,
            "outcome": "refused",
            "why": "suspect",
            "due_at": NOW + timedelta(seconds=RULES.failed_again),
            "alerted_version": 1,
            "suspect_hash": b"token-1",
            "attempts": 1,
        },
    ),
    "a start token that is gone": (
        card(),
        START,
        GONE,
        {
            "phase": Phase.WANTED,
            "outcome": "refused",
            "why": "gone",
            "due_at": NOW,
            "attempts": 1,
            "start_unused": True,
        },
    ),
    "a start token of another app": (
        card(),
        START,
        SUSPECT,
        {
            "phase": Phase.WANTED,
            "outcome": "refused",
            "why": "suspect",
            "due_at": NOW + timedelta(seconds=RULES.failed_again),
            "attempts": 1,
            "start_unused": True,
            "suspect_hash": b"token-1",
        },
    ),
    "a push that was our mistake": (
        live(),
        UPDATE,
        OURS,
        {
            "phase": Phase.SHOWN,
            "outcome": "failed",
            "why": "ours",
            "due_at": NOW + timedelta(seconds=RULES.failed_again),
            "alerted_version": 1,
            "attempts": 1,
        },
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_an_answer_leaves(row: str) -> None:
    """The whole settlement of each kind of answer."""
    before, sent, verdict, expected = ROWS[row]
    assert settled(before, sent, verdict) == left(before, **expected)


@pytest.mark.parametrize(("answer_lost", "alerted"), [(True, 2), (False, 1)])
def test_an_alert_that_may_have_been_heard_is_not_spoken_again(alerted: int, *, answer_lost: bool) -> None:
    """One that provably failed is."""
    assert settled(live(), ALERT, AGAIN, answer_lost=answer_lost).alerted_version == alerted


@pytest.mark.parametrize(
    ("before", "decided", "expected"),
    [
        (
            card(attempts=2),
            Wait(Reason.UNCHANGED, "wait"),
            {"phase": Phase.WANTED, "outcome": "waiting", "why": "wait", "attempts": 2},
        ),
        (
            starting(alerted_version=1),
            Wait(Reason.UNCHANGED, "wait", until=NOW),
            {
                "phase": Phase.STARTING,
                "outcome": "waiting",
                "why": "wait",
                "due_at": NOW,
                "alerted_version": 1,
                "intent_stands": True,
                "attempts": 1,
            },
        ),
        (
            starting(),
            Wait(Reason.UNCHANGED, "shown", phase=Phase.SHOWN),
            {"phase": Phase.SHOWN, "outcome": "waiting", "why": "shown", "started": True, "attempts": 1},
        ),
        (
            live(),
            Nothing(Reason.UNCHANGED, "gone", phase=Phase.OVER, outcome="gone"),
            {"phase": Phase.OVER, "outcome": "gone", "why": "gone", "alerted_version": 1},
        ),
        (
            live(),
            Renew(Reason.UNCHANGED, "old"),
            {
                "phase": Phase.SHOWN,
                "outcome": "renewing",
                "why": "old",
                "due_at": NOW,
                "alerted_version": 1,
                "next_card_id": uuid5(CARD_ID, "next generation"),
            },
        ),
    ],
    ids=["wait", "unknown start", "counted as shown", "over", "renewal"],
)
def test_what_a_plan_that_sends_nothing_leaves(before: Card, decided: Plan, expected: dict[str, Any]) -> None:
    """The whole settlement; an answer that is still unknown stays so."""
    assert not isinstance(decided, Send)
    assert settle_unsent(before, decided, 2, NOW) == Settlement(card=before, considered_version=2, **expected)


def test_the_same_answer_again_is_counted_and_another_begins_anew() -> None:
    """So that what helps once is known to have been tried."""
    met = live(last_answer="Word", same_answers=2)
    again, other, well = (
        settled(met, UPDATE, AGAIN),
        settled(met, UPDATE, AGAIN, said="500"),
        settled(met, UPDATE, ACCEPTED),
    )

    assert [(each.last_answer, each.same_answers) for each in (again, other, well)] == [
        ("Word", 3),
        ("500", 1),
        (None, 0),
    ]


def test_a_push_that_was_not_begun_leaves_the_card_as_it_was() -> None:
    """Due at once, nothing considered, its timestamp used all the same."""
    assert settle_unbegun(card(), NOW, planned=START) == Settlement(
        card=card(),
        phase=Phase.WANTED,
        considered_version=0,
        outcome="postponed",
        why="Nothing was begun in time; the card is looked at again at once.",
        due_at=NOW,
        timestamp_used=SECOND + 10,
        start_unused=True,
    )


def test_a_card_that_cannot_be_made_waits_and_names_the_error() -> None:
    """Its phase and an unknown answer stand; the words of the error, which may quote a person, are left out."""
    assert settle_failed(starting(), "ValueError", 2, NOW, RULES) == Settlement(
        card=starting(),
        phase=Phase.STARTING,
        considered_version=2,
        outcome="failed",
        why="The card could not be made (ValueError): a bug; it is tried again with the next news, or in an hour.",
        due_at=NOW + timedelta(seconds=RULES.failed_again),
        intent_stands=True,
        attempts=1,
        last_answer="not made",
        same_answers=1,
    )


def test_an_update_for_a_card_whose_app_answered_first_counts_it_as_started() -> None:
    """The report came before our answer: with the first accepted update the card has lived since now."""
    before = starting(reported_state="active", token_hash=b"token-1", intent=intent(at=NOON))
    done = settled(before, UPDATE, ACCEPTED)

    assert (done.phase, done.started, done.due_at) == (
        Phase.SHOWN,
        True,
        NOW + timedelta(seconds=RULES.renew_after),
    )
    assert done.due_at is not None
    assert done.due_at < NOW + LIFETIME
    assert shown().started_at == NOON
