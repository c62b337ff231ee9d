"""Decide what an outcome means for a channel: what is Apple's about channels here, the rest as for any push."""

from enum import StrEnum
from types import MappingProxyType

import msgspec

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent
from app.apns.judge import judge
from app.apns.reasons import explain
from app.apns.request import PushKind
from app.apns.verdict import DEFAULT, Outcome, Verdict, VerdictSettings
from projections.channel import NO_MORE_CHANNELS, NOT_ENABLED
from projections.explanation import Said

GONE = frozenset({"BadChannelId", "ChannelNotRegistered"})
UNAVAILABLE = MappingProxyType(
    {
        NO_MORE_CHANNELS: Said(
            "The app has as many channels as Apple allows.",
            "Operator: count them with `lockstep channels count`, and let fewer orders follow one.",
        ),
        NOT_ENABLED: Said(
            "Broadcast is not switched on for the app.",
            "Operator: switch it on in Apple's developer account, at the app's Push Notifications.",
        ),
    }
)


class ChannelOutcome(StrEnum):
    """Name what became of a request about a channel.

    Attributes:
        DONE: APNs did it.
        GONE: APNs knows no such channel.
        UNAVAILABLE: APNs makes none: the app has as many as it may, or may have none.
        RETRY: it is to be asked again.
        REFUSED: a bug of ours, which may be mended by then.
    """

    DONE = "done"
    GONE = "gone"
    UNAVAILABLE = "unavailable"
    RETRY = "retry"
    REFUSED = "refused"


class ChannelVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do after an outcome.

    Attributes:
        retry_after_seconds: when to ask again; `None` where that is not known.
        sender: what it means for the sender, as that of any push.
    """

    outcome: ChannelOutcome
    why: str
    retry_after_seconds: float | None = None
    sender: Verdict


def judge_channel(
    outcome: Answer | NotSent | Ambiguous,
    *,
    attempt: int,
    jitter: float,
    same_before: int,
    settings: VerdictSettings = DEFAULT,
) -> ChannelVerdict:
    """Decide what an outcome means for a channel and the sender; see `judge`.

    Source:
        Apple, "Handling error responses from Apple Push Notification service".
    """
    if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
        done = Verdict(outcome=Outcome.ACCEPTED, why="Apple accepted it.", counts_as_error=False)
        return ChannelVerdict(outcome=ChannelOutcome.DONE, why=done.why, sender=done)
    if isinstance(outcome, Answer) and outcome.reason in GONE:
        told = explain(outcome.status, outcome.reason)
        return ChannelVerdict(
            outcome=ChannelOutcome.GONE, why=told.means, sender=Verdict(outcome=Outcome.REJECTED, why=told.means)
        )
    if isinstance(outcome, Answer) and (unavailable := UNAVAILABLE.get(outcome.reason or "")) is not None:
        means = unavailable.means
        refused = Verdict(outcome=Outcome.REJECTED, why=means, tell_operator=f"{means} {unavailable.do}")
        return ChannelVerdict(
            outcome=ChannelOutcome.UNAVAILABLE,
            why=means,
            retry_after_seconds=settings.hold,
            sender=refused,
        )
    verdict = judge(
        outcome, kind=PushKind.UPDATE, attempt=attempt, jitter=jitter, same_before=same_before, settings=settings
    )
    retries = verdict.outcome in (Outcome.RETRY, Outcome.UNKNOWN) or verdict.pause is not None
    return ChannelVerdict(
        outcome=ChannelOutcome.RETRY if retries else ChannelOutcome.REFUSED,
        why=verdict.why,
        retry_after_seconds=verdict.retry_after_seconds,
        sender=verdict,
    )
