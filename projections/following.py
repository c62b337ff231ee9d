"""Cards that follow a channel: which do, and what is left to plan for each, since their updates go by the channel."""

from datetime import datetime, timedelta

from projections.card import Card, Phase
from projections.channel import CHANNELS_SINCE, Carrier, ChannelPhase, ChannelState
from projections.choice import Nothing, Plan, Renew, Wait
from projections.face import Face
from projections.hindrance import Because
from projections.newcomer import again_seconds
from projections.phone import Phone
from projections.reasons import Reason
from projections.sentences import (
    CANNOT_BE_ENDED_ALONE,
    CHANNEL_ENDS_IT,
    CHANNEL_LOST,
    ENDED_BY_A_PERSON,
    FOLLOWS_CHANNEL,
)


def wants_channel(face: Face, card: Card, phone: Phone, carrier: Carrier) -> bool:
    """Tell whether a card that is to be started should follow a channel; `carrier` is for those left open."""
    if phone.ios is None or phone.ios < CHANNELS_SINCE or card.starter == "app":
        return False
    match face.carried_by(carrier):
        case "channel":
            return True
        case "channel_for_many":
            return face.is_for_many
        case "channel_if_silent":
            return phone.unreported_starts > 0
        case "token":
            return False


def may_follow_channel(face: Face, card: Card, phone: Phone | None, carrier: Carrier) -> bool:
    """Tell whether a card follows a channel, or may be started so: what it shows is then the same on all phones."""
    if card.channel is not None:
        return True
    unstarted = card.phase in (Phase.WANTED, Phase.STARTING)
    return unstarted and phone is not None and wants_channel(face, card, phone, carrier)


def awaited(channel: ChannelState | None, card: Card, now: datetime) -> Wait:
    """Wait for the channel that a card is to follow; who is opening it may not know of a card that is new."""
    why = "The card is to follow a channel, by which one push reaches all its order's cards; that is being made."
    if channel is not None and channel.last_answer is not None and channel.why is not None:
        why = f"{why} {channel.why}"
    again = again_seconds(card.lease)
    return Wait(Reason.CHANNEL_AWAITED, why, until=None if again is None else now + timedelta(seconds=again))


def plan_member(
    face: Face | None,
    card: Card,
    channel: ChannelState | None,
    now: datetime,
    *,
    refusal: Because | None,
    end: str | None,
    told_until: datetime,
    renewable: bool,
) -> Plan:
    """Plan for a card that follows a channel; nothing can be sent to it alone.

    Args:
        face: What it shows; None when nothing is known of its subject.
        card: The card.
        channel: What it follows; None where the row of that is gone.
        now: The time that came with the claim.
        refusal: Why it must not be on its phone, or None.
        end: Why it is to end, for that or another reason, or None.
        told_until: Until when its app may tell of it after its start.
        renewable: Whether there may be a next generation.
    """
    ends_at = card.ends_by_itself_at
    is_open = face is not None and face.placed and not face.over
    if channel is not None and (channel.phase is ChannelPhase.ENDED or (channel.was_deleted and not is_open)):
        return _ended(card, refusal, is_open=is_open)
    if card.replaced:
        return Nothing(
            Reason.REPLACED, "A newer card of this order is on the phone.", phase=Phase.OVER, outcome="replaced"
        )
    may_follow_another = renewable and is_open and end is None
    if now >= ends_at:
        if may_follow_another:
            return Renew(Reason.RENEWAL, "The card has had Apple's eight hours and its order is still open.")
        return Nothing(
            Reason.EXPIRED, "The phone ends every card after eight hours.", phase=Phase.OVER, outcome="expired"
        )
    if channel is None or channel.lost or channel.was_deleted:
        if may_follow_another:
            return Renew(Reason.CHANNEL_LOST, CHANNEL_LOST)
        return Wait(Reason.CHANNEL_LOST, CHANNEL_LOST, until=ends_at, phase=Phase.SHOWN)
    if end is not None:
        why = end if face is not None and face.over else f"{end} {CANNOT_BE_ENDED_ALONE}"
        return Wait(Reason.FOLLOWS_CHANNEL, why, until=ends_at, phase=Phase.SHOWN)
    unreported = card.is_silent and not card.unreported
    waits_for_report = unreported and now < told_until
    return Wait(
        Reason.FOLLOWS_CHANNEL,
        FOLLOWS_CHANNEL,
        until=min(told_until, ends_at) if waits_for_report else ends_at,
        phase=Phase.SHOWN,
        unreported=unreported and not waits_for_report,
    )


def _ended(card: Card, refusal: Because | None, *, is_open: bool) -> Nothing:
    """Let a card be over whose channel has carried its end."""
    if refusal is not None:
        postponed = refusal.reason is Reason.POSTPONED
        outcome = "postponed" if postponed else "recalled"
        return Nothing(refusal.reason, refusal.why, phase=Phase.OVER, outcome=outcome)
    if is_open and card.asked == "end":
        return Nothing(Reason.ENDED_BY_PERSON, ENDED_BY_A_PERSON, phase=Phase.OVER, outcome="ended")
    return Nothing(Reason.ENDED, CHANNEL_ENDS_IT, phase=Phase.OVER, outcome="accepted")
