"""How far an order has come, and what keeps it: recorded, folded, matched with phones."""

import shlex
from collections.abc import Sequence
from datetime import timedelta

from events.vocabulary import vocabulary
from projections.advice import found
from projections.clock import moment_by
from projections.definition import PLACED
from projections.explanation import Finding, Happened, Progress
from projections.face import Face
from projections.order_view import FOLD_VERSION
from projections.reasons import Reason
from projections.sentences import never_placed

LATE = timedelta(seconds=10)
"""What waits for longer waits for a process that is not there, or has too much to do."""

BLOCKED = (
    Reason.FOLDING,
    Reason.PROJECTOR_LATE,
    Reason.QUARANTINED,
    Reason.NEWER_EVENT,
    Reason.OTHER_RELEASE,
    Reason.UNREADABLE,
)
"""What is so keeps the newest events from every card."""


def explain_order(
    order_id: str,
    progress: Progress,
    face: Face | None,
    events: Sequence[Happened],
    *,
    readable: bool,
    why_not: str | None = None,
    has_cards: bool,
    has_phones: bool,
) -> Finding:
    """Say what is the matter with the order itself.

    Args:
        order_id: Its id.
        progress: How far it has come.
        face: What cards would show; None without a view.
        events: The last of them, the newest first.
        readable: Whether its view can be opened.
        why_not: Why it cannot, where that is known.
        has_cards: Whether there are any, apart from those that are over before the order's time.
        has_phones: Whether its customer is signed in anywhere.
    """
    now = progress.now
    if progress.archived_at is not None:
        return found(
            Reason.ARCHIVED, f"An operator archived it into {progress.archived_to}.", now,
            since=progress.archived_at, file=str(progress.archived_to), order=shlex.quote(order_id),
        )  # fmt: skip
    behind = _behind(order_id, progress, events)
    if behind is not None:
        return behind
    if not readable:
        return found(Reason.UNREADABLE, why_not or "The stored view does not open.", now, since=progress.folded_at)
    if face is None or not face.placed:
        first = next((each for each in events if each.version == 1), None)
        opening = PLACED if face is None else face.opening
        cards = "Cards of this order do not move" if has_cards else "There is no card"
        return found(
            Reason.NOT_PLACED, never_placed(opening), now,
            since=None if first is None else first.recorded_at, cards=cards, opening=opening,
        )  # fmt: skip
    if not has_cards:
        return _without_cards(order_id, progress, face, has_phones=has_phones)
    if progress.spreading_since is not None:
        why = "Its cards are too many to be woken at once."
        return found(Reason.SPREADING, why, now, since=progress.spreading_since)
    why = f"Received and processed: everything up to version {progress.version}."
    return found(Reason.IN_STEP, why, now, since=progress.folded_at)


def _behind(order_id: str, progress: Progress, events: Sequence[Happened]) -> Finding | None:
    """Say why the newest events are not folded, or None when they are."""
    now = progress.now
    waiting = [each for each in events if not each.folded]
    # of very many that wait, only the newest are read
    oldest = next((each for each in waiting if each.version == progress.view_version + 1), None)
    since = None if oldest is None else oldest.recorded_at
    behind = f"Received: up to version {progress.version}. Processed: up to version {progress.view_version}."
    if progress.quarantined_at is not None:
        first, last = progress.view_version + 1, progress.version
        failed = f"Version {last}" if first >= last else f"One of the versions {first} to {last}"
        ours = progress.error is None
        caused = "in Lockstep" if ours else "in the definition of its card"
        what = "" if ours else f" {progress.error}."
        return found(
            Reason.QUARANTINED, f"{behind} {failed} caused an error {caused}.{what}", now,
            since=progress.quarantined_at, order=shlex.quote(order_id), caused=caused,
            culprit="Lockstep" if ours else "the card's definition", fixed="Lockstep" if ours else "definition",
        )  # fmt: skip
    if progress.view_version < progress.version:
        if progress.held_for is not None and progress.held_for not in vocabulary():
            event = "an event of this order" if oldest is None else f"event {oldest.type}"
            why = (
                f"{behind} This Lockstep does not understand {event}, which another received: a newer one, or one with "
                "a module of cards (LOCKSTEP_CARDS) that is not here."
            )
            if oldest is not None:
                why = f"{why} (For the operator: the event's schema version is {oldest.schema_version}.)"
            return found(Reason.NEWER_EVENT, why, now, since=since, event="" if oldest is None else f" ({oldest.type})")
        if progress.slot_fold_version not in (None, FOLD_VERSION):
            why = (
                f"{behind} FOLD_VERSION is {FOLD_VERSION} here, and {progress.slot_fold_version} where it is processed."
            )
            return found(Reason.OTHER_RELEASE, why, now, since=since)
        late = any(now - each.recorded_at > LATE for each in waiting)
        return found(Reason.PROJECTOR_LATE if late else Reason.FOLDING, behind, now, since=since)
    return None


def _without_cards(order_id: str, progress: Progress, face: Face, *, has_phones: bool) -> Finding:
    now, due = progress.now, progress.match_due_at
    if face.over:
        why = "The order was over before the card was shown."
        return found(Reason.NEVER_SHOWN, why, now, since=progress.folded_at)
    if due is not None and due > now:
        why = f"The system that sends order events asked for the card at {moment_by(due, now)}."
        return found(Reason.SHOWN_LATER, why, now, until=due)
    if due is not None:
        late = now - due > LATE
        why = "Lockstep has not looked yet which phones should have a card."
        return found(Reason.MATCHER_LATE if late else Reason.MATCHING, why, now, since=due)
    if face.customer_id is None:
        why = "It is shown on the phones of its audience, or where the app has begun a card of it."
        return found(Reason.NOBODY_YET, why, now, since=progress.folded_at, order=shlex.quote(order_id))
    if not has_phones:
        customer = str(face.customer_id)
        why = f"No phone is signed in as {customer}, to whom the order belongs."
        return found(Reason.NO_PHONE, why, now, since=progress.folded_at, customer=customer)
    return found(Reason.NOT_LOOKED_AT, "The customer has a phone, and it has no card yet.", now)
