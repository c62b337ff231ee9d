"""The answer to "why did the card not move?", as values: what is read for it, and what is said."""

from datetime import datetime

import msgspec

from projections.card import Card
from projections.phone import Phone
from projections.reasons import Reason


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a subject has come.

    Attributes:
        version: Of the log.
        view_version: Of what was folded; 0 for nothing.
        slot_fold_version: Which version of the fold works on the subject's slot; None before any did.
        quarantined_at: When its fold failed.
        held_by_fold: The fold version that could not read the next event.
        match_due_at: When the matcher is to look for phones.
        spreading_since: When the spreader was asked to wake its many cards.
        now: The database's time.
    """

    version: int
    archived_at: datetime | None
    slot_fold_version: int | None
    view_version: int
    folded_at: datetime | None
    quarantined_at: datetime | None
    held_by_fold: int | None
    match_due_at: datetime | None
    spreading_since: datetime | None
    now: datetime


class Happened(msgspec.Struct, frozen=True, rename="camel"):
    """An event, without what it carries.

    Attributes:
        folded: Whether it is worked into what cards show.
    """

    version: int
    type: str
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    folded: bool


class Sent(msgspec.Struct, frozen=True, rename="camel"):
    """A receipt: a push, and what came back.

    Attributes:
        outcome: `accepted`, `retry`, `rejected` or `unknown`.
        status: What APNs answered; None without an answer.
        reason: The word of APNs.
        demoted: It would have had priority 10, had the phone not had its urgent pushes for the hour.
    """

    sent_at: datetime
    answered_at: datetime
    kind: str
    version: int
    why: str
    outcome: str
    priority: int
    status: int | None
    reason: str | None
    apns_id: str
    demoted: bool = False


class TracedCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card as a claim would give it, with its phone and what its last plan left behind.

    Attributes:
        leased_at: When a dispatcher took it; None when none has it.
    """

    card: Card
    phone: Phone | None
    considered_version: int
    due_at: datetime | None
    blocked_until: datetime | None
    leased_at: datetime | None
    accepted_at: datetime | None
    outcome: str | None
    why: str | None
    outcome_at: datetime | None
    sent: tuple[Sent, ...] = ()


class Said(msgspec.Struct, frozen=True):
    """What an answer to a push means, and what a person should do; `do` is None when it is nothing."""

    means: str
    do: str | None


class Finding(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is the matter, in words for a support person.

    Attributes:
        state: How things stand, in one sentence.
        since: Since when; None when nobody knows.
        until: When it changes by itself; None when it does not.
    """

    reason: Reason
    state: str
    why: str
    next_step: str
    since: datetime | None = None
    until: datetime | None = None


class ExplainedCard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is the matter with one card.

    Attributes:
        accepted_version: The version that APNs took last.
        perhaps: What may keep the phone from showing what APNs took.
        sent: The last pushes, the newest first.
    """

    card_id: str
    device_id: str
    attributes_type: str
    generation: int
    phase: str
    accepted_version: int | None
    finding: Finding
    perhaps: tuple[str, ...] = ()
    sent: tuple[Sent, ...] = ()


class Explanation(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is the matter with an order and its cards.

    Attributes:
        at: The time that it speaks of.
        events: The last events, the newest first.
        more_cards: There are more cards than are shown.
    """

    order_id: str
    at: datetime
    status: str | None
    over: bool
    version: int
    view_version: int
    finding: Finding
    events: tuple[Happened, ...]
    cards: tuple[ExplainedCard, ...]
    more_cards: bool = False
