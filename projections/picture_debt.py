"""A phone that may have to be told of pictures, and what a look at it leaves behind, as values."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from projections.budget import StartBudget


class DeviceToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token for ordinary notifications, which wakes the app too.

    Attributes:
        token_hash: Its blind index.
        environment: Where it works.
    """

    token_hash: bytes
    sealed: bytes
    registered_at: datetime
    environment: str
    refused: bool
    blocked_until: datetime | None


class ClaimedPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A phone that may have to be told of pictures, under our lease.

    Attributes:
        debt: The number of reasons to look that had been given when it was claimed.
        told_fetch: What its app was told to fetch, last; names of versions.
        told_drop: Likewise, to delete.
        told_times: How often it was told the same.
        reported_at: When the app said last what it has.
        budget: Background pushes that the phone takes.
        app: None: it is signed out, or gone.
        environment: As the app reported it.
        token: None: the app reported none.
        shadowed: Nothing is sent to it.
    """

    device_id: str
    debt: int
    lease: int
    told_fetch: Sequence[str]
    told_drop: Sequence[str]
    told_at: datetime | None
    told_times: int
    reported_at: datetime | None
    budget: StartBudget
    attempts: int
    app: str | None
    environment: str | None
    token: DeviceToken | None
    shadowed: bool
    now: datetime


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a lease on a phone leaves behind.

    Attributes:
        due_at: When to look again without a new reason.
        block_seconds: How long nothing may be sent, whatever comes.
        fetch: What the app counts as told to fetch; names of versions.
        drop: Likewise, to delete.
        times: How often it was told the same.
        now_told: It was told now.
        credit: What is left of its budget; None: as it was.
        outcome: A word.
    """

    phone: ClaimedPhone
    due_at: datetime | None
    fetch: Collection[str]
    drop: Collection[str]
    times: int
    outcome: str
    why: str
    block_seconds: float | None = None
    now_told: bool = False
    credit: float | None = None
    attempts: int = 0
