"""What is known of an order: the fold of its events. The law is `docs/projection.md`."""

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from msgspec.structs import astuple, replace

from events.codec import decode
from events.envelope import FoldableEvent
from events.fact import Fact
from events.order import OrderErased, OrderPlaced
from events.vocabulary import is_known, kind_of
from projections.draft import NEVER, Draft, ViewFields, awaited, kept, moment_of
from projections.history import forget_names
from projections.registers import apply
from projections.steps import TERMINAL

FOLD_VERSION: Final = 2
"""Raised with every change of what the same events fold to."""


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


def fold(view: OrderView, events: Sequence[FoldableEvent]) -> OrderView:
    """Give the view after more events, in the order of their versions; those of other kinds change nothing.

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
    elif kind_of(event.type) == OrderView.kind or not is_known(event.type, event.schema_version):
        decode(event)
        draft.early = kept(draft.early, event, erased=draft.erased)


def _place(draft: Draft, fact: Fact, event: FoldableEvent) -> None:
    if not isinstance(fact, OrderPlaced):
        raise TypeError(event.type)
    draft.placed = True
    draft.customer_id = fact.customer_id
    draft.merchant_name = fact.merchant_name
    draft.order_number = fact.order_number
    apply(draft, fact, event.source, event.event_id, (event.at, event.version))
    for early in draft.early:
        apply(draft, decode(awaited(early, event.subject_id)), early.source, early.event_id, (early.at, early.version))
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
