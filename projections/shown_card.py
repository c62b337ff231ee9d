"""What a phone should show of a card, what it shows most likely, and what may keep it from that.

Pure. Status and expected delivery are told, which are not personal.
"""

from datetime import datetime, timedelta

from projections.card import Kind, Phase
from projections.clock import ago, clock_of, moment_by, moment_of
from projections.explain_order import BLOCKED
from projections.explanation import Finding, Sent, Shown, Surroundings, TracedCard
from projections.face import Face
from projections.hindrance import not_for_this_phone
from projections.plan_rules import LONGEST_KEPT, PlanRules
from projections.reasons import Reason
from projections.sentences import MOST_LIKELY

_NO_CARD = "no card"
_WAITS = "not known until all events are processed"
_PERHAPS_NONE = "not known; perhaps there is no card"
_IF_THERE = "if the card is still there"


def compared(
    traced: TracedCard, newest: Shown | None, face: Face | None, order: Finding, reason: Reason, around: Surroundings
) -> tuple[str | None, str | None]:
    """Say what a phone should show, and what it shows; None where it has no card, or has one that has ended.

    Args:
        traced: The card.
        newest: What the order's view says; None when there is nothing to show.
        face: What the card would show.
        order: What is the matter with the order.
        reason: What is the matter with the card.
        around: What else counts.
    """
    card = traced.card
    accepted = _accepted(traced, newest, face, around.now)
    if card.phase is Phase.OVER or card.is_gone or reason is Reason.EXPIRED:
        return None, _left_over(traced, accepted, reason, around)
    on_its_way = card.phase in (Phase.STARTING, Phase.SHOWN, Phase.ENDING) or card.is_on_phone
    if newest is None or face is None or not on_its_way:
        return None, None
    shows_now = _shows_now(traced, accepted)
    if not_for_this_phone(face, card, traced.phone, around.now) is not None or card.replaced or card.asked == "end":
        return _NO_CARD, shows_now
    should_show = _spelled(newest, face.version, around.now)
    return f"{_WAITS}; so far {should_show}" if order.reason in BLOCKED else should_show, shows_now


def last_end(traced: TracedCard) -> Sent | None:
    """Give the push that ended a card, if Apple accepted one and its receipt is still there."""
    return next((each for each in traced.sent if each.kind == Kind.END and each.outcome == "accepted"), None)


def removed_at(traced: TracedCard, reason: Reason, rules: PlanRules) -> datetime | None:
    """Tell when iOS removes a card that has ended, at the latest and if its last push arrived; None for unknown."""
    card = traced.card
    match reason:
        case Reason.ENDED if (end := last_end(traced)) is not None:
            wishes = None if traced.face is None else traced.face.wishes
            if wishes is not None and wishes.dismiss_at is not None and not card.replaced:
                return max(end.sent_at, min(wishes.dismiss_at, end.sent_at + LONGEST_KEPT))
            return end.sent_at + timedelta(seconds=0.0 if card.replaced else rules.keep_after_end)
        case Reason.EXPIRED:
            return card.ends_by_itself_at + LONGEST_KEPT
        case Reason.GONE if card.reported_state == "ended" and card.reported_at is not None:
            return card.reported_at + LONGEST_KEPT
        case _:
            return None


def _accepted(traced: TracedCard, newest: Shown | None, face: Face | None, now: datetime) -> str | None:
    """Spell what Apple accepted last; None for nothing."""
    card = traced.card
    if card.accepted_version is None:
        return None
    if face is not None and newest is not None and card.accepted_hash == face.content_hash:
        return _spelled(newest, face.version, now)
    return _spelled(traced.accepted, card.accepted_version, now)


def _shows_now(traced: TracedCard, accepted: str | None) -> str:
    """Say what Apple accepted last, if the app told of the card: nobody knows more."""
    card = traced.card
    if not card.is_on_phone:
        return _PERHAPS_NONE
    if accepted is None:
        return "not known; the app has reported the card"
    refused = card.token_hash is not None and not card.has_token
    return f"{accepted}, {_IF_THERE}" if refused else f"{MOST_LIKELY}{accepted}"


def _left_over(traced: TracedCard, accepted: str | None, reason: Reason, around: Surroundings) -> str | None:
    """Say what a phone shows of a card that is over; None where nothing of it can be left."""
    card, removed = traced.card, removed_at(traced, reason, around.rules)
    past = removed is not None and removed <= around.now
    match reason:
        case Reason.ENDED if past and removed is not None:
            return f"{MOST_LIKELY}{_NO_CARD}: iOS was to remove it by {moment_by(removed, around.now)}"
        case Reason.EXPIRED if not past and not card.is_on_phone:
            return _PERHAPS_NONE
        case Reason.ENDED if accepted is not None:
            return f"{MOST_LIKELY}{accepted}, {_IF_THERE}"
        case Reason.EXPIRED | Reason.GONE if removed is not None and not past and accepted is not None:
            return f"{MOST_LIKELY}{accepted}, {_IF_THERE}"
        case Reason.RECALLED | Reason.POSTPONED | Reason.ENDED_BY_PERSON if (
            card.started_at is not None and not card.is_gone
        ):
            return f"{MOST_LIKELY}{_NO_CARD}; if the phone is offline, perhaps the card is still there"
        case _:
            return None


def perhaps(traced: TracedCard, finding: Finding, around: Surroundings) -> tuple[str, ...]:
    """Say what may keep a phone from showing what APNs took, each with its cure: it answers 200 in all these cases."""
    last = next((each for each in traced.sent if each.outcome == "accepted" and each.kind != "alert"), None)
    if finding.reason is not Reason.UNCHANGED or last is None:
        return ()
    kept_until = last.sent_at + timedelta(seconds=around.kept_seconds[last.kind])
    when = moment_of(kept_until, around.now)
    causes = [
        f"Perhaps the phone is offline: back online before {when} it gets the push by itself; later, open the app once."
        if around.now < kept_until
        else f"Perhaps the phone was offline until {when}, so the push is lost: open the app once."
    ]
    if last.demoted:
        causes.append(
            "Perhaps iOS shows the push some minutes later: it was not urgent, because the phone had been sent all the "
            "urgent pushes that it takes in an hour. Wait."
        )
    elif last.priority == 5:
        causes.append(
            "Perhaps the phone spares power: the last push was not urgent, so iOS may show it some minutes later. Wait."
        )
    if traced.phone is not None and not traced.phone.frequent_pushes:
        causes.append(
            "Frequent updates are switched off on this phone, so perhaps iOS dropped the push: switch them on in "
            "Settings, under the app's name."
        )
    causes.append("Perhaps the app is too old to read what the card should show: update the app.")
    causes.append(
        "Perhaps the customer removed the card: it does not come back for this order; the app itself shows the order."
    )
    return tuple(causes)


def _spelled(shown: Shown | None, version: int, now: datetime) -> str:
    if shown is None:
        return f"the order as of version {version}"
    expected = shown.expected_at
    delivery = "" if expected is None else f", delivery expected at {clock_of(expected, now)}, {ago(expected, now)}"
    return f"status {shown.status}{delivery} (version {version})"
