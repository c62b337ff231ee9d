"""Cards that are to leave a phone that changed hands."""

from projections.card import Kind, Phase
from projections.choice import Send
from projections.draft import Alert
from projections.plan import plan
from projections.plan_rules import PlanRules
from tests.examples.cards import NEW, face, live, moved, over, phone, seconds

RULES = PlanRules()
LATER = seconds(10)
DELIVERED = Alert(3, 2, "order.delivered")


def test_a_recalled_card_never_carries_content() -> None:
    """Whoever is signed in now, an end of a card that is not theirs says nothing of the order."""
    for on in (None, phone(forgotten=True), phone(customer_id="customer-8"), phone(customer_id=None)):
        for seen in (None, face(), moved(), over(alerts=(DELIVERED,))):
            for planned in (live(), live(phase=Phase.ENDING), live(replaced=True), live(phase=Phase.WANTED)):
                decided = plan(seen, planned, on, LATER, RULES)
                assert isinstance(decided, Send)
                assert (decided.kind, decided.with_content, decided.alert) == (Kind.END, False, None)
    assert NEW not in repr(plan(moved(), live(), None, LATER, RULES)).encode()
