"""How far an order has come and what holds a card back, in situations that are hard to set up for real."""

from datetime import datetime
from typing import Any

import pytest

from projections.card import Phase
from projections.explain import explain
from projections.explain_order import explain_order
from projections.explanation import Explanation, Happened, Progress, Said, TracedCard
from projections.face import Face
from projections.order_view import FOLD_VERSION
from projections.pause import PauseRow
from projections.plan import PlanRules
from projections.reasons import Reason
from tests.examples.cards import card, face, hours, live, moved, over, phone, seconds
from tests.examples.events import NOON

NOW = seconds(60)


def progress(**changes: Any) -> Progress:
    """Give an example of an order of two events that is up to date."""
    fields: dict[str, Any] = {
        "version": 2,
        "archived_at": None,
        "slot_fold_version": FOLD_VERSION,
        "view_version": 2,
        "folded_at": NOON,
        "quarantined_at": None,
        "held_by_fold": None,
        "match_due_at": None,
        "spreading_since": None,
        "now": NOW,
    }
    return Progress(**(fields | changes))


def happened(version: int, *, folded: bool = True, recorded_at: datetime = NOON) -> Happened:
    """Give an example of an event."""
    return Happened(version, "order.note", 1, recorded_at, recorded_at, folded)


def traced(**changes: Any) -> TracedCard:
    """Give an example of a card that owes an update since noon."""
    fields: dict[str, Any] = {
        "card": live(),
        "phone": phone(),
        "considered_version": 1,
        "due_at": NOON,
        "blocked_until": None,
        "leased_at": None,
        "accepted_at": NOON,
        "outcome": "accepted",
        "why": "A test.",
        "outcome_at": NOON,
    }
    return TracedCard(**(fields | changes))


def explained(one: TracedCard, shown: Face | None = None, **changes: Any) -> Explanation:
    """Explain an order with one card."""
    fields: dict[str, Any] = {
        "status": "placed",
        "face": moved() if shown is None else shown,
        "readable": True,
        "events": (happened(2), happened(1)),
        "cards": (one,),
        "more_cards": False,
        "phones": 1,
        "pauses": (),
        "said": lambda word: Said(f"It said {word}.", None),
        "rules": PlanRules(),
    }
    return explain("order-1", changes.pop("progress", progress()), **(fields | changes))


