"""What a plan or a verdict leaves behind on its card: pure."""

from datetime import datetime, timedelta
from uuid import uuid5

from msgspec.structs import replace

from app.apns.request import Environment
from app.apns.verdict import Outcome, TokenAction, Verdict
from projections.card import NOT_MADE, Card, Kind, Phase, Settlement
from projections.choice import Nothing, Renew, Send, Wait
from projections.plan_rules import PlanRules

_OTHER = {Environment.SANDBOX: Environment.PRODUCTION, Environment.PRODUCTION: Environment.SANDBOX}


def settle_unsent(card: Card, decided: Wait | Nothing | Renew, version: int, now: datetime) -> Settlement:
    """Give what a plan that sends nothing leaves behind.

    Args:
        card: The card as claimed.
        decided: The plan.
        version: The version of the view that the plan saw.
        now: The time of the claim.
    """
    if isinstance(decided, Renew):
        return Settlement(
            card=card,
            phase=Phase.SHOWN,
            considered_version=version,
            outcome="renewing",
            why=decided.why,
            due_at=now,
            alerted_version=card.alerted_version,
            attempts=card.attempts,
            last_answer=card.last_answer,
            same_answers=card.same_answers,
            next_card_id=uuid5(card.card_id, "next generation"),
        )
    phase = decided.phase or card.phase
    return Settlement(
        card=card,
        phase=phase,
        considered_version=version,
        outcome=decided.outcome if isinstance(decided, Nothing) else "waiting",
        why=decided.why,
        due_at=decided.until,
        alerted_version=card.alerted_version,
        intent_stands=card.intent is not None and phase in (Phase.STARTING, Phase.ENDING),
        started=phase is Phase.SHOWN and card.started_at is None,
        attempts=card.attempts,
        last_answer=card.last_answer,
        same_answers=card.same_answers,
        recalled=isinstance(decided, Nothing) and decided.outcome in ("recalled", "postponed"),
        unreported=isinstance(decided, Wait) and decided.unreported,
    )


def settle_failed(card: Card, error: str, version: int, now: datetime, rules: PlanRules) -> Settlement:
    """Give what remains when a card could not be planned or rendered: a bug, which must not stop the others.

    Args:
        card: The card as claimed.
        error: The kind of the error, or words that quote no value.
        version: The version of the view that failed.
        now: The time of the claim.
        rules: The thresholds.
    """
    return Settlement(
        card=card,
        phase=card.phase,
        considered_version=version,
        outcome="failed",
        why=f"The card could not be made ({error}): a bug; it is tried again with the next news, or in an hour.",
        due_at=now + timedelta(seconds=rules.failed_again),
        alerted_version=card.alerted_version,
        intent_stands=card.intent is not None and card.phase in (Phase.STARTING, Phase.ENDING),
        attempts=card.attempts,
        last_answer=NOT_MADE,
        same_answers=1,
    )


def settle_unbegun(card: Card, now: datetime, *, planned: Send | None = None) -> Settlement:
    """Give what remains when nothing was begun: the lease had grown too short, or Postgres went away meanwhile.

    Args:
        card: The card as claimed.
        now: The time of the claim.
        planned: What was planned, if it came to that.
    """
    return Settlement(
        card=card,
        phase=card.phase if planned is None else _back(card, planned.kind),
        considered_version=0,
        outcome="postponed",
        why="Nothing was begun in time; the card is looked at again at once.",
        due_at=now,
        timestamp_used=0 if planned is None else planned.timestamp,
        alerted_version=card.alerted_version,
        intent_stands=planned is None and card.intent is not None,
        start_unused=planned is not None and planned.kind is Kind.START,
        attempts=card.attempts,
        last_answer=card.last_answer,
        same_answers=card.same_answers,
    )


def settle_shadowed(card: Card, planned: Send, version: int, now: datetime) -> Settlement:
    """Give what remains of a push that was recorded and not sent: the card is where it was, and waits for news.

    One that is on a phone is looked at again when it has certainly ended there.

    Args:
        card: The card as claimed.
        planned: What would have been sent.
        version: The version of the view that was planned for.
        now: The time of the claim.
    """
    return Settlement(
        card=card,
        phase=card.phase,
        considered_version=version,
        outcome="shadow",
        why=f"Shadow mode: this {planned.kind} was recorded and not sent. {planned.why}",
        due_at=None if card.phase is Phase.WANTED else now + card.lifetime,
        alerted_version=card.alerted_version,
        intent_stands=card.intent is not None and card.phase in (Phase.STARTING, Phase.ENDING),
        attempts=card.attempts,
        last_answer=card.last_answer,
        same_answers=card.same_answers,
    )


