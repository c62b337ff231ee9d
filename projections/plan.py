"""What to do for a card now, and why: the phase table.

Pure: the view, the card, the phone and the time go in, a choice comes out. Every sentence is the answer to "why did
the card not move?", so it is written for the person who asks.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from projections.card import LIFETIME, Card, Kind, Phase
from projections.channel import ChannelState
from projections.choice import Nothing, Plan, Renew, Send, Wait, budget_used_up
from projections.clock import clock_by
from projections.draft import Alert
from projections.face import Face
from projections.fallback import tell
from projections.following import awaited, plan_member, wants_channel
from projections.freshness import Freshness
from projections.googles_words import in_googles_words
from projections.hindrance import (
    Because,
    not_for_this_phone,
    reason_to_end,
    start_hindrance,
    update_hindrance,
)
from projections.phone import Phone
from projections.plan_rules import LONGEST_KEPT, PlanRules
from projections.reasons import Reason
from projections.sentences import (
    ENDED_BY_A_PERSON,
    EXPIRED_ON_ANDROID,
    START_NOT_REPEATED,
    never_placed,
    why_unchanged,
    why_update,
)

_OF_AGE: Final = {
    Freshness.FRESH: "There is news of the order, which no longer counts as late.",
    Freshness.LATE: "The expected time has passed without news: the card says so.",
    Freshness.STALE: "Nothing was heard of the order for a long time: the card says so.",
}


def plan(
    face: Face | None,
    card: Card,
    phone: Phone | None,
    now: datetime,
    rules: PlanRules,
    channel: ChannelState | None = None,
) -> Plan:
    """Choose what to do for a card.

    Args:
        face: What the card would show; None when nothing is known of its subject.
        card: The card as claimed.
        phone: Its phone; None when it is not known any more.
        now: The time that came with the claim.
        rules: The thresholds.
        channel: What the card follows; of one that is to be started, the newest that it could follow.
    """
    decided = _plan(face, card, phone, now, rules, channel)
    return replace(decided, why=in_googles_words(decided.why)) if card.is_android else decided


def _plan(
    face: Face | None, card: Card, phone: Phone | None, now: datetime, rules: PlanRules, channel: ChannelState | None
) -> Plan:
    if face is not None:
        face = face.of_card(card.created_at)
    if card.phase is Phase.OVER:
        return Nothing(Reason.OVER, "The card has ended.", phase=Phase.OVER, outcome="over")
    refusal = not_for_this_phone(face, card, phone, now)
    postponed = refusal is not None and refusal.reason is Reason.POSTPONED
    if card.is_gone and (refusal is None or (postponed and not card.recalled)):
        did = "removed" if card.reported_state == "dismissed" else "ended"
        ended_at = card.reported_at if card.reported_state == "ended" else None
        return Nothing(
            Reason.GONE,
            f"The app reported the card as {card.reported_state}. Who or what {did} it is not known.",
            phase=Phase.OVER,
            outcome="postponed" if _before_its_time(face, ended_at) else "gone",
        )
    if card.is_gone and refusal is not None:
        why = f"{refusal.why} The app has ended the card."
        return Nothing(refusal.reason, why, phase=Phase.OVER, outcome="recalled")
    if card.phase is Phase.WANTED and not card.is_on_phone:
        if refusal is not None:
            outcome = "postponed" if postponed else "recalled"
            return Nothing(refusal.reason, refusal.why, phase=Phase.OVER, outcome=outcome)
        if card.asked == "end":
            return Nothing(Reason.ENDED_BY_PERSON, ENDED_BY_A_PERSON, phase=Phase.OVER, outcome="ended")
        return _plan_wanted(face, card, phone, now, rules, channel)
    if card.phase is Phase.STARTING and not card.is_on_phone and not card.is_android:
        may_start = (
            refusal is None
            and phone is not None
            and start_hindrance(card, phone) is None
            and phone.start_budget.waits_until(now, rules.budget) is None
        )
        starts_on = phone if may_start and not card.replaced and card.asked != "end" else None
        return _plan_starting(face, card, starts_on, now, rules, channel)
    return (
        _plan_shown(face, card, phone, refusal, now, rules)
        if card.channel is None
        else plan_member(
            face,
            card,
            channel,
            now,
            refusal=refusal,
            end=reason_to_end(face, card, refusal),
            told_until=card.ends_by_itself_at - card.lifetime + timedelta(seconds=rules.arrival),
            renewable=face is not None and not card.next_generation and _may_renew(face, card, now, rules),
        )
    )


def _never_placed(face: Face | None) -> str:
    return never_placed() if face is None else never_placed(face.opening)


def _before_its_time(face: Face | None, ended_at: datetime | None) -> bool:
    """Tell whether a card has ended before its order was to appear: another comes then."""
    return face is not None and face.show_at is not None and ended_at is not None and ended_at < face.show_at


def _plan_wanted(
    face: Face | None,
    card: Card,
    phone: Phone | None,
    now: datetime,
    rules: PlanRules,
    channel: ChannelState | None,
) -> Plan:
    if phone is None:
        raise AssertionError("a card without a phone is recalled before it is planned")
    if card.replaced:
        return Nothing(
            Reason.REPLACED, "A newer card of this order is on the phone.", phase=Phase.OVER, outcome="replaced"
        )
    if face is None or not face.placed:
        return Wait(Reason.NOT_PLACED, _never_placed(face))
    hindrance = start_hindrance(card, phone)
    told = None if hindrance is None else tell(face, card, phone, hindrance, card.created_at, now, rules.fallback)
    if isinstance(told, Send):
        return told
    if face.over:
        return Nothing(
            Reason.NEVER_SHOWN, "The order was over before the card was shown.", phase=Phase.OVER, outcome="never_shown"
        )
    return _plan_start(face, card, phone, now, rules, channel) if told is None else told


def _plan_start(
    face: Face, card: Card, phone: Phone, now: datetime, rules: PlanRules, channel: ChannelState | None
) -> Plan:
    """Plan for a card that can be started, unless something wants it to wait."""
    if face.starts_stopped:
        return Wait(Reason.STARTS_STOPPED, "Somebody has stopped that further cards are started for this audience.")
    grace_ends = card.created_at + timedelta(seconds=rules.app_first_grace)
    if card.starter == "app_first" and now < grace_ends:
        return Wait(Reason.APP_STARTS_FIRST, "For a moment the app may start the card itself.", until=grace_ends)
    blocked_until = phone.start_blocked_until
    if blocked_until is not None and now < blocked_until:
        return Wait(
            Reason.START_TOKEN_WAITS, "Apple wants fewer new cards sent to this phone for now.", until=blocked_until
        )
    refilled_at = phone.start_budget.waits_until(now, rules.budget)
    if refilled_at is not None:
        return budget_used_up(refilled_at)
    return _start(face, card, phone, now, rules, channel, why="The order is open, and the phone can be sent a card.")


def _start(
    face: Face, card: Card, phone: Phone, now: datetime, rules: PlanRules, channel: ChannelState | None, *, why: str
) -> Plan:
    """Start a card, by a channel where it is to follow one, as soon as that is there."""
    wanted = wants_channel(face, card, phone, rules.carrier)
    follows = wanted and not (channel is not None and channel.unavailable)
    if follows and (channel is None or not channel.is_open):
        return awaited(channel, card, now)
    if wanted and not follows and channel is not None and channel.why is not None:
        why = f"{why} It goes by a token of its own: {channel.why}"
    sent = _send(Kind.START, face, card, now, rules, why=why, alert=face.first_alert(card.alerted_version))
    return replace(sent, channel=channel) if follows and isinstance(sent, Send) else sent


def _plan_starting(
    face: Face | None,
    card: Card,
    starts_on: Phone | None,
    now: datetime,
    rules: PlanRules,
    channel: ChannelState | None,
) -> Plan:
    """Plan for a start whose answer nobody knows: starting again could show the card twice."""
    begun_at = card.created_at if card.intent is None else card.intent.at
    waited = begun_at + timedelta(seconds=rules.report_wait)
    if now < waited:
        return Wait(
            Reason.START_UNKNOWN,
            "Apple's answer to the push that starts the card was lost; the app has until "
            f"{clock_by(waited, now)} to report the card.",
            until=waited,
        )
    open_still = face is not None and face.placed and not face.over
    once_more = rules.on_unknown_start == "after_silence" and card.restarts == 0 and starts_on is not None
    if once_more and face is not None and open_still and starts_on is not None:
        why = "Apple's answer to the push that starts the card was lost, and no report came: sent again, once."
        return _start(face, card, starts_on, now, rules, channel, why=why)
    return Wait(
        Reason.START_COUNTED,
        START_NOT_REPEATED,
        until=begun_at + LIFETIME,
        phase=Phase.SHOWN,
    )


def _plan_shown(
    face: Face | None,
    card: Card,
    phone: Phone | None,
    refusal: Because | None,
    now: datetime,
    rules: PlanRules,
) -> Plan:
    ends_at = card.ends_by_itself_at
    started_at = ends_at - card.lifetime
    if now >= ends_at:
        return Nothing(
            Reason.EXPIRED,
            EXPIRED_ON_ANDROID if card.is_android else "The phone ends every card after eight hours.",
            phase=Phase.OVER,
            outcome="postponed" if _before_its_time(face, ends_at) else "expired",
        )
    end = reason_to_end(face, card, refusal)
    if not card.has_token:
        news = None if refusal is not None or card.replaced or card.asked == "end" else face
        return _plan_without_token(news, card, phone, end, started_at, now, rules)
    if end is not None:
        unkept = face is not None and not face.is_kept
        if refusal is not None or card.replaced or unkept or card.asked == "end":
            return _send(
                Kind.END, face, card, now, rules, why=end, alert=None, dismiss_at=now, with_content=refusal is None
            )
        keep = keep_until(face, now, rules)
        alert = None if face is None else face.pending_alert(card.alerted_version)
        return _send(Kind.END, face, card, now, rules, why=end, alert=alert, dismiss_at=keep)
    if face is None or not face.placed:
        return Wait(Reason.NOT_PLACED, _never_placed(face), until=ends_at, phase=Phase.SHOWN)
    renew_at = started_at + timedelta(seconds=rules.renew_after)
    renewable = not card.next_generation and _may_renew(face, card, now, rules)
    if now >= renew_at and renewable:
        return Renew(Reason.RENEWAL, "The card is near Apple's eight hours and its order is still open.")
    alert = face.pending_alert(card.alerted_version)
    again = card.asked == "resend"
    age = face.age(now, rules.ages)
    tells_age = rules.tell_age and face.wishes is None
    aged = tells_age and age.level != (card.freshness or Freshness.FRESH)
    changed = face.content_hash != card.accepted_hash
    if not changed and alert is None and not again and not aged:
        until = renew_at if renewable else ends_at
        if tells_age and age.until is not None:
            until = min(until, age.until)
        return Nothing(Reason.UNCHANGED, why_unchanged(card), until=until, phase=Phase.SHOWN)
    why = why_update(face, card, alert) if changed or alert is not None or again else _OF_AGE[age.level]
    return _within_budget(_send(Kind.UPDATE, face, card, now, rules, why=why, alert=alert), phone, now, rules)


def keep_until(face: Face | None, now: datetime, rules: PlanRules) -> datetime:
    """Say when a card that ends leaves the Lock Screen."""
    wishes = None if face is None else face.wishes
    if wishes is not None and wishes.dismiss_at is not None:
        return min(wishes.dismiss_at, now + LONGEST_KEPT)
    return now + timedelta(seconds=rules.keep_after_end)


def _may_renew(face: Face, card: Card, now: datetime, rules: PlanRules) -> bool:
    """Tell whether a card may have a next generation; of several orders each that comes gives it as long as one has."""
    if not face.startable or card.is_android:
        return False
    if face.joined_at is None:
        return card.generation < rules.most_generations
    return now < face.joined_at + timedelta(seconds=rules.renew_after * rules.most_generations)


def _within_budget(update: Plan, phone: Phone | None, now: datetime, rules: PlanRules) -> Plan:
    """Take its urgency from an update for which the phone has no urgent push left; it is still sent at once.

    Starts have a budget of their own, and nothing comes after an end that could make up for one that came late.
    """
    if not isinstance(update, Send) or update.priority == 5 or phone is None:
        return update
    return update if phone.urgent_budget.takes_one(now, rules.urgent) else replace(update, priority=5, demoted=True)


def _plan_without_token(
    news: Face | None,
    card: Card,
    phone: Phone | None,
    end: str | None,
    started_at: datetime,
    now: datetime,
    rules: PlanRules,
) -> Plan:
    unreported = card.is_silent and not card.unreported
    told_until = started_at + timedelta(seconds=rules.arrival)
    hindrance = update_hindrance(card, phone)
    told = tell(news, card, phone, hindrance, started_at, now, rules.fallback)
    if isinstance(told, Send):
        return told
    why = told.why if end is None else f"{end} {told.why}"
    until = started_at + card.lifetime if told.until is None else told.until
    if unreported and now < told_until:
        return Wait(hindrance.reason, why, until=min(told_until, until), phase=Phase.SHOWN)
    return Wait(hindrance.reason, why, until=until, phase=Phase.SHOWN, unreported=unreported)


def _send(
    kind: Kind,
    face: Face | None,
    card: Card,
    now: datetime,
    rules: PlanRules,
    *,
    why: str,
    alert: Alert | None,
    dismiss_at: datetime | None = None,
    with_content: bool = True,
) -> Plan:
    """Give the push its timestamp: rising, one a second, and never far ahead of the clock."""
    second = int(now.timestamp())
    timestamp = max(second, card.timestamp_used + 1)
    ahead = timestamp - now.timestamp()
    replaceable = kind is Kind.UPDATE and not card.next_generation and not card.is_android
    if ahead > rules.clock_wait and replaceable:
        return Renew(
            Reason.CLOCK_WENT_BACK, "Our clock went back by a long time: the phone would drop what this card is sent."
        )
    if ahead > rules.clock_ahead and kind is Kind.UPDATE:
        until = now + timedelta(seconds=min(ahead, rules.clock_wait))
        return Wait(
            Reason.CLOCK_WENT_BACK,
            "Our clock went back: the phone would drop the push until it has caught up.",
            until=until,
        )
    if 0 < ahead <= rules.clock_ahead and kind is not Kind.END:
        until = datetime.fromtimestamp(timestamp, tz=now.tzinfo)
        return Wait(Reason.ONE_A_SECOND, "One push a second: the last one was sent within this second.", until=until)
    wishes = None if face is None else face.wishes
    age = None if face is None or not with_content else face.age(now, rules.ages)
    told = age if rules.tell_age and wishes is None else None
    # after a start an iPhone's app tells of the card, which is looked at then
    looked_after = (Kind.START, Kind.UPDATE) if card.is_android else (Kind.UPDATE,)
    return Send(
        kind=kind,
        why=why,
        timestamp=timestamp,
        priority=10 if is_urgent(kind, face, card.accepted_version, alert) else 5,
        alert=alert,
        stale_at=None if age is None or age.stale_at is None or kind is Kind.END else max(age.stale_at, now),
        freshness=None if told is None else told.level,
        grows_older_at=told.until if told is not None and kind in looked_after else None,
        dismiss_at=dismiss_at,
        with_content=with_content,
        relevance_score=None if wishes is None or not with_content else wishes.relevance_score,
    )


def is_urgent(kind: Kind, face: Face | None, accepted: int | None, alert: Alert | None) -> bool:
    """Tell whether a push is urgent; an update as its sender wishes, unless one before it was, and was not sent."""
    if kind is not Kind.UPDATE or face is None:
        return True
    wishes = face.wishes
    if wishes is not None and wishes.priority is not None and face.urgent_version <= (accepted or 0):
        return False
    return alert is not None or accepted is None or face.urgent_version > accepted
