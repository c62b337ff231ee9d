"""What to do for a channel now, and why.

Pure, as `plan` is for cards. A channel is made when a card waits for it, says what its cards should show, ends them,
and is deleted when nobody can want it any more.
"""

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from projections.card import LIFETIME, Kind
from projections.channel import Channel, ChannelPhase
from projections.choice import Send
from projections.clock import clock_by
from projections.draft import Alert
from projections.face import Face
from projections.freshness import Freshness
from projections.plan import is_urgent, keep_until
from projections.plan_rules import PlanRules
from projections.sentences import ENDED_BY_A_PERSON


class Create(msgspec.Struct, frozen=True):
    """Have APNs make the channel."""

    why: str


class Delete(msgspec.Struct, frozen=True):
    """Have APNs delete the channel."""

    why: str


class Check(msgspec.Struct, frozen=True):
    """Ask APNs whether the channel is there."""

    why: str


class Rest(msgspec.Struct, frozen=True):
    """Do nothing until a time, or until something happens.

    Attributes:
        until: When to look again without a new reason.
        phase: The phase that the channel is in, where that has become clear.
    """

    why: str
    until: datetime | None = None
    phase: ChannelPhase | None = None


ChannelPlan = Create | Send | Delete | Check | Rest


def plan_channel(face: Face | None, channel: Channel, now: datetime, rules: PlanRules) -> ChannelPlan:
    """Choose what to do for a channel.

    Args:
        face: What its cards would show; None when nothing is known of its subject.
        channel: The channel as claimed.
        now: The time that came with the claim.
        rules: The thresholds.
    """
    over = face is None or not face.placed or face.over
    match channel.phase:
        case ChannelPhase.GONE:
            return Rest("The channel is gone.")
        case ChannelPhase.WANTED | ChannelPhase.CREATING:
            if over or not channel.followed:
                return Rest("No card waits for the channel any more.", phase=ChannelPhase.GONE)
            return Create("Cards wait for the channel.")
        case ChannelPhase.ENDED:
            return _plan_ended(face, channel, now, rules)
        case ChannelPhase.OPEN | ChannelPhase.CLOSING:
            return _plan_open(face, channel, now, rules)


def _plan_ended(face: Face | None, channel: Channel, now: datetime, rules: PlanRules) -> ChannelPlan:
    if channel.crossed_at is not None and face is not None and face.placed:
        settled_at = channel.crossed_at + timedelta(seconds=rules.channel_settle)
        if now < settled_at:
            return Rest("A card was started while the channel ended; it is ended again.", until=settled_at)
        return _plan_end(face, channel, now, rules) if face.over else _plan_bare_end(face, channel, now, rules)
    kept_until = (channel.accepted_at or channel.created_at) + timedelta(seconds=rules.channel_keep)
    if now < kept_until:
        why = f"The channel has ended its cards; it is kept until {clock_by(kept_until, now)}, for phones that are"
        return Rest(f"{why} offline.", until=kept_until)
    return Delete("The channel has ended its cards.")


def _plan_open(face: Face | None, channel: Channel, now: datetime, rules: PlanRules) -> ChannelPlan:
    if not channel.followed:
        return _plan_unfollowed(channel, now, rules)
    if channel.missing:
        return Check("Apple's list of channels lacks it.")
    if face is None or not face.placed:
        return Rest("There is nothing to show.", phase=ChannelPhase.OPEN, until=now + LIFETIME)
    if face.over:
        return _plan_end(face, channel, now, rules)
    if face.is_early(now):
        return _plan_bare_end(face, channel, now, rules)
    if channel.asked_to_end:
        return _send(Kind.END, face, channel, now, rules, why=ENDED_BY_A_PERSON, alert=None, dismiss_at=now)
    return _plan_update(face, channel, now, rules)


def _plan_unfollowed(channel: Channel, now: datetime, rules: PlanRules) -> ChannelPlan:
    """Close what nobody follows: first it takes no new cards, for so long as a start of before may be under way."""
    if channel.phase is ChannelPhase.CLOSING:
        return Delete("No card follows the channel any more.")
    return Rest(
        "No card follows the channel any more; it is deleted unless one does.",
        phase=ChannelPhase.CLOSING,
        until=now + timedelta(seconds=rules.channel_closing),
    )


