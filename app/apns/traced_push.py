"""What a trace tells of a push: pure."""

from collections.abc import Collection, Iterator
from datetime import datetime

from app.apns.channel_settlement import Asked
from app.apns.reasons import reason_of
from app.apns.request import PushKind
from app.apns.sender import Answered
from app.apns.verdict import Outcome, Verdict
from app.tracing.span import Pushed
from projections.picture_debt import ClaimedPhone


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


def published_of(asked: Asked, verdict: Verdict, claimed_at: datetime) -> Pushed:
    """Give what a trace tells of a push to all who follow a channel."""
    channel = asked.channel
    return Pushed(
        subject_id=channel.subject_id,
        after_version=channel.accepted_version or 0,
        version=asked.version,
        kind="broadcast",
        environment=channel.environment,
        outcome=verdict.outcome,
        error=None if verdict.outcome is Outcome.ACCEPTED else reason_of(asked.said),
        claimed_at=claimed_at.timestamp(),
        sent_at=asked.begun_at.timestamp(),
        answered_at=asked.now.timestamp(),
    )


def woken_of(
    phone: ClaimedPhone,
    environment: str,
    subjects: Collection[str],
    verdict: Verdict,
    word: str,
    sent_at: datetime,
    answered_at: datetime,
) -> Iterator[Pushed]:
    """Give what traces tell of a push that tells an app of pictures, for each subject whose card waits for one."""
    for subject_id in subjects:
        yield Pushed(
            subject_id=subject_id,
            after_version=0,
            version=None,
            kind=PushKind.BACKGROUND,
            environment=environment,
            outcome=verdict.outcome,
            error=None if verdict.outcome is Outcome.ACCEPTED else reason_of(word),
            claimed_at=phone.now.timestamp(),
            sent_at=sent_at.timestamp(),
            answered_at=answered_at.timestamp(),
        )
