"""Takes starts from their phones' budgets; what goes beyond waits."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from app.apns.sender import PlannedPush
from app.apns.settlement import settle_unsent
from app.apns.settler import Settler
from projections.card import Kind
from projections.card_store import CardStore
from projections.choice import budget_used_up


async def within_budgets(
    begun: Sequence[PlannedPush], cards: CardStore, settler: Settler, *, refill_seconds: float
) -> list[PlannedPush]:
    """Take the starts among pushes from their phones' budgets, give those that may go, and let the others wait.

    Args:
        begun: Pushes of any kind.
        cards: Keeps the budgets.
        settler: Writes down that a start waits.
        refill_seconds: When there is room again.
    """
    wanted = Counter(each.claimed.card.device_id for each in begun if each.sent.kind is Kind.START)
    left = await cards.take_starts(wanted) if wanted else {}
    kept: list[PlannedPush] = []
    for each in begun:
        card, now = each.claimed.card, each.claimed.now
        if each.sent.kind is not Kind.START:
            kept.append(each)
        elif left.get(card.device_id, 0) > 0:
            left[card.device_id] -= 1
            kept.append(each)
        else:
            waits = budget_used_up(now + timedelta(seconds=refill_seconds))
            settler.add(settle_unsent(card, waits, each.intent.version, now))
    return kept