def _plan_end(face: Face, channel: Channel, now: datetime, rules: PlanRules) -> ChannelPlan:
    alert = face.pending_alert(channel.alerted_version) if face.is_kept else None
    keep = keep_until(face, now, rules) if face.is_kept else now
    return _send(Kind.END, face, channel, now, rules, why="The order is over.", alert=alert, dismiss_at=keep)


def _plan_bare_end(face: Face, channel: Channel, now: datetime, rules: PlanRules) -> ChannelPlan:
    """End the cards of an order that goes on, without what it shows by now."""
    why = "The order was moved: its cards end, and others come when its time does."
    end = _send(Kind.END, face, channel, now, rules, why=why, alert=None, dismiss_at=now)
    return replace(end, with_content=False) if isinstance(end, Send) else end


def _plan_update(face: Face, channel: Channel, now: datetime, rules: PlanRules) -> ChannelPlan:
    alert = face.pending_alert(channel.alerted_version)
    # what it shows first its cards were started with, and the alert of that with them
    first = channel.accepted_version is None
    changed = channel.accepted_hash != face.content_hash
    age = face.age(now, rules.ages)
    tells_age = rules.tell_age and face.wishes is None
    aged = tells_age and age.level != (channel.freshness or Freshness.FRESH)
    if channel.crossed_at is not None:
        settled_at = channel.crossed_at + timedelta(seconds=rules.channel_settle)
        if not changed and alert is None and not channel.asked_again and now < settled_at:
            return Rest("A card was started while the channel moved on; it is told again.", until=settled_at)
    again = channel.asked_again
    if not changed and alert is None and not aged and not again and channel.crossed_at is None:
        until = now + LIFETIME
        if tells_age and age.until is not None:
            until = min(until, age.until)
        if channel.accepted_at is not None:
            settled_at = channel.accepted_at + timedelta(seconds=rules.channel_settle)
            until = min(until, settled_at) if now < settled_at else until
        return Rest("The channel has said what its cards should show.", phase=ChannelPhase.OPEN, until=until)
    if first:
        why = "The order has changed since the channel's first card was started."
    elif changed or alert is not None:
        why = f"The order has changed since the last push (version {channel.accepted_version}, now {face.version})."
    elif again:
        why = "An operator asked for it to be said again."
    elif channel.crossed_at is not None:
        why = "A card was started while the channel moved on: it is told again."
    else:
        why = "How old the news is has changed."
    return _send(Kind.UPDATE, face, channel, now, rules, why=why, alert=alert, dismiss_at=None)


def _send(
    kind: Kind,
    face: Face,
    channel: Channel,
    now: datetime,
    rules: PlanRules,
    *,
    why: str,
    alert: Alert | None,
    dismiss_at: datetime | None,
) -> ChannelPlan:
    """Give the push its timestamp: rising, one a second, and never far ahead of the clock."""
    timestamp = max(int(now.timestamp()), channel.timestamp_used + 1)
    ahead = timestamp - now.timestamp()
    if ahead > rules.clock_ahead:
        until = now + timedelta(seconds=min(ahead, rules.clock_wait))
        return Rest("Our clock went back: phones would drop the push until it has caught up.", until=until)
    if ahead > 0 and kind is not Kind.END:
        until = datetime.fromtimestamp(timestamp, tz=now.tzinfo)
        return Rest("One push a second: the last one was sent within this second.", until=until)
    urgent = is_urgent(kind, face, channel.accepted_version, alert)
    age = face.age(now, rules.ages)
    told = age if rules.tell_age and face.wishes is None else None
    return Send(
        kind=kind,
        why=why,
        timestamp=timestamp,
        priority=10 if urgent else 5,
        alert=alert,
        stale_at=None if kind is Kind.END or age.stale_at is None else max(age.stale_at, now),
        freshness=None if told is None else told.level,
        grows_older_at=None if told is None or kind is not Kind.UPDATE else told.until,
        dismiss_at=dismiss_at,
        relevance_score=None if face.wishes is None else face.wishes.relevance_score,
    )
