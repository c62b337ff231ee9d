"""What a plan or a verdict leaves behind on its channel: pure."""

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from app.apns.channel_verdict import ChannelOutcome, ChannelVerdict
from projections.card import LIFETIME, NOT_MADE, Kind
from projections.channel import NO_MORE_CHANNELS, Channel, ChannelPhase, ChannelSettlement
from projections.channel_plan import Check, Create, Delete, Rest
from projections.choice import Send
from projections.clock import clock_by
from projections.face import Face
from projections.plan_rules import PlanRules


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of APNs for a channel, and when.

    Attributes:
        decided: The plan.
        face: What its cards would show.
        begun_at: When the request was begun.
        now: When its answer came, or did not.
        said: What the answer was, by which a repetition is known.
        channel_id: Apple's, of a channel that was made.
        answer_lost: It may have been done although no answer came.
    """

    channel: Channel
    decided: Create | Send | Delete | Check
    face: Face | None
    begun_at: datetime
    now: datetime
    said: str
    channel_id: str | None = None
    answer_lost: bool = False

    @property
    def version(self) -> int:
        """Give the version that the plan saw."""
        return 0 if self.face is None else self.face.version

    @property
    def spoken(self) -> int | None:
        """Give the version whose alert it spoke; None where it had none."""
        return self.version if isinstance(self.decided, Send) and self.decided.alert is not None else None


def settle_rest(channel: Channel, decided: Rest, version: int) -> ChannelSettlement:
    """Give what a plan that asks for nothing leaves behind."""
    return ChannelSettlement(
        channel=channel,
        phase=decided.phase or channel.phase,
        considered_version=version,
        outcome="waiting",
        why=decided.why,
        due_at=decided.until,
        attempts=channel.attempts,
        last_answer=channel.last_answer,
        same_answers=channel.same_answers,
        # a card that came meanwhile has found a channel on its way, and waits for it
        tell_waiting=decided.phase is ChannelPhase.GONE,
    )


def settle_postponed(channel: Channel, why: str, again_at: datetime) -> ChannelSettlement:
    """Give what remains where nothing was begun: the channel is where it was, and looked at again."""
    return ChannelSettlement(
        channel=channel,
        phase=channel.phase,
        considered_version=0,
        outcome="postponed",
        why=why,
        due_at=again_at,
        attempts=channel.attempts,
        last_answer=channel.last_answer,
        same_answers=channel.same_answers,
    )


def settle_withheld(channel: Channel, version: int, until: datetime, now: datetime) -> ChannelSettlement:
    """Give what remains where Apple makes no more channels for the app: as if it had said so, cards go by tokens."""
    return ChannelSettlement(
        channel=channel,
        phase=ChannelPhase.WANTED,
        considered_version=version,
        outcome="failed",
        why="The app has as many channels as Apple allows. Lockstep asks for more when one was deleted, or at "
        f"{clock_by(until, now)}.",
        due_at=until,
        attempts=channel.attempts,
        last_answer=NO_MORE_CHANNELS,
        same_answers=channel.same_answers,
        tell_waiting=True,
    )


def settle_not_made(channel: Channel, error: str, version: int, now: datetime, rules: PlanRules) -> ChannelSettlement:
    """Give what remains when a push could not be made: a bug, which must not stop other channels."""
    return ChannelSettlement(
        channel=channel,
        phase=channel.phase,
        considered_version=version,
        outcome="failed",
        why=f"The push could not be made ({error}): a bug; it is tried again with the next news, or in an hour.",
        due_at=now + timedelta(seconds=rules.failed_again),
        attempts=channel.attempts,
        last_answer=NOT_MADE,
        same_answers=1,
    )


def settle_asked(asked: Asked, verdict: ChannelVerdict, rules: PlanRules) -> ChannelSettlement:
    """Give what a request leaves behind."""
    channel, decided = asked.channel, asked.decided
    if verdict.outcome is ChannelOutcome.DONE:
        match decided:
            case Create():
                return _created(asked)
            case Delete():
                return replace(_done(asked, ChannelPhase.GONE, "Apple deleted the channel."), tell_waiting=True)
            case Send():
                return _published(asked, decided, rules)
            case Check():
                return _checked(asked, "Apple knows the channel, though its list lacked it.")
    if verdict.outcome is ChannelOutcome.GONE:
        if isinstance(decided, Delete):
            return replace(_done(asked, ChannelPhase.GONE, "The channel was deleted before."), tell_waiting=True)
        lost = _done(asked, ChannelPhase.GONE, f"The channel is lost: {verdict.why}")
        return replace(lost, outcome="lost", lost=True, tell_waiting=True, tell_members=True, last_answer=asked.said)
    if isinstance(decided, Check) and verdict.outcome is not ChannelOutcome.RETRY:
        # that it cannot be asked must not keep it from what it has to say
        return _checked(asked, f"Whether Apple knows the channel cannot be found out: {verdict.why}")
    unavailable = verdict.outcome is ChannelOutcome.UNAVAILABLE
    again = verdict.retry_after_seconds if verdict.retry_after_seconds is not None else rules.failed_again
    return ChannelSettlement(
        channel=channel,
        phase=ChannelPhase.WANTED if isinstance(decided, Create) else channel.phase,
        considered_version=asked.version,
        outcome="retrying" if verdict.outcome is ChannelOutcome.RETRY else "failed",
        why=verdict.why,
        due_at=asked.now + timedelta(seconds=again) if unavailable else asked.now,
        block_seconds=None if unavailable else again,
        timestamp_used=decided.timestamp if isinstance(decided, Send) else 0,
        # what may have been heard is not spoken again; what provably failed is
        alerted_version=asked.spoken if asked.answer_lost else None,
        attempts=channel.attempts + verdict.sender.counted,
        last_answer=asked.said,
        same_answers=channel.answered_before(asked.said) + 1,
        # cards that wait go by tokens where there is no channel to be had
        tell_waiting=unavailable,
    )


def _created(asked: Asked) -> ChannelSettlement:
    """Open a channel: its cards are started with what is known now, so that much counts as told."""
    done = _done(asked, ChannelPhase.OPEN, "Apple made the channel.")
    return replace(
        done,
        channel_id=asked.channel_id,
        due_at=asked.now + LIFETIME,
        alerted_version=asked.version,
        accepted_version=asked.version,
        accepted_hash=None if asked.face is None else asked.face.content_hash,
        tell_waiting=True,
    )


def _published(asked: Asked, sent: Send, rules: PlanRules) -> ChannelSettlement:
    is_end = sent.kind is Kind.END
    due_at = asked.now + timedelta(seconds=rules.channel_settle)
    if sent.grows_older_at is not None and not is_end:
        due_at = min(due_at, sent.grows_older_at)
    done = _done(asked, ChannelPhase.ENDED if is_end else ChannelPhase.OPEN, sent.why)
    return replace(
        done,
        due_at=due_at,
        timestamp_used=sent.timestamp,
        alerted_version=asked.spoken,
        accepted_version=asked.version,
        accepted_hash=None if asked.face is None else asked.face.content_hash,
        published_at=asked.begun_at,
        freshness=sent.freshness,
        tell_members=is_end,
        seen=True,
    )


def _checked(asked: Asked, why: str) -> ChannelSettlement:
    """Look again at once, for what it has to say."""
    done = _done(asked, asked.channel.phase, why)
    return replace(done, considered_version=0, due_at=asked.now, seen=True)


def _done(asked: Asked, phase: ChannelPhase, why: str) -> ChannelSettlement:
    return ChannelSettlement(
        channel=asked.channel, phase=phase, considered_version=asked.version, outcome="accepted", why=why
    )
