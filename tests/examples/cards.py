"""Examples of cards and of what a plan reads beside them."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from projections.budget import StartBudget, UrgentBudget
from projections.card import Card, Intent, Kind, Phase
from projections.draft import Alert
from projections.face import Face
from projections.phone import Phone
from tests.examples.events import NOON

CARD_ID: Final = UUID("00000000-0000-4000-8000-000000000001")
APNS_ID: Final = UUID("00000000-0000-4000-8000-0000000000aa")
SECOND: Final = int(NOON.timestamp())
OLD: Final = b"what is shown"
NEW: Final = b"what has come"


def seconds(amount: float) -> datetime:
    """Give the time so many seconds after noon."""
    return NOON + timedelta(seconds=amount)


def hours(amount: float) -> datetime:
    """Give the time so many hours after noon."""
    return NOON + timedelta(hours=amount)


def card(**changes: Any) -> Card:
    """Give an example of a wanted card, made at noon and claimed for the first time."""
    fields: dict[str, Any] = {
        "slot": 7,
        "subject_id": "order-1",
        "card_id": CARD_ID,
        "device_id": "phone-1",
        "customer_id": "customer-7",
        "app": "com.example.shop",
        "environment": "sandbox",
        "attributes_type": "OrderAttributes",
        "generation": 1,
        "starter": "server",
        "created_at": NOON,
        "debt": 1,
        "lease": 1,
        "lease_ran_out": False,
        "phase": Phase.WANTED,
        "activity_id": None,
        "reported_state": None,
        "reported_at": None,
        "token_hash": None,
        "token_registered_at": None,
        "replaced": False,
        "timestamp_used": 0,
        "alerted_version": 0,
        "intent": None,
        "accepted_version": None,
        "accepted_hash": None,
        "started_at": None,
        "refused_hash": None,
        "suspect_hash": None,
        "attempts": 0,
        "restarts": 0,
        "next_generation": False,
        "last_answer": None,
        "same_answers": 0,
        "recalled": False,
        "unreported": False,
        "tried_hash": None,
        "tried_environment": None,
        "asked": None,
        "freshness": None,
    }
    return Card(**(fields | changes))


def intent(kind: Kind = Kind.START, *, at: datetime = NOON, alert: int | None = 1) -> Intent:
    """Give an example of an intent whose answer nobody knows."""
    return Intent(kind, 1, alert, int(at.timestamp()), APNS_ID, at)


def starting(**changes: Any) -> Card:
    """Give an example of a card whose start has no known answer."""
    return card(**{"phase": Phase.STARTING, "intent": intent(), "timestamp_used": SECOND, "attempts": 1} | changes)


def shown(**changes: Any) -> Card:
    """Give an example of a card that APNs accepted at noon and that shows version 1, without a report of its app."""
    fields: dict[str, Any] = {
        "phase": Phase.SHOWN,
        "started_at": NOON,
        "timestamp_used": SECOND,
        "alerted_version": 1,
        "accepted_version": 1,
        "accepted_hash": OLD,
    }
    return card(**(fields | changes))


def live(**changes: Any) -> Card:
    """Give an example of a card on the phone, with a token."""
    fields: dict[str, Any] = {
        "activity_id": "activity-1",
        "reported_state": "active",
        "reported_at": NOON,
        "token_hash": b"token-1",
        "token_registered_at": NOON,
    }
    return shown(**(fields | changes))


def phone(**changes: Any) -> Phone:
    """Give an example of a phone that can take a start."""
    fields: dict[str, Any] = {
        "device_id": "phone-1",
        "customer_id": "customer-7",
        "app": "com.example.shop",
        "environment": "sandbox",
        "ios": (18, 2),
        "activities_enabled": True,
        "frequent_pushes": True,
        "forgotten": False,
        "start_token_hash": b"start-1",
        "start_token_refused": False,
        "start_token_registered_at": NOON,
        "start_environment": "sandbox",
        "start_blocked_until": None,
        "start_budget": StartBudget(),
        "urgent_budget": UrgentBudget(),
        "unreported_starts": 0,
    }
    return Phone(**(fields | changes))


def face(**changes: Any) -> Face:
    """Give an example of an order that was just placed."""
    fields: dict[str, Any] = {
        "version": 1,
        "placed": True,
        "over": False,
        "customer_id": "customer-7",
        "content": b'{"status":"placed"}',
        "content_hash": OLD,
        "alerts": (PLACED,),
        "status_version": 1,
        "expected_at": None,
    }
    return Face(**(fields | changes))


def moved(**changes: Any) -> Face:
    """Give an example of an order that shows something else than version 1, without an alert or a new status."""
    return face(**{"version": 2, "content_hash": NEW} | changes)


def over(**changes: Any) -> Face:
    """Give an example of an order that is over."""
    return face(**{"version": 2, "content_hash": NEW, "over": True, "status_version": 2} | changes)


PLACED: Final = Alert(2, 1, "order.placed")
