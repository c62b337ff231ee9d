"""Webhooks and what is sent to them, as values."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Final

import msgspec

from app.webhooks.address import AddressRules, fault_of_url
from app.webhooks.errors import WebhookError
from app.webhooks.signature import read_secret
from events.errors import Fault
from projections.card_fact import ALL_TYPES, FactDocument, FactPlace

MOST_WEBHOOKS: Final = 20
FACT_WENT: Final = "What it was to tell is kept no longer."
OVERLAP_SECONDS: Final = 86_400
LONGEST_OVERLAP: Final = 604_800
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class WebhookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """How a webhook is to be.

    Attributes:
        types: Of what it is told; everything if absent.
        secret: To sign with; made for a new webhook, and as it was for another, if absent.
        overlap_seconds: How long the secret of before signs too.
    """

    url: str
    types: tuple[str, ...] = ALL_TYPES
    secret: str | None = None
    overlap_seconds: int = OVERLAP_SECONDS


class Webhook(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A webhook as it is shown.

    Attributes:
        previous_secret_until: Until when the secret of before signs too.
        failing_since: Nothing was taken since then.
        failures: In a row.
        disabled_at: Since when nothing is sent; what is to be told waits.
        waiting: Facts that it has still to be told of.
        dead: Facts that were given up.
        secret: Only in the answer that has made it.
    """

    name: str
    url: str
    types: tuple[str, ...]
    created_at: datetime
    changed_at: datetime
    previous_secret_until: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    disabled_at: datetime | None = None
    disabled_why: str | None = None
    waiting: int | None = None
    dead: int | None = None
    secret: str | None = None


class Readiness(Enum):
    """What may be sent to a webhook that is switched on."""

    EVERYTHING = auto()
    ONE = auto()
    NOTHING = auto()

    @classmethod
    def of(cls, *, failing: bool, held: bool) -> "Readiness":
        """Give what may be sent: to one that fails nothing for a while, and then one delivery at a time."""
        return cls.NOTHING if held else cls.ONE if failing else cls.EVERYTHING


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that is to be sent now, under a lease.

    Attributes:
        attempt: 1 for the first.
        failures: Of the webhook, in a row.
        secrets_sealed: That sign it; the newest first.
        now: The time of the claim.
    """

    webhook: str
    url: str
    place: FactPlace
    document: FactDocument
    lease: int
    attempt: int
    failures: int
    secrets_sealed: Sequence[bytes]
    now: datetime


class Unkept(msgspec.Struct, frozen=True):
    """A delivery that is dead, because what it was to tell is kept no longer."""

    webhook: str
    place: FactPlace


class Attempt(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One request of a delivery, as the log shows it.

    Attributes:
        seconds: How long it took.
        status: Of the answer, if one came.
        error: What went wrong; None: it was taken.
    """

    sent_at: datetime
    seconds: float
    status: int | None = None
    error: str | None = None


class DeliveryState(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What became of a delivery.

    Attributes:
        state: `waiting`, `delivered` or `dead`.
        document: What it tells; None: that is kept no longer.
        due_at: When it is sent next.
        log: Every request, the oldest first.
    """

    id: str
    state: str
    document: FactDocument | None = None
    due_at: datetime | None = None
    delivered_at: datetime | None = None
    dead_at: datetime | None = None
    log: tuple[Attempt, ...] = ()


class Resend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be sent again: one fact, what was given up, or all of a span of time.

    Attributes:
        since: Facts from this time on.
        until: Before this time; now if absent.
    """

    id: str | None = None
    dead: bool = False
    since: datetime | None = None
    until: datetime | None = None


def refuse_unfit(name: str, asked: WebhookRequest, rules: AddressRules) -> None:
    """See that a webhook can be set up like this.

    Raises:
        WebhookError: With every fault.
    """
    faults = []
    if not _NAME.fullmatch(name):
        faults.append(Fault("/name", "is to be 1 to 63 lower-case letters, digits and hyphens"))
    if (detail := fault_of_url(asked.url, rules)) is not None:
        faults.append(Fault("/url", detail))
    if not asked.types or set(asked.types) - set(ALL_TYPES):
        faults.append(Fault("/types", f"is to be some of {', '.join(ALL_TYPES)}"))
    if not 0 <= asked.overlap_seconds <= LONGEST_OVERLAP:
        faults.append(Fault("/overlapSeconds", f"is to be 0 to {LONGEST_OVERLAP}"))
    if asked.secret is not None:
        try:
            read_secret(asked.secret)
        except WebhookError as error:
            faults.extend(error.faults)
    if faults:
        raise WebhookError(*faults)


def refuse_vague(asked: Resend) -> None:
    """See that it is said what is to be sent again.

    Raises:
        WebhookError: None, or several, of the three.
    """
    if (asked.id is not None) + asked.dead + (asked.since is not None) != 1:
        raise WebhookError(Fault("", "is to have one of: id, since, and dead with true"))
    for name, moment in (("since", asked.since), ("until", asked.until)):
        if moment is not None and moment.tzinfo is None:
            raise WebhookError(Fault(f"/{name}", "is to name its offset from UTC, such as Z"))
    if asked.until is not None and asked.since is None:
        raise WebhookError(Fault("/until", "is to come with since"))
