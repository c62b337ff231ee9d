"""What a trace tells of a push: pure."""

from app.apns.sender import Answered
from app.apns.verdict import Outcome
from app.tracing.span import Pushed


def pushed_of(answered: Answered) -> Pushed:
    """Give what a trace tells of a push, without whom it went to."""
    push = answered.push
    card = push.claimed.card
    return Pushed(
        subject_id=card.subject_id,
        after_version=card.accepted_version or 0,
        version=push.intent.version,
        kind=push.sent.kind,
        environment=push.request.environment,
        outcome=answered.outcome,
        error=None if answered.outcome is Outcome.ACCEPTED else answered.reason,
        claimed_at=push.claimed.now.timestamp(),
        sent_at=answered.sent_at.timestamp(),
        answered_at=answered.answered_at.timestamp(),
    )
