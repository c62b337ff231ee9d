"""Examples of an order and a card that somebody asks about."""

from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from projections.explain import explain
from projections.explanation import Explanation, Happened, Progress, Said, Surroundings, TracedCard
from projections.face import Face
from projections.order_view import FOLD_VERSION
from projections.plan_rules import PlanRules
from tests.examples.cards import live, moved, phone, seconds
from tests.examples.events import NOON

NOW: Final = seconds(60)


def progress(**changes: Any) -> Progress:
    """Give an example of an order of two events that is up to date."""
    fields: dict[str, Any] = {
        "version": 2,
        "archived_at": None,
        "archived_to": None,
        "slot_fold_version": FOLD_VERSION,
        "view_version": 2,
        "folded_at": NOON,
        "quarantined_at": None,
        "held_for": None,
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


def explained(one: TracedCard, seen: Face | None = None, **changes: Any) -> Explanation:
    """Explain an order with one card."""
    face = moved() if seen is None else seen
    fields: dict[str, Any] = {
        "status": "placed",
        "face": face,
        "readable": True,
        "events": (happened(2), happened(1)),
        "cards": (replace(one, face=face),),
        "more_cards": False,
    }
    surroundings: dict[str, Any] = {
        "now": NOW,
        "pauses": (),
        "outages": {},
        "routes": (),
        "said": lambda word: Said(f"It said {word}.", None),
        "rules": PlanRules(),
        "kept_seconds": {"update": 3_600.0},
        "signed_in": ("phone-1",),
    }
    around = Surroundings(**{name: changes.pop(name, value) for name, value in surroundings.items()})
    return explain("order-1", changes.pop("progress", progress()), around=around, **(fields | changes))
