"""How old the news on a card is, told by the card itself: what cannot move by itself must say when it stands still.

iOS marks a card stale by its stale date, but an app that was force-quit may go on showing the last snapshot; so the
content state says it too, by a push. The law is `docs/projection.md`.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

from projections.card import LIFETIME


class Freshness(StrEnum):
    """Name a level, as it stands in the content state.

    Attributes:
        FRESH: The card shows what is to be expected.
        LATE: The expected time has passed, and nothing was heard since.
        STALE: Nothing was heard for so long that the card should not be believed.
    """

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"


class FreshnessRules(msgspec.Struct, frozen=True, kw_only=True):
    """When news has grown old, in seconds.

    Attributes:
        late_after: How long after the expected time, or the last news if that is later, a card says that it is late.
        stale_after: How long after the last news a card counts as stale.
        stale_grace: How long after the expected time a card counts as stale, if that is later.
    """

    late_after: float = 300.0
    stale_after: float = 3_600.0
    stale_grace: float = 900.0


class Age(NamedTuple):
    """How old the news is now.

    Attributes:
        until: When it grows older without any; None when it cannot.
        stale_at: When it counts as stale; None for never.
    """

    level: Freshness
    until: datetime | None
    stale_at: datetime | None


def age_of(
    expected_at: datetime | None, heard_at: datetime | None, now: datetime, rules: FreshnessRules, *, over: bool = False
) -> Age:
    """Tell how old the news of an order is.

    Args:
        expected_at: When the next thing is expected to happen.
        heard_at: When something was last heard of the order; None counts as now.
        now: The time that it is told for.
        rules: The thresholds.
        over: Nothing more is expected.
    """
    heard = now if heard_at is None else heard_at
    stale_at = heard + timedelta(seconds=rules.stale_after)
    late_at = None
    if expected_at is not None:
        stale_at = max(stale_at, min(expected_at, heard + LIFETIME) + timedelta(seconds=rules.stale_grace))
        late_at = max(expected_at, heard) + timedelta(seconds=rules.late_after)
    if over:
        return Age(Freshness.FRESH, None, stale_at)
    if now >= stale_at:
        return Age(Freshness.STALE, None, stale_at)
    if late_at is not None and now >= late_at:
        return Age(Freshness.LATE, stale_at, stale_at)
    return Age(Freshness.FRESH, stale_at if late_at is None else min(late_at, stale_at), stale_at)


def with_freshness(content: bytes, level: Freshness | None) -> bytes:
    """Add a level to a content state, which holds something; None adds nothing."""
    return content if level is None else content[:-1] + b',"freshness":"' + level.encode() + b'"}'
