"""What a card says while an environment of APNs' cannot be reached."""

import pytest

from projections.card import NOT_SENT
from projections.explanation import TracedCard
from projections.outage import Outage
from projections.pause import PauseRow
from projections.reasons import Reason
from tests.examples.cards import NEW, hours, live, moved, seconds
from tests.examples.events import NOON
from tests.examples.explanations import explained, traced

OUTAGES: dict[str, tuple[TracedCard, Reason]] = {
    "due": (traced(due_at=seconds(55)), Reason.UNREACHABLE),
    "due for long": (traced(), Reason.UNREACHABLE),
    "about to be due": (traced(due_at=None), Reason.UNREACHABLE),
    "tried a moment ago": (
        traced(card=live(last_answer=NOT_SENT), outcome="retrying", blocked_until=seconds(61)), Reason.UNREACHABLE,
    ),
    "backing off for another reason": (
        traced(card=live(last_answer="TooManyRequests"), outcome="retrying", blocked_until=seconds(90)),
        Reason.RETRYING,
    ),
    "refused": (traced(outcome="failed", considered_version=2, due_at=hours(8)), Reason.FAILED),
    "in shadow": (traced(outcome="shadow", due_at=hours(8)), Reason.SHADOWED),
    "being tried": (traced(leased_at=seconds(58), blocked_until=seconds(118)), Reason.UNDER_WAY),
    "up to date": (traced(card=live(accepted_hash=NEW)), Reason.UNCHANGED),
    "of the other environment": (traced(card=live(environment="production")), Reason.DISPATCHER_LATE),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_is_named_where_it_is_what_a_card_waits_for(name: str) -> None:
    """A card that waits for something else as well says that."""
    one, reason = OUTAGES[name]
    outage = Outage("sandbox", NOON, "api.sandbox.push.apple.com did not answer within 10 s")
    [found] = explained(one, moved(), outages={"sandbox": outage}).cards

    assert found.finding.reason is reason


def test_a_pause_goes_before_an_outage() -> None:
    """When the outage is over, the pause still holds."""
    pauses = (PauseRow("all", "*", "wrong texts", NOON, None),)
    [found] = explained(traced(), pauses=pauses, outages={"sandbox": Outage("sandbox", NOON, "refused")}).cards

    assert found.finding.reason is Reason.PAUSED_BY_PERSON
