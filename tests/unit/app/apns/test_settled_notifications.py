"""What an ordinary notification leaves on its card."""

import pytest

from app.apns.request import Environment
from app.apns.settlement import settle_sent
from app.apns.verdict import Outcome, TokenAction, Verdict
from projections.card import Card, Kind, Phase, Settlement
from projections.choice import Send
from projections.plan_rules import PlanRules
from tests.examples.cards import PLACED, SECOND, card, seconds, shown

NOW = seconds(10)
NOTIFIED = Send(kind=Kind.ALERT, why="notified", timestamp=SECOND + 10, priority=10, alert=PLACED)
ACCEPTED = Verdict(outcome=Outcome.ACCEPTED, why="accepted")
AGAIN = Verdict(outcome=Outcome.RETRY, why="again", retry_after_seconds=4.0)
GONE = Verdict(outcome=Outcome.REJECTED, why="gone", token=TokenAction.RETIRE)
OURS = Verdict(outcome=Outcome.REJECTED, why="ours")


def settled(before: Card, verdict: Verdict, *, answer_lost: bool = False) -> Settlement:
    """Settle a notification of version 2 at ten seconds after noon."""
    return settle_sent(
        before,
        NOTIFIED,
        verdict,
        version=2,
        content_hash=b"what has come",
        token_hash=b"alert-1",
        now=NOW,
        rules=PlanRules(),
        answer_lost=answer_lost,
        said="Word",
        environment=Environment.SANDBOX,
    )


@pytest.mark.parametrize("before", [card(), shown()], ids=["wanted", "shown"])
def test_a_notification_leaves_its_card_where_it_was(before: Card) -> None:
    """What was told is not told again; the card is planned anew at once, and nothing was accepted for it."""
    told = settled(before, ACCEPTED)

    assert told == Settlement(
        card=before,
        phase=before.phase,
        considered_version=2,
        outcome="accepted",
        why="notified",
        due_at=NOW,
        alerted_version=2,
    )


@pytest.mark.parametrize(
    ("verdict", "answer_lost", "outcome", "alerted"),
    [
        (AGAIN, False, "retrying", 0),
        (AGAIN, True, "retrying", 2),
        (GONE, False, "refused", 0),
        (OURS, False, "failed", 0),
    ],
    ids=["not sent", "perhaps", "refused", "our fault"],
)
def test_a_notification_that_failed_touches_nothing_of_the_card(
    verdict: Verdict, outcome: str, alerted: int, *, answer_lost: bool
) -> None:
    """Neither phase nor update token; what may have been heard is not told again."""
    left_over = settled(card(), verdict, answer_lost=answer_lost)

    assert (left_over.phase, left_over.outcome, left_over.alerted_version) == (Phase.WANTED, outcome, alerted)
    assert (left_over.refused_hash, left_over.tried_environment, left_over.accepted_version) == (None, None, None)
    assert (left_over.start_unused, left_over.urgent) == (False, False)
