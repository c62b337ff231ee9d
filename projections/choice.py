"""What a plan may choose to do for a card, each with its why."""

from datetime import datetime
from typing import Literal

import msgspec

from projections.card import Kind, Phase
from projections.channel import ChannelState
from projections.draft import Alert
from projections.freshness import Freshness
from projections.reasons import Reason


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """Send a push.

    Attributes:
        timestamp: Unix seconds, strictly later than any before.
        alert: What the push speaks of; None for a quiet one.
        stale_at: When the card counts as stale.
        dismiss_at: When an ended card leaves the Lock Screen.
        with_content: Whether the phone may see the subject's content.
        freshness: What the content state says of the age of its news; None for nothing.
        grows_older_at: When an update grows older without any.
        relevance_score: As the sender of the state wishes; None leaves it out.
        channel: What a start makes the card follow, in the place of a token; None: it asks for a token.
        demoted: It would have priority 10, had the phone not had its urgent pushes for the hour.
    """

    kind: Kind
    why: str
    timestamp: int
    priority: Literal[5, 10]
    alert: Alert | None = None
    stale_at: datetime | None = None
    dismiss_at: datetime | None = None
    with_content: bool = True
    freshness: Freshness | None = None
    grows_older_at: datetime | None = None
    relevance_score: float | None = None
    demoted: bool = False
    channel: ChannelState | None = None


class Wait(msgspec.Struct, frozen=True):
    """Do nothing until a time, or until something happens.

    Attributes:
        until: When to look again; None when only news can change this.
        phase: The phase that the card is in, where that has become clear.
        unreported: It has become clear that the app does not tell of the card.
    """

    reason: Reason
    why: str
    until: datetime | None = None
    phase: Phase | None = None
    unreported: bool = False


class Nothing(msgspec.Struct, frozen=True):
    """There is nothing to do.

    Attributes:
        until: When to look again all the same.
        phase: OVER when there will never be anything to do.
        outcome: A word for the card's row.
    """

    reason: Reason
    why: str
    until: datetime | None = None
    phase: Phase | None = None
    outcome: str = "nothing"


class Renew(msgspec.Struct, frozen=True):
    """Start the next generation of the card; this one stays until that is on the phone."""

    reason: Reason
    why: str


Plan = Send | Wait | Nothing | Renew


def budget_used_up(until: datetime) -> Wait:
    """Wait for a phone that has taken as many starts as it takes in a short time."""
    return Wait(
        Reason.BUDGET_USED_UP,
        "The phone was sent as many new cards as iOS allows for now; it would drop more of them unseen.",
        until=until,
    )
