"""How a push goes, whatever carries it: how urgent, whether it tells the age of its news, how long an ended card stays.

Where a sender holds the state, it is as the sender wishes.
"""

from datetime import datetime, timedelta

from projections.card import Kind
from projections.draft import Alert
from projections.face import Face
from projections.plan_rules import LONGEST_KEPT, PlanRules


def is_urgent(kind: Kind, face: Face | None, accepted_version: int | None, alert: Alert | None) -> bool:
    """Tell whether a push is urgent: an update as its sender wishes, unless one before it was, and was not sent.

    Args:
        kind: What it does.
        face: What it shows.
        accepted_version: What APNs accepted last.
        alert: What it speaks of.
    """
    if kind is not Kind.UPDATE or face is None:
        return True
    wishes = face.wishes
    if wishes is not None and wishes.priority is not None and face.urgent_version <= (accepted_version or 0):
        return False
    return alert is not None or accepted_version is None or face.urgent_version > accepted_version


def tells_age(face: Face | None, rules: PlanRules) -> bool:
    """Tell whether the content says how old its news is: a sender's own is shown as it was given."""
    return rules.tell_age and (face is None or face.wishes is None)


def kept_until(face: Face | None, now: datetime, rules: PlanRules) -> datetime:
    """Say when a card that ends leaves the Lock Screen."""
    if face is not None and not face.is_kept:
        return now
    wishes = None if face is None else face.wishes
    if wishes is not None and wishes.dismiss_at is not None:
        return min(wishes.dismiss_at, now + LONGEST_KEPT)
    return now + timedelta(seconds=rules.keep_after_end)
