"""An order as it was: what had been recorded of it, and what APNs had accepted for each card. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw

from events.envelope import RecordedEvent
from projections.activity import has_start
from projections.errors import RenderError
from projections.order_view import EMPTY
from projections.registry import CARDS
from projections.view import View, drawn

_read_object = msgspec.json.Decoder(dict[str, Any]).decode
_NOT_NEWS: Final = "updatedAt"
"""It moves with whatever else does."""


class StateAfter(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What an order shows after an event.

    Attributes:
        status: None before the order was placed.
        content_state: What its cards show, without freshness; None likewise.
        content_bytes: The size of that.
        changed: The names of what differs from the event before, `updatedAt` aside.
    """

    status: str | None
    content_state: Raw | None
    content_bytes: int
    changed: tuple[str, ...]


class StateEvent(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An event that made an order what it was.

    Attributes:
        changed: The names of what it changed in the content state; None where that cannot be told.
    """

    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    changed: tuple[str, ...] | None


class RecordedState(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What had been recorded.

    Attributes:
        version: The newest event by then; 0 for none.
        content_state: What cards were to show, without freshness, as this release folds it.
        why_not: Why there is no content state.
        erased: Personal values have been erased since, or were by then, and are missing.
        events: The last of them by then, the oldest first.
        more_events: There were more, before these.
    """

    version: int
    status: str | None
    over: bool
    content_state: Raw | None
    content_bytes: int
    why_not: str | None
    erased: bool
    events: tuple[StateEvent, ...]
    more_events: bool


class AcceptedPush(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A push that APNs accepted; whether the phone showed it, APNs does not say.

    Attributes:
        version: The order's, of which it told.
        content_state: What was sent.
        why_not: Why that cannot be said.
    """

    version: int
    kind: str
    sent_at: datetime
    accepted_at: datetime
    apns_id: str
    content_state: Raw | None
    content_bytes: int
    why_not: str | None


class UnansweredPush(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A push that was under way, or never answered: APNs may have taken it."""

    version: int
    kind: str
    sent_at: datetime


class CardState(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What APNs had accepted for a card.

    Attributes:
        attributes: What it is started with, drawn by this release of the order at that point; None where it cannot.
        accepted: The last push that it had accepted.
        why_not: Why there is none.
        unanswered: The last one after that without an answer by then.
    """

    device_id: str
    card_id: str
    attributes_type: str
    generation: int
    attributes: Raw | None
    accepted: AcceptedPush | None
    why_not: str | None
    unanswered: UnansweredPush | None


class OrderState(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An order as it was.

    Attributes:
        at: The time that was asked about; None for a version.
        head_version: The order's newest version today.
        cards: By phone, the newest generation first.
        more_cards: There are more.
        incomplete: What is not known any more, in words; None when everything is.
    """

    order_id: str
    at: datetime | None
    head_version: int
    recorded: RecordedState
    cards: tuple[CardState, ...]
    more_cards: bool
    incomplete: str | None


class Told(msgspec.Struct, frozen=True):
    """An event, and the order after it; None from an event on that cannot be folded."""

    event: RecordedEvent
    view: View | None


def states_after(told: Sequence[Told], before: View | None) -> list[StateAfter | None]:
    """Say what an order showed after each of some events.

    Args:
        told: The events, in order.
        before: The order before the first of them.
    """
    first = None if before is None else _drawn(before)[0]
    shown = {} if first is None else _read_object(first)
    states: list[StateAfter | None] = []
    for each in told:
        view = each.view
        if view is None:
            states.append(None)
            continue
        content, _ = _drawn(view)
        now = {} if content is None else _read_object(content)
        names = {**now, **shown}
        states.append(
            StateAfter(
                status=view.status if view.placed else None,
                content_state=None if content is None else Raw(content),
                content_bytes=len(content or b""),
                changed=tuple(name for name in names if name != _NOT_NEWS and shown.get(name) != now.get(name)),
            )
        )
        shown = now
    return states


def recorded_state(
    told: Sequence[Told], before: View | None, *, failure: str | None, erased: bool, more_events: bool
) -> RecordedState:
    """Say what had been recorded.

    Args:
        told: The last events by then.
        before: The order before the first of them.
        failure: Why the last of them cannot be folded; None when they all can.
        erased: Whether the order's personal values are gone.
        more_events: Whether there were events before these.
    """
    states = states_after(told, before)
    whole = bool(told) and failure is None
    view = told[-1].view if whole else None
    last = states[-1] if whole else None
    return RecordedState(
        version=told[-1].event.version if told else 0,
        status=None if last is None else last.status,
        over=view is not None and view.over,
        content_state=None if last is None else last.content_state,
        content_bytes=0 if last is None else last.content_bytes,
        why_not=failure or _drawn(view or EMPTY)[1],
        erased=erased,
        events=tuple(
            StateEvent(
                version=each.event.version,
                type=each.event.type,
                occurred_at=each.event.occurred_at,
                recorded_at=each.event.recorded_at,
                changed=None if state is None else state.changed,
            )
            for each, state in zip(told, states, strict=True)
        ),
        more_events=more_events,
    )


def attributes_at(view: View | None, attributes_type: str, *, card_id: str, subject_id: str) -> Raw | None:
    """Give what a card is started with; None where that cannot be drawn.

    Args:
        view: The subject at the time that is asked about; None where it cannot be folded.
        attributes_type: Of the card.
        card_id: Ours.
        subject_id: What the card is about.
    """
    if view is None or not view.placed or not has_start(view):
        return None
    card = CARDS.find(attributes_type, view.kind)
    if card is None or card.kind != view.kind:
        return None
    try:
        return Raw(card.draw_attributes(view, card_id=card_id, subject_id=subject_id))
    except RenderError:
        return None


class _Aps(msgspec.Struct, rename="kebab"):
    content_state: Raw = Raw()


class _Payload(msgspec.Struct):
    aps: _Aps


def content_sent(payload: bytes) -> Raw | None:
    """Give the content state of a push; None when it carried none."""
    sent = msgspec.json.decode(payload, type=_Payload).aps.content_state
    return Raw(bytes(sent)) if bytes(sent) else None


def _drawn(view: View) -> tuple[bytes | None, str | None]:
    """Give what cards show; or say why there is nothing."""
    if not view.placed:
        return None, f"Event {CARDS.of_kind(view.kind).opening} had not come, so there was nothing to show."
    try:
        return drawn(view), None
    except RenderError as error:
        return None, f"It cannot be drawn: {error}."
