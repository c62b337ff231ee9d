"""Which pushes a phone counts against its hour."""

import pytest

from app.apns.request import Environment
from app.apns.settlement import settle_sent
from app.apns.verdict import Outcome, TokenAction, Verdict
from projections.card import Kind
from projections.choice import Send
from projections.plan_rules import PlanRules
from tests.examples.cards import NEW, PLACED, SECOND, live, seconds

START = Send(kind=Kind.START, why="start", timestamp=SECOND + 10, priority=10, alert=PLACED)
UPDATE = Send(kind=Kind.UPDATE, why="update", timestamp=SECOND + 10, priority=5)
ALERT = Send(kind=Kind.UPDATE, why="alert", timestamp=SECOND + 10, priority=10, alert=PLACED)
NOTIFIED = Send(kind=Kind.ALERT, why="notified", timestamp=SECOND + 10, priority=10, alert=PLACED)
ACCEPTED = Verdict(outcome=Outcome.ACCEPTED, why="accepted")
AGAIN = Verdict(outcome=Outcome.RETRY, why="again", retry_after_seconds=4.0)
GONE = Verdict(outcome=Outcome.REJECTED, why="gone", token=TokenAction.RETIRE)


@pytest.mark.parametrize(
    ("sent", "verdict", "answer_lost", "counted"),
    [
        (ALERT, ACCEPTED, False, True),
        (UPDATE, ACCEPTED, False, False),
        (ALERT, AGAIN, True, True),
        (ALERT, AGAIN, False, False),
        (ALERT, GONE, False, False),
        (START, ACCEPTED, False, False),
        (NOTIFIED, ACCEPTED, False, False),
    ],
    ids=["urgent", "not urgent", "perhaps", "not sent", "refused", "a start", "a notification"],
)
def test_the_phone_counts_what_came_with_priority_10(
    sent: Send, verdict: Verdict, *, answer_lost: bool, counted: bool
) -> None:
    """What may have arrived counts; a start has a budget of its own."""
    settled = settle_sent(
        live(),
        sent,
        verdict,
        version=2,
        content_hash=NEW,
        token_hash=b"token-1",
        now=seconds(10),
        rules=PlanRules(),
        answer_lost=answer_lost,
        said="Word",
        environment=Environment.SANDBOX,
    )

    assert settled.urgent == counted
