"""What became of a card, as those hear it who listen: that it started, failed, was dismissed, or ended.

Rules:
    A settlement is the only thing that makes a fact, so that a replay makes none. A card starts once, and once it has
    started it is dismissed or ends, once. One that was never on a phone ends in silence. A failure is told when it
    begins: that it goes on, each time the card is tried again, is not.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from projections.card import OTHER, Card, Phase, Settlement
from projections.sentences import ENDED_BY_A_PERSON


class FactType(StrEnum):
    """What became of a card."""

    STARTED = "card.started"
    FAILED = "card.failed"
    DISMISSED = "card.dismissed"
    ENDED = "card.ended"


ALL_TYPES: Final = tuple(FactType)


class CardFact(msgspec.Struct, frozen=True):
    """Something that became of a card.

    Attributes:
        code: The reason, for programs.
        reason: The same in words, which quote no personal value.
    """

    card: Card
    type: FactType
    code: str
    reason: str


class FactData(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a document says of a fact.

    Attributes:
        subject: What the card is of.
        customer_id: Whose it was; None for nobody's, or once that customer is erased.
        device_id: Likewise.
        generation: 1 for the first card of this subject on this phone.
        code: The reason, for programs.
        reason: The same in words.
    """

    subject: str
    card_id: UUID
    customer_id: str | None
    device_id: str | None
    app: str
    attributes_type: str
    generation: int
    code: str
    reason: str


class FactDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as webhooks and the stream tell it: the same bytes each time, unless the customer is erased meanwhile.

    Attributes:
        id: By which a repetition is known for one.
        timestamp: When it was settled.
    """

    id: str
    type: FactType
    timestamp: datetime
    data: FactData


class FactPlace(msgspec.Struct, frozen=True):
    """Where a fact is kept: within a slot they are numbered."""

    slot: int
    position: int


def fact_id(place: FactPlace, card_id: UUID) -> str:
    """Give the id of a fact; the card's tells it from one that a restored database numbers alike."""
    return f"cf_{place.slot}_{place.position}_{card_id.hex[:12]}"


def unnamed_fact(place: FactPlace) -> str:
    """Give what is left of the id of a fact that is kept no longer."""
    return f"cf_{place.slot}_{place.position}"


def place_of(id_: str) -> FactPlace | None:
    """Give where the fact of an id is kept; None if it cannot be one."""
    match id_.split("_"):
        case ["cf", slot, position, _] if _is_number(slot, 3) and _is_number(position, 15):
            return FactPlace(int(slot), int(position))
        case _:
            return None


def _is_number(text: str, most_digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most_digits


_FAILED: Final = ("failed", "refused")
_ENDED: Final = {"gone": "reported", "ended": "ended_by_person"}
"""The code of an outcome, where it is not the outcome's own word."""


def facts_of(settlement: Settlement, *, before: str | None) -> Sequence[CardFact]:
    """Give what a settlement makes of its card.

    Args:
        settlement: What the lease leaves behind.
        before: The outcome of the settlement before; None for the first, with which a card of the app's tells that it
            has started.
    """
    card = settlement.card
    facts: list[CardFact] = []
    came_started = before is None and card.started_at is not None
    if came_started or (settlement.started and card.started_at is None):
        facts.append(_started(settlement))
    goes_on = before in _FAILED and settlement.last_answer == card.last_answer
    if settlement.outcome in _FAILED and not goes_on:
        code = (settlement.last_answer or settlement.outcome).replace(" ", "_")
        facts.append(CardFact(card, FactType.FAILED, code, settlement.why))
    was_shown = settlement.started or card.started_at is not None or card.reported_state is not None
    if settlement.phase is Phase.OVER and card.phase is not Phase.OVER and was_shown:
        facts.append(_ended(settlement))
    return facts


def _started(settlement: Settlement) -> CardFact:
    card = settlement.card
    if card.starter == "app":
        code, reason = "started_by_app", "The app started the card itself."
    elif card.starter == OTHER:
        code, reason = "taken_over", "Another backend had started the card."
    elif card.is_on_phone:
        code, reason = "reported", "The app reported that the card is on the phone."
    elif settlement.accepted_version is not None:
        code = "accepted"
        reason = f"{'Google' if card.is_android else 'Apple'} accepted the push that starts the card."
    else:
        code, reason = "unknown", settlement.why
    return CardFact(card, FactType.STARTED, code, reason)


def _ended(settlement: Settlement) -> CardFact:
    card = settlement.card
    if settlement.outcome == "gone" and card.reported_state == "dismissed":
        return CardFact(card, FactType.DISMISSED, "reported", settlement.why)
    if settlement.outcome != "accepted":
        code = _ENDED.get(settlement.outcome, settlement.outcome)
    elif settlement.recalled:
        code = "recalled"
    elif card.replaced:
        code = "replaced"
    else:
        code = "ended_by_person" if settlement.why == ENDED_BY_A_PERSON else "over"
    return CardFact(card, FactType.ENDED, code, settlement.why)
