"""Why did the card not move? What is the matter with an order and with each of its cards, and what to do.

Pure. Cards are planned anew, with the time of the question, so that the answer is about now and not about what was said
last; what holds a plan back, or what became of its push, is added from the card's row.
"""

from collections.abc import Sequence
from datetime import timedelta

from projections.advice import clock_of
from projections.card import Phase
from projections.explain_card import explain_card
from projections.explain_order import BLOCKED, explain_order
from projections.explanation import ExplainedCard, Explanation, Finding, Happened, Progress, Surroundings, TracedCard
from projections.face import Face
from projections.hindrance import not_for_this_phone
from projections.reasons import Reason


def explain(
    order_id: str,
    progress: Progress,
    *,
    status: str | None,
    face: Face | None,
    readable: bool,
    events: Sequence[Happened],
    cards: Sequence[TracedCard],
    more_cards: bool,
    phones: int,
    around: Surroundings,
) -> Explanation:
    """Explain an order and its cards.

    Args:
        order_id: Its id.
        progress: How far it has come.
        status: What its view says; None when there is nothing to show.
        face: What cards would show; None without a view.
        readable: Whether its view can be opened.
        events: The last of them, the newest first.
        cards: As they stand.
        more_cards: There are more than these.
        phones: How many its customer is signed in on.
        around: What else counts for a card.
    """
    finding = explain_order(order_id, progress, face, events, readable=readable, has_cards=bool(cards), phones=phones)
    explained = []
    for each in cards:
        found = explain_card(each, finding, face, around)
        explained.append(
            ExplainedCard(
                card_id=str(each.card.card_id),
                device_id=each.card.device_id,
                attributes_type=each.card.attributes_type,
                generation=each.card.generation,
                phase=each.card.phase,
                accepted_version=each.card.accepted_version,
                finding=found,
                should_show=_should_show(each, status, face, finding, around),
                perhaps=_perhaps(each, found, around),
                sent=each.sent,
            )
        )
    return Explanation(
        order_id=order_id,
        at=progress.now,
        status=status,
        over=face is not None and face.over,
        version=progress.version,
        view_version=progress.view_version,
        finding=finding,
        events=tuple(events),
        cards=tuple(explained),
        more_cards=more_cards,
    )


def _should_show(
    traced: TracedCard, status: str | None, face: Face | None, order: Finding, around: Surroundings
) -> str | None:
    """Say what a phone should show that may have the card: status and expected delivery, which are not personal."""
    card = traced.card
    on_its_way = card.phase in (Phase.STARTING, Phase.SHOWN, Phase.ENDING) or card.is_on_phone
    if status is None or face is None or card.phase is Phase.OVER or not on_its_way or card.replaced:
        return None
    if not_for_this_phone(face, card, traced.phone) is not None:
        return None
    expected = face.expected_at
    delivery = "" if expected is None or face.over else f", delivery expected at {clock_of(expected, around.now)}"
    so_far = ""
    if card.accepted_version is not None and card.accepted_hash != face.content_hash:
        so_far = f"; Apple accepted version {card.accepted_version}"
    for_now = "for now " if order.reason in BLOCKED else ""
    return f"{for_now}status {status}{delivery} (version {face.version}{so_far})"


def _perhaps(traced: TracedCard, found: Finding, around: Surroundings) -> tuple[str, ...]:
    """Say what may keep a phone from showing what APNs took, each with its cure: it answers 200 in all these cases."""
    last = next((each for each in traced.sent if each.outcome == "accepted"), None)
    if found.reason is not Reason.UNCHANGED or last is None:
        return ()
    kept_until = last.sent_at + timedelta(seconds=around.kept_seconds[last.kind])
    when = clock_of(kept_until, around.now)
    causes = [
        f"The phone is offline: back online before {when} it gets the push by itself; later, open the app once."
        if around.now < kept_until
        else f"The phone was offline until {when}, so the push is lost: open the app once."
    ]
    if last.priority == 5:
        causes.append("The last push was not urgent: to spare power, iOS may show it some minutes later. Wait for it.")
    if traced.phone is not None and not traced.phone.frequent_pushes:
        causes.append(
            "Frequent updates are switched off, so iOS drops some: switch them on in Settings, under the app's name."
        )
    causes.append("The app is too old to read what the card should show: update the app.")
    causes.append(
        "The customer removed the card: it does not come back for this order; the app itself shows the order."
    )
    return tuple(causes)
