"""What is known of an order: the fold of its events. The law is `docs/projection.md`."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import ClassVar, Final

import msgspec
from msgspec.structs import astuple, replace

from events.codec import decode
from events.envelope import EffectiveEvent, FoldableEvent
from events.order import OrderErased, OrderEvent, OrderPlaced
from projections.draft import NEVER, Draft, Early, ViewFields, moment_of
from projections.history import forget_names
from projections.registers import apply
from projections.steps import TERMINAL

FOLD_VERSION: Final = 2
"""Raised with every change of what the same events fold to."""

EVENTS_KEPT_BEFORE_PLACED: Final = 64


class OrderView(ViewFields, frozen=True):  # type: ignore[misc] # msgspec allows it: a frozen value made from a draft
    """An order as its events up to `version` tell it. Times are aware UTC.

    Attributes:
        alerts: the newest alert of each rank, by rank.
        changed_version: newest event that changed what is shown.
        courier_keys: name and history key of couriers without an id. Personal, as are courier_name and note.
        early: events that wait for `order.placed`.
        history: ordered lines; `history.shown` gives those a phone sees.
        next_expected_at: the delivery time.
        placed: whether `order.placed` has come; before it there is nothing to show and status is "".
        show_at: when the card should appear; None means at once.
        updated_at: effective time of the event `changed_version`.
    """

    kind: ClassVar[str] = "order"

    @property
    def over(self) -> bool:
        """Tell whether the status is terminal."""
        return self.status in TERMINAL

    def is_early(self, now: datetime) -> bool:
        """Tell whether its time to appear has not come."""
        return self.show_at is not None and self.show_at > now

    def heard_since(self, recorded_at: datetime) -> datetime:
        """Give the time from which its news grows old: nobody expects any before it is to appear.

        Args:
            recorded_at: When the newest event was recorded.
        """
        return recorded_at if self.show_at is None else max(recorded_at, self.show_at)


class _Personal(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The personal half of a view."""

    courier_keys: tuple[tuple[str, str], ...] = ()
    courier_name: str | None = None
    early: tuple[str | None, ...] = ()
    note: str | None = None


EMPTY: Final = OrderView()

_encode = msgspec.json.Encoder(order="sorted").encode
_decode_state = msgspec.json.Decoder(OrderView).decode
_decode_personal = msgspec.json.Decoder(_Personal).decode


def evolve(view: OrderView, event: FoldableEvent) -> OrderView:
    """Give the view after one more event; an event whose version is in the view already changes nothing."""
    return fold(view, (event,))


def fold(view: OrderView, events: Sequence[FoldableEvent]) -> OrderView:
    """Give the view after more events, in the order of their versions.

    Raises:
        NewerEventError: an event is not known to this release.
    """
    draft = Draft(*astuple(view))
    for event in events:
        if event.version > draft.version:
            _take(draft, event)
    if draft.changed_at is not None:
        draft.updated_at = moment_of(draft.changed_at)
    return OrderView(*astuple(draft)[:-1])


def encode_view(view: OrderView) -> tuple[bytes, bytes | None]:
    """Give the canonical JSON of a view: the state without personal values, and those alone (or None)."""
    if view.courier_name is None and view.note is None and not view.courier_keys and not view.early:
        return _encode(view), None
    held = tuple(event.personal for event in view.early)
    early_personal = held if any(part is not None for part in held) else ()
    personal = _Personal(view.courier_keys, view.courier_name, early_personal, view.note)
    bare = tuple(replace(event, personal=None) for event in view.early) if early_personal else view.early
    state = _encode(replace(view, courier_keys=(), courier_name=None, note=None, early=bare))
    return state, None if personal == _Personal() else _encode(personal)


def decode_view(state: bytes | str, personal: bytes | None) -> OrderView:
    """Read a view back from its halves; without the personal half those values are absent."""
    view = _decode_state(state)
    if personal is None:
        return view
    held = _decode_personal(personal)
    early = tuple(replace(event, personal=part) for event, part in zip(view.early, held.early, strict=False))
    return replace(
        view,
        courier_keys=held.courier_keys,
        courier_name=held.courier_name,
        early=early or view.early,
        note=held.note,
    )


def without_personal(view: OrderView) -> OrderView:
    """Give a view as it is without its personal values."""
    return decode_view(encode_view(view)[0], None)


def fingerprint(view: OrderView, key: bytes) -> bytes:
    """Give 16 bytes, keyed, that two views share only if they are the same."""
    return fingerprint_of(*encode_view(view), key)


def fingerprint_of(state: bytes, personal: bytes | None, key: bytes) -> bytes:
    """Give the fingerprint of a view that is encoded already."""
    return blake2b(state + b"\0" + (personal or b""), digest_size=16, key=key).digest()


def _take(draft: Draft, event: FoldableEvent) -> None:
    at = event.at
    draft.version = event.version
    if event.type == OrderErased.TYPE:
        _erase(draft, event.version, at)
    elif draft.placed:
        if event.type != OrderPlaced.TYPE:
            apply(draft, decode(event), event.source, event.event_id, (at, event.version))
    elif event.type == OrderPlaced.TYPE:
        _place(draft, decode(event), event)
    else:
        decode(event)
        data = event.data if isinstance(event.data, str) else event.data.decode()
        personal = None if event.personal is None or draft.erased else event.personal.decode()
        kept = Early(at, event.version, event.source, event.event_id, event.type, event.schema_version, data, personal)
        draft.early = (*draft.early, kept)[-EVENTS_KEPT_BEFORE_PLACED:]


def _place(draft: Draft, fact: OrderEvent, event: FoldableEvent) -> None:
    if not isinstance(fact, OrderPlaced):
        raise TypeError(event.type)
    draft.placed = True
    draft.customer_id = fact.customer_id
    draft.merchant_name = fact.merchant_name
    draft.order_number = fact.order_number
    apply(draft, fact, event.source, event.event_id, (event.at, event.version))
    for early in draft.early:
        kept = EffectiveEvent(
            event.subject_id,
            early.version,
            early.source,
            early.event_id,
            early.type,
            early.schema_version,
            early.data,
            None if early.personal is None else early.personal.encode(),
            early.at,
        )
        apply(draft, decode(kept), early.source, early.event_id, (early.at, early.version))
    draft.early = ()


def _erase(draft: Draft, version: int, at: int) -> None:
    """Forget personal values, and all that depended on them, so that a fold without them ends in the same view."""
    if draft.erased:
        return
    draft.erased = True
    draft.courier_name = draft.note = None
    draft.note_stamp = NEVER
    draft.courier_keys = ()
    draft.history = forget_names(draft.history)
    draft.early = tuple(replace(early, personal=None) for early in draft.early)
    draft.alerts = ()
    draft.changed_version, draft.changed_at = version, at