ORDERS: dict[str, tuple[Progress, Face | None, dict[str, Any], Reason]] = {
    "in step": (progress(), face(), {}, Reason.IN_STEP),
    "just recorded": (progress(version=3), face(), {"recorded_at": seconds(55)}, Reason.FOLDING),
    "recorded long ago": (progress(version=3), face(), {}, Reason.PROJECTOR_LATE),
    "held by an older release": (progress(version=3, held_by_fold=FOLD_VERSION - 1), face(), {}, Reason.PROJECTOR_LATE),
    "held by this release": (progress(version=3, held_by_fold=FOLD_VERSION), face(), {}, Reason.NEWER_EVENT),
    "another release's slot": (
        progress(version=3, slot_fold_version=FOLD_VERSION + 1),
        face(),
        {},
        Reason.OTHER_RELEASE,
    ),
    "set aside": (progress(version=3, quarantined_at=NOON), face(), {}, Reason.QUARANTINED),
    "unreadable": (progress(), None, {"readable": False}, Reason.UNREADABLE),
    "nothing to show": (progress(), face(placed=False), {}, Reason.NOT_PLACED),
    "many cards": (progress(spreading_since=NOON), face(), {}, Reason.SPREADING),
    "archived": (progress(archived_at=NOON), face(), {}, Reason.ARCHIVED),
    "over, no card": (progress(), over(), {"has_cards": False}, Reason.NEVER_SHOWN),
    "shown later": (progress(match_due_at=hours(2)), face(), {"has_cards": False}, Reason.SHOWN_LATER),
    "matching": (progress(match_due_at=seconds(55)), face(), {"has_cards": False}, Reason.MATCHING),
    "no matcher": (progress(match_due_at=NOON), face(), {"has_cards": False}, Reason.MATCHER_LATE),
    "no phone": (progress(), face(), {"has_cards": False, "phones": 0}, Reason.NO_PHONE),
    "a phone without its card": (progress(), face(), {"has_cards": False}, Reason.NOT_LOOKED_AT),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_says_how_far_it_has_come(name: str) -> None:
    """Each stage that waits is named."""
    reached, shown, changes, reason = ORDERS[name]
    given: dict[str, Any] = {"readable": True, "has_cards": True, "phones": 1, **changes}
    recorded_at = given.pop("recorded_at", NOON)
    events = [happened(3, folded=False, recorded_at=recorded_at), happened(2)]
    if reached.view_version == reached.version:
        events = events[1:]

    assert explain_order("order-1", reached, shown, events, **given).reason is reason


CARDS: dict[str, tuple[TracedCard, Face, Reason]] = {
    "a push is under way": (traced(leased_at=seconds(58), blocked_until=seconds(118)), moved(), Reason.UNDER_WAY),
    "its worker vanished": (
        traced(card=live(lease_ran_out=True), leased_at=NOON, blocked_until=seconds(30)), moved(),
        Reason.DISPATCHER_LATE,
    ),
    "just owing": (traced(due_at=seconds(55)), moved(), Reason.DUE),
    "owing for long": (traced(), moved(), Reason.DISPATCHER_LATE),
    "nobody looks": (traced(due_at=None), moved(), Reason.NOT_LOOKED_AT),
    "backing off": (traced(outcome="retrying", blocked_until=seconds(90)), moved(), Reason.RETRYING),
    "refused": (traced(outcome="failed", considered_version=2, due_at=hours(8)), moved(), Reason.FAILED),
    "refused, and news came": (traced(outcome="failed", considered_version=1, due_at=hours(8)), moved(),
                               Reason.NOT_LOOKED_AT),
    "up to date": (traced(due_at=hours(7)), face(), Reason.UNCHANGED),
    "over by a word that nobody knows": (traced(card=live(phase=Phase.OVER), outcome="new"), moved(), Reason.OVER),
    "old": (traced(card=live(started_at=hours(-7.9))), moved(), Reason.RENEWAL),
    "the app starts it": (traced(card=card(starter="app")), face(), Reason.APP_STARTS),
}  # fmt: skip


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_what_keeps_it(name: str) -> None:
    """The reason is that of the plan of this moment, or of what holds the push back."""
    one, shown, reason = CARDS[name]
    [found] = explained(one, shown).cards

    assert found.finding.reason is reason


def test_what_keeps_the_order_keeps_its_cards() -> None:
    """A card that is up to date with what is folded says that the rest waits."""
    [found] = explained(traced(due_at=None), face(), progress=progress(version=3, quarantined_at=NOON)).cards

    assert found.finding.reason is Reason.ORDER_WAITS
    assert "set aside" in found.finding.why


def test_two_pauses_are_both_lifted() -> None:
    """The next step names both commands, and the later end."""
    pauses = (
        PauseRow("app", "com.example.shop", "a new app", NOON, hours(1)),
        PauseRow("endpoint", "sandbox", "no secure connection", seconds(5), hours(2)),
    )
    [found] = explained(traced(), pauses=pauses).cards

    assert (found.finding.reason, found.finding.since, found.finding.until) == (Reason.PAUSED_BY_APNS, NOON, hours(2))
    for part in (
        "lockstep resume --app com.example.shop and lockstep resume --endpoint sandbox",
        "network",
        "14:00:00",
    ):
        assert part in found.finding.next_step


def test_a_pause_of_something_else_is_not_mentioned() -> None:
    """Production's trouble is not the sandbox's."""
    pauses = (PauseRow("endpoint", "production", "a test", NOON, None),)

    assert explained(traced(), pauses=pauses).cards[0].finding.reason is Reason.DISPATCHER_LATE
