"""Fold pushes into one card, as ActivityKit does on the phone.

The rules: an update must be later than what is shown; an end is taken whatever its timestamp; timestamps more
than eight hours ahead are dropped; content that does not decode changes nothing; nothing changes a card that
has ended; attributes and content together hold at most 4,096 bytes; a card ends by itself after eight hours
and leaves the Lock Screen at most four hours later.

Source:
    Apple, "Starting and updating Live Activities with ActivityKit push notifications" and "Displaying live
    data with Live Activities"; Apple Developer Forums 776165 for old and future timestamps.
"""

from typing import Any, Literal

import msgspec

from app.simulator.alerts import alert_fault, has_title
from app.simulator.declaration import Declaration

MAX_DATA_BYTES = 4096
MAX_AHEAD_SECONDS = 8 * 3600
LIFE_SECONDS = 8 * 3600
AFTERLIFE_SECONDS = 4 * 3600

State = Literal["active", "ended", "dismissed"]


class Card(msgspec.Struct, frozen=True):
    """Hold a card as the phone shows it.

    Args:
        activity_id: ActivityKit's id.
        declaration: what the app declares for its type.
        attributes: the static data.
        content: the content state that is shown.
        shown_timestamp: that of the newest push shown; 0 if none.
        started_at: Unix seconds.
        by_push: whether a push started it, not the app.
        card_id: the sender's id for the card; `None` for the app's own.
        subject: the order it is about.
        update_token: where pushes for this card go; `None` as long as the app has none.
        channel_id: the channel that it follows, in place of a token.
        ended_by: a push, eight hours, the user, the app or signing out.
        visible_until: when an ended card leaves the Lock Screen.
    """

    activity_id: str
    declaration: Declaration
    attributes: dict[str, Any]
    content: dict[str, Any]
    shown_timestamp: int
    started_at: float
    by_push: bool
    card_id: str | None
    subject: str
    update_token: str | None = None
    state: State = "active"
    ended_by: str | None = None
    ended_at: float | None = None
    visible_until: float | None = None
    stale_at: float | None = None
    alerts: int = 0
    channel_id: str | None = None

    @property
    def ends_at(self) -> float:
        """Give the time at which the system ends the card."""
        return self.started_at + LIFE_SECONDS

    def is_visible(self, now: float) -> bool:
        """Say whether the Lock Screen shows the card."""
        return self.state == "active" or (
            self.state == "ended" and self.visible_until is not None and now < self.visible_until
        )


class Effect(msgspec.Struct, frozen=True):
    """Say what a push did, and in words why."""

    applied: bool
    reason: str


APPLIED = Effect(applied=True, reason="applied")


def dropped(why: str) -> Effect:
    """Give the effect of a push that changed nothing."""
    return Effect(applied=False, reason=f"dropped: {why}")


def receive(card: Card, aps: dict[str, Any], now: float) -> tuple[Card, Effect]:
    """Fold one push for the card into it."""
    event, timestamp = aps.get("event"), aps.get("timestamp")
    if event not in ("update", "end"):
        return card, dropped(f"a card takes update and end, not {event!r}")
    if card.state != "active":
        return card, dropped("the card is over")
    why = timestamp_fault(timestamp, now)
    if why is not None or not isinstance(timestamp, int):
        return card, dropped(why or "timestamp is no whole number")
    if event == "update" and timestamp <= card.shown_timestamp:
        older = "older than" if timestamp < card.shown_timestamp else "of the same second as"
        return card, dropped(f"{older} what is shown")
    why = alert_fault(aps.get("alert"))
    if why is not None:
        return card, dropped(why)
    content = aps.get("content-state")
    if content is None and event == "end":
        content = card.content
    why = content_fault(card.declaration, card.attributes, content)
    if why is not None or not isinstance(content, dict):
        return card, dropped(why or "content-state is no object")
    shown = msgspec.structs.replace(
        card,
        content=content,
        shown_timestamp=max(timestamp, card.shown_timestamp),
        stale_at=_number(aps.get("stale-date")),
        alerts=card.alerts + (1 if has_title(aps.get("alert")) else 0),
    )
    if event == "end":
        shown = end(shown, "a push", now, dismissal_date=_number(aps.get("dismissal-date")))
    return shown, APPLIED


def end(card: Card, by: str, at: float, *, dismissal_date: float | None = None) -> Card:
    """End the card; it stays visible until its dismissal date, for four hours at most."""
    if card.state != "active":
        return card
    last = at + AFTERLIFE_SECONDS
    visible_until = last if dismissal_date is None else min(dismissal_date, last)
    return msgspec.structs.replace(card, state="ended", ended_by=by, ended_at=at, visible_until=visible_until)


def dismiss(card: Card, at: float) -> Card:
    """Let the user swipe the card away; who ended it before stays on record."""
    return msgspec.structs.replace(
        card, state="dismissed", ended_by=card.ended_by or "the user", ended_at=card.ended_at or at, visible_until=at
    )


def timestamp_fault(timestamp: object, now: float) -> str | None:
    """Say why the system does not take a push's timestamp, or `None`."""
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        return "timestamp is no whole number"
    if timestamp > now + MAX_AHEAD_SECONDS:
        return "timestamp is more than 8 hours in the future"
    return None


def content_fault(declaration: Declaration, attributes: dict[str, Any], content: object) -> str | None:
    """Say why the system does not show the content, or `None`."""
    if not isinstance(content, dict):
        return "content-state is no object"
    fault = declaration.content_fault(content)
    if fault is not None:
        return f"content-state does not decode: {fault}"
    size_bytes = len(_encode(attributes)) + len(_encode(content))
    if size_bytes > MAX_DATA_BYTES:
        return f"attributes and content-state hold {size_bytes} bytes, more than {MAX_DATA_BYTES}"
    return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


_encode = msgspec.json.Encoder().encode