def settle_sent(
    card: Card,
    sent: Send,
    verdict: Verdict,
    *,
    version: int,
    content_hash: bytes | None,
    token_hash: bytes | None,
    now: datetime,
    rules: PlanRules,
    answer_lost: bool,
    said: str,
    environment: Environment,
) -> Settlement:
    """Give what a push leaves behind.

    Args:
        card: The card as claimed.
        sent: What was sent.
        verdict: What APNs' answer means.
        version: The version of the view that was sent.
        content_hash: Of the content state that was sent; None when there was none.
        token_hash: Blind index of the token that it was sent to.
        now: The time of the answer.
        rules: The thresholds.
        answer_lost: Whether the push may have arrived although no answer came.
        said: What the answer was, by which a repetition is known.
        environment: Where it was sent.
    """
    spoken = version if sent.alert is not None else card.alerted_version
    # a start has a budget of its own, and an ordinary notification has none
    urgent = sent.priority == 10 and sent.kind in (Kind.UPDATE, Kind.END)
    if verdict.outcome is Outcome.ACCEPTED and sent.kind is Kind.ALERT:
        return _told(card, sent, version, spoken, now)
    if verdict.outcome is Outcome.ACCEPTED:
        return replace(_accepted(card, sent, version, content_hash, spoken, now, rules), urgent=urgent)
    other = _OTHER[environment] if verdict.other_environment else None
    tried = Settlement(
        card=card,
        phase=_back(card, sent.kind),
        considered_version=version,
        outcome="retrying",
        why=verdict.why,
        due_at=now,
        timestamp_used=sent.timestamp,
        # what may have been heard is not spoken again; what provably failed is
        alerted_version=spoken if answer_lost else card.alerted_version,
        attempts=card.attempts + verdict.counted,
        last_answer=said,
        same_answers=card.answered_before(said) + 1,
        start_unused=sent.kind is Kind.START and verdict.outcome is not Outcome.UNKNOWN,
        urgent=urgent and answer_lost,
        tried_hash=None if other is None else token_hash,
        tried_environment=other,
    )
    if verdict.pause is not None and verdict.outcome is not Outcome.UNKNOWN:
        # the pause holds the card back; when that is lifted, nothing else may
        return replace(tried, outcome="paused")
    match verdict.outcome:
        case Outcome.UNKNOWN:
            return replace(
                tried,
                phase=Phase.STARTING,
                outcome="unknown",
                due_at=now + timedelta(seconds=rules.report_wait),
                alerted_version=spoken,
                intent_stands=True,
            )
        case Outcome.RETRY:
            return replace(
                tried,
                block_seconds=verdict.retry_after_seconds or 0.0,
                suspect_hash=token_hash if verdict.token is not TokenAction.KEEP else None,
            )
        case Outcome.REJECTED:
            retired, suspect = verdict.token is TokenAction.RETIRE, verdict.token is TokenAction.SUSPECT
            return replace(
                tried,
                outcome="refused" if retired or suspect else "failed",
                # what a bug of ours caused may be mended by then; a suspect token is refused a second time, or works
                due_at=now if retired else now + timedelta(seconds=rules.failed_again),
                alerted_version=card.alerted_version,
                refused_hash=token_hash if retired and sent.kind in (Kind.UPDATE, Kind.END) else None,
                suspect_hash=token_hash if suspect else None,
            )


def _told(card: Card, sent: Send, version: int, spoken: int, now: datetime) -> Settlement:
    """Give what an ordinary notification leaves behind: the card is where it was, and what it waits for is planned."""
    return Settlement(
        card=card,
        phase=card.phase,
        considered_version=version,
        outcome="accepted",
        why=sent.why,
        due_at=now,
        alerted_version=spoken,
    )


def _accepted(
    card: Card,
    sent: Send,
    version: int,
    content_hash: bytes | None,
    spoken: int,
    now: datetime,
    rules: PlanRules,
) -> Settlement:
    started_at = now if sent.kind is Kind.START else card.started_at or now
    renew_at = started_at + timedelta(seconds=rules.renew_after)
    look_at = renew_at if renew_at > now and not card.is_android else started_at + card.lifetime
    if sent.kind is Kind.START and not card.is_android:
        # by then the app has told of the card, or will not
        look_at = now + timedelta(seconds=rules.arrival)
    elif sent.grows_older_at is not None:
        look_at = min(look_at, sent.grows_older_at)
    return Settlement(
        card=card,
        phase=Phase.OVER if sent.kind is Kind.END else Phase.SHOWN,
        considered_version=version,
        outcome="accepted",
        why=sent.why,
        due_at=look_at,
        timestamp_used=sent.timestamp,
        alerted_version=spoken,
        accepted_version=version,
        accepted_hash=content_hash,
        started=sent.kind is Kind.START or card.started_at is None,
        freshness=sent.freshness,
        recalled=sent.kind is Kind.END and not sent.with_content,
    )


def _back(card: Card, kind: Kind) -> Phase:
    """Give the phase of a card whose push did not arrive."""
    if kind is Kind.ALERT:
        return card.phase
    return Phase.WANTED if kind is Kind.START and card.started_at is None else Phase.SHOWN
