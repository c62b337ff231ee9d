"""Why did the card not move? What is the matter with an order and with each of its cards, and what to do.

Pure. Cards are planned anew, with the time of the question, so that the answer is about now and not about what was said
last; what holds a plan back, or what became of its push, is added from the card's row.
"""

from collections.abc import Callable, Sequence

from projections.explain_card import explain_card
from projections.explain_order import explain_order
from projections.explanation import ExplainedCard, Explanation, Finding, Happened, Progress, Said, TracedCard
from projections.face import Face
from projections.pause import PauseRow
from projections.plan import PlanRules
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
    pauses: Sequence[PauseRow],
    said: Callable[[str], Said],
    rules: PlanRules,
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
        pauses: Those that hold.
        said: Tells what a card's `last_answer` means.
        rules: The dispatcher's.
    """
    finding = explain_order(order_id, progress, face, events, readable=readable, has_cards=bool(cards), phones=phones)
    explained = []
    for each in cards:
        found = explain_card(each, finding, face, progress.now, pauses, said, rules)
        explained.append(
            ExplainedCard(
                card_id=str(each.card.card_id),
                device_id=each.card.device_id,
                attributes_type=each.card.attributes_type,
                generation=each.card.generation,
                phase=each.card.phase,
                accepted_version=each.card.accepted_version,
                finding=found,
                perhaps=_perhaps(each, found),
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


def _perhaps(traced: TracedCard, found: Finding) -> tuple[str, ...]:
    """Say what may keep a phone from showing what APNs took: it answers 200 in all these cases."""
    if found.reason is not Reason.UNCHANGED or traced.card.accepted_version is None:
        return ()
    causes = ["The phone is switched off or without a network: it gets the push when it is back, within an hour."]
    last = next(iter(traced.sent), None)
    if last is not None and last.demoted:
        causes.append(
            "The phone had been sent all the urgent pushes that it takes in an hour, so the last one was not urgent "
            "(priority 5): iOS may show it some minutes later."
        )
    elif last is not None and last.priority == 5:
        causes.append("The last push was not urgent (priority 5): iOS may show it some minutes later, to spare power.")
    if traced.phone is not None and not traced.phone.frequent_pushes:
        causes.append(
            "The customer has switched off frequent updates for the app: iOS drops what is beyond its budget."
        )
    causes.append("The customer removed the card while the app could not tell.")
    causes.append("The installed version of the app is too old to read what the card is to show.")
    return tuple(causes)
