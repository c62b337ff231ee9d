"""News by an ordinary notification, where a phone cannot show a card or cannot be told of its changes."""

from datetime import datetime, timedelta

import msgspec

from projections.card import Card, Kind
from projections.choice import Send, Wait
from projections.face import Face
from projections.hindrance import Because
from projections.phone import Phone
from projections.reasons import Reason

BY_NOTIFICATION = "Its news goes by ordinary notifications."

CANNOT_SHOW = frozenset(
    {
        Reason.IOS_TOO_OLD,
        Reason.SWITCHED_OFF,
        Reason.NO_START_TOKEN,
        Reason.START_TOKEN_REFUSED,
        Reason.START_TOKEN_SUSPECT,
    }
)
"""Why nothing that a card would show reaches a phone. A refused update token is none of them: it mostly means that the
card was swiped away, and who does that wants to hear less and not more."""


class FallbackRules(msgspec.Struct, frozen=True, kw_only=True):
    """When news goes by an ordinary notification.

    Attributes:
        wanted: Whether it ever does.
        after: How long after a card's start its app has to report a token, before ordinary notifications tell the news.
    """

    wanted: bool = False
    after: float = 60.0


def tell(
    news: Face | None,
    card: Card,
    phone: Phone | None,
    hindrance: Because,
    started_at: datetime,
    now: datetime,
    rules: FallbackRules,
) -> Send | Wait:
    """Tell by an ordinary notification what the card cannot tell, or wait while the hindrance lasts.

    Args:
        news: What the card would show; None for what this phone must not be told.
        card: The card.
        phone: Its phone.
        hindrance: Why the card is not on the phone, or stands still.
        started_at: When the card was started; when it was made, for one that was not.
        now: The time that came with the claim.
        rules: The thresholds.
    """
    begins = _begins_at(hindrance.reason, card, phone, started_at, rules)
    if begins is None or news is None:
        return Wait(hindrance.reason, hindrance.why)
    alert = news.pending_alert(card.alerted_version) if news.placed else None
    if now < begins:
        return Wait(hindrance.reason, hindrance.why, until=None if alert is None else begins)
    if alert is None:
        return Wait(hindrance.reason, f"{hindrance.why} {BY_NOTIFICATION}")
    why = f"{hindrance.why} The news goes by an ordinary notification."
    return Send(kind=Kind.ALERT, why=why, timestamp=int(now.timestamp()), priority=10, alert=alert)


def _begins_at(
    reason: Reason, card: Card, phone: Phone | None, started_at: datetime, rules: FallbackRules
) -> datetime | None:
    """Tell from when on ordinary notifications tell the news; None for never."""
    if not rules.wanted or phone is None or phone.alert_token is None or phone.alert_token.refused:
        return None
    if reason in CANNOT_SHOW:
        since = card.created_at
    elif reason is Reason.NO_UPDATE_TOKEN:
        since = started_at + timedelta(seconds=rules.after)
    else:
        return None
    return max(since, phone.alert_token.blocked_until or since)
