"""What a phone should show of a card, what it shows most likely, and what may keep it from that.

Pure. Status and expected delivery are told, which are not personal.
"""

from datetime import datetime, timedelta

from projections.card import Phase
from projections.clock import clock_of
from projections.explain_order import BLOCKED
from projections.explanation import Finding, Shown, Surroundings, TracedCard
from projections.face import Face
from projections.hindrance import not_for_this_phone
from projections.reasons import Reason
from projections.sentences import FOR_NOW, MOST_LIKELY
from projections.steps import TERMINAL


def compared(
    traced: TracedCard, status: str | None, face: Face | None, order: Finding, now: datetime
) -> tuple[str | None, str | None]:
    """Say what a phone should show, for now where newer events wait, and what it shows; None where it has no card."""
    card = traced.card
    on_its_way = card.phase in (Phase.STARTING, Phase.SHOWN, Phase.ENDING) or card.is_on_phone
    if status is None or face is None or card.phase is Phase.OVER or not on_its_way or card.replaced:
        return None, None
    if not_for_this_phone(face, card, traced.phone) is not None:
        return None, None
    newest = _spelled(Shown(status, face.expected_at), face.version, now)
    for_now = FOR_NOW if order.reason in BLOCKED else ""
    return f"{for_now}{newest}", _shows_now(traced, face, newest, now)


def _shows_now(traced: TracedCard, face: Face, newest: str, now: datetime) -> str:
    """Say what Apple accepted last, if the app told of the card: nobody knows more."""
    card = traced.card
    if not card.is_on_phone:
        return "not known; perhaps there is no card"
    if card.accepted_version is None:
        return "not known; the app has reported the card"
    same = card.accepted_hash == face.content_hash
    accepted = newest if same else _spelled(traced.accepted, card.accepted_version, now)
    refused = card.token_hash is not None and not card.has_token
    return f"{accepted}, if the card is still there" if refused else f"{MOST_LIKELY}{accepted}"


def perhaps(traced: TracedCard, finding: Finding, around: Surroundings) -> tuple[str, ...]:
    """Say what may keep a phone from showing what APNs took, each with its cure: it answers 200 in all these cases."""
    last = next((each for each in traced.sent if each.outcome == "accepted" and each.kind != "alert"), None)
    if finding.reason is not Reason.UNCHANGED or last is None:
        return ()
    kept_until = last.sent_at + timedelta(seconds=around.kept_seconds[last.kind])
    when = clock_of(kept_until, around.now)
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
    expected = None if shown.status in TERMINAL else shown.expected_at
    delivery = "" if expected is None else f", delivery expected at {clock_of(expected, now)}"
    return f"status {shown.status}{delivery} (version {version})"
