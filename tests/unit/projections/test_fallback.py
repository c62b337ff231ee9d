"""When news goes by an ordinary notification instead of a card."""

from typing import Any

import pytest
from msgspec.structs import replace

from projections.card import Card, Kind, Phase
from projections.choice import Nothing, Send, Wait
from projections.draft import Alert
from projections.face import Face
from projections.fallback import BY_NOTIFICATION, FallbackRules
from projections.phone import AlertToken, Phone
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import SECOND, card, face, hours, live, moved, over, phone, seconds, shown
from tests.examples.events import NOON

RULES = PlanRules(fallback=FallbackRules(wanted=True))
TOKEN = AlertToken(token_hash=b"alert-1", refused=False, registered_at=NOON, blocked_until=None)
PLACED = Alert(2, 1, "order.placed")
READY = Alert(1, 2, "order.ready")
DELIVERED = Alert(3, 2, "order.delivered")
NEWS = moved(alerts=(PLACED, READY))
GONE_BY = over(alerts=(PLACED, DELIVERED))


def notified(**changes: Any) -> Phone:
    """Give an example of a phone that can be sent ordinary notifications."""
    return phone(**({"alert_token": TOKEN} | changes))


TOO_OLD = notified(ios=(16, 4))
HINDERED = {
    "an old iOS": (face(), card(), TOO_OLD, PLACED),
    "switched off": (face(), card(), notified(activities_enabled=False), PLACED),
    "no start token": (face(), card(), notified(start_token_hash=None), PLACED),
    "a refused start token": (face(), card(), notified(start_token_refused=True), PLACED),
    "the strongest news of several": (NEWS, card(), TOO_OLD, PLACED),
    "what was not told yet": (NEWS, card(alerted_version=1), TOO_OLD, READY),
    "over before a card could be started": (GONE_BY, card(alerted_version=1), TOO_OLD, DELIVERED),
    "no update token a minute after the start": (NEWS, shown(started_at=seconds(-60)), notified(), READY),
    "over, without an update token": (GONE_BY, shown(started_at=seconds(-60)), notified(), DELIVERED),
    "on the phone without a token": (
        NEWS,
        shown(started_at=seconds(-60), reported_state="active"),
        notified(),
        READY,
    ),
    "a start token that is suspect, at once": (NEWS, shown(), notified(unreported_starts=2), READY),
}


@pytest.mark.parametrize("row", HINDERED)
def test_what_a_card_cannot_tell_is_told_by_a_notification(row: str) -> None:
    """The alert of the moment, urgently; the card stays as it is."""
    seen, planned, on, alert = HINDERED[row]
    decided = plan(seen, planned, on, NOON, RULES)

    assert isinstance(decided, Send)
    assert decided == Send(kind=Kind.ALERT, why=decided.why, timestamp=SECOND, priority=10, alert=alert)
    assert decided.why.endswith("The news goes by an ordinary notification.")
    assert not is_told(plan(seen, planned, on, NOON, PlanRules()))
    assert not is_told(plan(seen, planned, replace(on, alert_token=None), NOON, RULES))
    assert not is_told(plan(seen, planned, replace(on, alert_token=replace(TOKEN, refused=True)), NOON, RULES))


def is_told(decided: object) -> bool:
    """Tell whether a plan sends an ordinary notification, or says that it does."""
    return isinstance(decided, Send) and decided.kind is Kind.ALERT


SPARED: dict[str, tuple[Face, Card, Phone]] = {
    "another customer signed in": (NEWS, card(), replace(TOO_OLD, customer_id="customer-8")),
    "signed out": (NEWS, card(), replace(TOO_OLD, forgotten=True)),
    "another customer, on a card without a token": (NEWS, shown(started_at=hours(-1)), notified(customer_id=None)),
    "the order of another": (replace(NEWS, customer_id="customer-8"), card(), TOO_OLD),
    "swiped away": (NEWS, shown(started_at=hours(-1), reported_state="dismissed"), notified()),
    "a refused update token": (NEWS, live(started_at=hours(-1), refused_hash=b"token-1"), notified()),
    "ended by a person": (NEWS, shown(started_at=hours(-1), asked="end"), notified()),
    "a newer card is on the phone": (NEWS, shown(started_at=hours(-1), replaced=True), notified()),
    "a card that moves": (NEWS, live(), notified()),
    "a card that is about to be started": (face(), card(), notified()),
    "a card that the app starts": (face(), card(starter="app"), notified()),
    "nothing to notice": (moved(alerts=()), card(), TOO_OLD),
    "all of it was told": (NEWS, card(alerted_version=2), TOO_OLD),
    "the app may still report its token": (NEWS, shown(), notified()),
    "a token that APNs wants left alone": (
        face(),
        card(),
        replace(TOO_OLD, alert_token=replace(TOKEN, blocked_until=hours(1))),
    ),
}


@pytest.mark.parametrize("row", SPARED)
def test_nobody_is_notified_who_should_not_be(row: str) -> None:
    """Who may not see the order, who has a card that moves, who swiped it away, and who was told already."""
    assert not is_told(plan(*SPARED[row], NOON, RULES))


def test_the_explanation_says_how_the_news_goes() -> None:
    """With the reason that there is no card; nothing is due until there is news."""
    decided = plan(NEWS, card(alerted_version=2), TOO_OLD, NOON, RULES)

    assert isinstance(decided, Wait)
    assert (decided.reason, decided.until) == (Reason.IOS_TOO_OLD, None)
    assert decided.why.endswith(BY_NOTIFICATION)


@pytest.mark.parametrize(("seen", "until"), [(NEWS, seconds(60)), (moved(alerts=()), seconds(RULES.arrival))])
def test_a_card_that_was_just_started_waits_for_its_token_first(seen: Face, until: object) -> None:
    """With news for a minute; without any there is nothing to wake for."""
    decided = plan(seen, shown(), notified(), NOON, RULES)

    assert isinstance(decided, Wait)
    assert decided.until == until


def test_an_order_whose_end_was_told_is_done_with() -> None:
    """After its last notification the card that never was is over."""
    decided = plan(GONE_BY, card(alerted_version=2), TOO_OLD, NOON, RULES)

    assert isinstance(decided, Nothing)
    assert (decided.phase, decided.outcome) == (Phase.OVER, "never_shown")
