"""Why did the card not move? What is the matter with an order and with each of its cards, and what to do.

Pure. Cards are planned anew, with the time of the question, so that the answer is about now and not about what was said
last; what holds a plan back, or what became of its push, is added from the card's row.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from projections.card import Phase
from projections.definition import PLACED
from projections.explain_card import explain_card
from projections.explain_order import explain_order
from projections.explain_pictures import lacking
from projections.explanation import (
    ExplainedCard,
    Explanation,
    Finding,
    Happened,
    Progress,
    Shown,
    Surroundings,
    TracedCard,
)
from projections.face import Face
from projections.googles_words import in_googles_words
from projections.shown_card import compared, perhaps


def explain(
    order_id: str,
    progress: Progress,
    *,
    status: str | None,
    face: Face | None,
    readable: bool,
    why_not: str | None = None,
    events: Sequence[Happened],
    cards: Sequence[TracedCard],
    more_cards: bool,
    around: Surroundings,
) -> Explanation:
    """Explain an order and its cards.

    Args:
        order_id: Its id.
        progress: How far it has come.
        status: What its view says; None when there is nothing to show.
        face: What new cards would show; None without a view.
        readable: Whether its view can be opened.
        why_not: Why it cannot, where that is known.
        events: The last of them, the newest first.
        cards: As they stand.
        more_cards: There are more than these.
        around: What else counts for a card.
    """
    waits = progress.match_due_at is not None and progress.match_due_at > progress.now
    has_cards = any(not waits or each.card.phase is not Phase.OVER for each in cards)
    finding = explain_order(
        order_id, progress, face, events,
        readable=readable, why_not=why_not, has_cards=has_cards, has_phones=bool(around.signed_in),
    )  # fmt: skip
    told = None if status is None or face is None else Shown(status, None if face.over else face.expected_at)
    explained = []
    for each in cards:
        found = explain_card(each, finding, each.face, around)
        newest = told if each.shows_order else None
        should_show, shows_now = compared(each, newest, each.face, finding, found.reason, around)
        causes = perhaps(each, found, around)
        if each.card.is_android:
            found, causes = _on_android(found), tuple(map(in_googles_words, causes))
            shows_now = None if shows_now is None else in_googles_words(shows_now)
        explained.append(
            ExplainedCard(
                card_id=str(each.card.card_id),
                device_id=each.card.device_id,
                attributes_type=each.card.attributes_type,
                generation=each.card.generation,
                phase=each.card.phase,
                accepted_version=each.card.accepted_version,
                finding=found,
                environment=each.card.environment,
                should_show=should_show,
                shows_now=shows_now,
                perhaps=causes,
                sent=each.sent,
                shared=each.shared,
                pictures=()
                if each.face is None or each.card.phase is Phase.OVER
                else lacking(each.face.images, each.errands, around.now, shared=each.card.channel is not None),
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
        opening=PLACED if face is None else face.opening,
        events=tuple(events),
        cards=tuple(explained),
        more_cards=more_cards,
    )


def _on_android(finding: Finding) -> Finding:
    return replace(
        finding,
        state=in_googles_words(finding.state),
        why=in_googles_words(finding.why),
        next_step=in_googles_words(finding.next_step),
        since_what=None if finding.since_what is None else in_googles_words(finding.since_what),
    )
