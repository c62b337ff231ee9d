"""Any card, face and phone: what plans may never do."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.card import LIFETIME, Card, Kind, Phase
from projections.choice import Nothing, Renew, Send, Wait
from projections.draft import Alert
from projections.face import Face
from projections.phone import Phone
from projections.plan import plan
from projections.plan_rules import PlanRules
from tests.examples.cards import NEW, OLD, SECOND, card, face, intent, live, phone, shown
from tests.examples.events import NOON

CUSTOMERS = st.sampled_from(["customer-7", "customer-8", None])
MOMENTS = st.floats(-40_000, 40_000).map(lambda amount: NOON + timedelta(seconds=amount))
TOKENS = st.sampled_from([None, b"token-1", b"token-2"])
RULES = st.builds(
    PlanRules, on_unknown_start=st.sampled_from(["never", "after_silence"]), report_wait=st.sampled_from([0.0, 60.0])
)
ALERTS = st.lists(st.builds(Alert, st.integers(1, 3), st.integers(1, 9), st.just("order.ready")), max_size=3).map(tuple)
FACES = st.none() | st.builds(
    face,
    version=st.integers(1, 9),
    placed=st.booleans(),
    over=st.booleans(),
    customer_id=CUSTOMERS,
    content_hash=st.sampled_from([OLD, NEW]),
    alerts=ALERTS,
    status_version=st.integers(0, 9),
    expected_at=st.none() | MOMENTS,
)
PHONES = st.none() | st.builds(
    phone,
    customer_id=CUSTOMERS,
    ios=st.sampled_from([(16, 4), (17, 1), (17, 2), (26, 0)]),
    activities_enabled=st.booleans(),
    forgotten=st.booleans(),
    start_token_hash=TOKENS,
    start_token_refused=st.booleans(),
)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    """Draw any card, also one that no history would lead to."""
    lost = draw(st.booleans())
    changes: dict[str, Any] = {
        "customer_id": draw(CUSTOMERS),
        "starter": draw(st.sampled_from(["server", "app", "app_first"])),
        "created_at": draw(MOMENTS),
        "phase": draw(st.sampled_from(Phase)),
        "reported_state": draw(st.sampled_from([None, "starting", "active", "dismissed", "ended"])),
        "reported_at": draw(st.none() | MOMENTS),
        "token_hash": draw(TOKENS),
        "refused_hash": draw(TOKENS),
        "replaced": draw(st.booleans()),
        "timestamp_used": SECOND + draw(st.integers(-50_000, 50_000)),
        "alerted_version": draw(st.integers(0, 9)),
        "intent": intent(draw(st.sampled_from(Kind)), at=draw(MOMENTS)) if lost else None,
        "accepted_version": draw(st.none() | st.integers(0, 9)),
        "accepted_hash": draw(st.sampled_from([None, OLD, NEW])),
        "started_at": draw(st.none() | MOMENTS),
        "attempts": draw(st.integers(0, 3)),
        "restarts": draw(st.integers(0, 2)),
        "generation": draw(st.integers(1, 4)),
        "next_generation": draw(st.booleans()),
    }
    return card(**changes)


@given(FACES, cards(), PHONES, MOMENTS, RULES)
def test_a_plan_exists_for_everything(
    seen: Face | None, planned: Card, on: Phone | None, now: datetime, rules: PlanRules
) -> None:
    """Whatever stands in the rows, there is one choice, and it says why in a sentence."""
    decided = plan(seen, planned, on, now, rules)

    assert isinstance(decided, Send | Wait | Nothing | Renew)
    assert decided.why.endswith(".")


@given(FACES, cards(), PHONES, MOMENTS, RULES)
def test_a_push_is_only_planned_where_it_may_go(
    seen: Face | None, planned: Card, on: Phone | None, now: datetime, rules: PlanRules
) -> None:
    """A dead card gets nothing; starts go to good start tokens, the rest to good update tokens, in rising order."""
    decided = plan(seen, planned, on, now, rules)
    if not isinstance(decided, Send):
        return

    assert planned.phase is not Phase.OVER
    assert not planned.is_gone
    assert decided.timestamp > planned.timestamp_used
    assert decided.timestamp >= int(now.timestamp())
    if decided.kind is Kind.START:
        assert on is not None
        assert on.start_token_hash is not None
        assert not on.start_token_refused
        assert not planned.is_on_phone
        assert decided.alert is not None
    else:
        assert planned.has_token
    if decided.kind is Kind.END:
        assert decided.dismiss_at is not None
        assert decided.dismiss_at <= now + timedelta(hours=4)
    else:
        assert decided.stale_at is not None


@given(FACES, cards(), PHONES, MOMENTS, RULES)
def test_content_goes_to_its_recipient_alone(
    seen: Face | None, planned: Card, on: Phone | None, now: datetime, rules: PlanRules
) -> None:
    """Invariant 9: whoever is signed in, the card's customer and the order's must be one for content to be sent."""
    decided = plan(seen, planned, on, now, rules)
    if isinstance(decided, Send) and decided.with_content and seen is not None and seen.placed:
        assert on is not None
        assert not on.forgotten
        assert on.customer_id == planned.customer_id == seen.customer_id


@given(FACES, cards(), PHONES, MOMENTS, RULES)
def test_an_alert_is_spoken_once(
    seen: Face | None, planned: Card, on: Phone | None, now: datetime, rules: PlanRules
) -> None:
    """Only a start, which must have one, may repeat what was heard."""
    decided = plan(seen, planned, on, now, rules)
    if isinstance(decided, Send) and decided.alert is not None and decided.kind is not Kind.START:
        assert decided.alert.version > planned.alerted_version


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (shown(), (False, False, False)),
        (shown(reported_state="starting"), (False, True, False)),
        (live(), (True, True, False)),
        (live(refused_hash=b"token-1"), (False, True, False)),
        (live(refused_hash=b"token-0"), (True, True, False)),
        (live(reported_state="dismissed"), (True, True, True)),
        (shown(reported_state="ended"), (False, False, True)),
    ],
)
def test_what_a_card_tells_of_itself(known: Card, expected: tuple[bool, bool, bool]) -> None:
    """Whether it has a token to send to, is on the phone by the phone's own word, and is gone."""
    assert (known.has_token, known.is_on_phone, known.is_gone) == expected


def test_a_card_lives_eight_hours() -> None:
    """Apple's rule."""
    assert timedelta(hours=8) == LIFETIME
