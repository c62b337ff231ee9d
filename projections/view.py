"""A view of any kind of subject: an order's, or one of a team's own."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from events.envelope import FoldableEvent
from events.errors import NewerEventError
from events.order import OrderErased
from events.vocabulary import kind_of
from projections import order_view, own_view
from projections.activity import is_blanked, state_of
from projections.android_face import AndroidFace
from projections.customer_view import CustomerView
from projections.definition import ORDER
from projections.errors import OutdatedViewError, RenderError
from projections.order_view import OrderView
from projections.own_view import KIND, OwnView
from projections.registry import CARDS
from projections.web_face import WebFace

View = OrderView | OwnView
CardView = View | CustomerView
"""What a card shows: a subject, or all open orders of a customer."""


class Made(msgspec.Struct, rename="camel"):
    """Which definition made a view, and which version of it."""

    kind: str = msgspec.field(default=ORDER, name=KIND)
    card_version: int = 1


_read_made: Final = msgspec.json.Decoder(Made).decode
_BY_ORDERS: Final = Made()
_OWN: Final = f'{{"{KIND}"'
_OWN_BYTES: Final = _OWN.encode()


def made_by(state: bytes | str) -> Made:
    """Tell from a stored state which kind it is of, and which version of its definition folded it.

    Raises:
        msgspec.DecodeError: It is no state.
    """
    own = state.startswith(_OWN) if isinstance(state, str) else state.startswith(_OWN_BYTES)
    return _read_made(state) if own else _BY_ORDERS


def evolve(view: View, event: FoldableEvent) -> View:
    """Give the view after one more event; an event whose version is in the view already changes nothing."""
    return fold(view, (event,))


def fold(view: View, events: Sequence[FoldableEvent]) -> View:
    """Give the view after more events, in the order of their versions.

    The first event that is of some kind decides which kind the subject is of; those of other kinds change nothing.

    Raises:
        NewerEventError: An event is not known to this process.
        UnknownCardError: The subject's kind is not known to this process.
        EvolveError: A definition's code failed.
    """
    if not isinstance(view, OrderView):
        return own_view.fold(view, CARDS.own_kind(view.kind), events)
    if view.placed or view.early:
        return order_view.fold(view, events)
    for place, event in enumerate(events):
        if event.version > view.version and event.type != OrderErased.TYPE:
            kind = kind_of(event.type)
            if kind == ORDER:
                break
            if not CARDS.knows(kind):
                raise NewerEventError(event.type, event.schema_version)
            own = CARDS.own_kind(kind)
            undecided = order_view.fold(view, events[:place])
            return own_view.fold(own_view.begin(undecided, own), own, events[place:])
    return order_view.fold(view, events)


def encode_view(view: View) -> tuple[bytes, bytes | None]:
    """Give the canonical JSON of a view: the state without personal values, and those alone (or None)."""
    if isinstance(view, OrderView):
        return order_view.encode_view(view)
    return own_view.encode_view(view, CARDS.own_kind(view.kind))


def decode_view(state: bytes | str, personal: bytes | None) -> View:
    """Read a view back from its halves; without the personal half those values are absent.

    Raises:
        msgspec.DecodeError: It is none.
        UnknownCardError: Its kind is not known to this process.
        OutdatedViewError: Another version of its definition folded it.
    """
    made = made_by(state)
    if made.kind == ORDER:
        return order_view.decode_view(state, personal)
    kind = CARDS.own_kind(made.kind)
    if made.card_version != kind.version:
        raise OutdatedViewError(kind.name, made.card_version, kind.version)
    return own_view.decode_view(state, personal, kind)


def without_personal(view: View) -> View:
    """Give a view as it is without its personal values."""
    return decode_view(encode_view(view)[0], None)


def fingerprint(view: View, key: bytes) -> bytes:
    """Give 16 bytes, keyed, that two views share only if they are the same."""
    return fingerprint_of(*encode_view(view), key)


def fingerprint_of(state: bytes, personal: bytes | None, key: bytes) -> bytes:
    """Give the fingerprint of a view that is encoded already."""
    return blake2b(state + b"\0" + (personal or b""), digest_size=16, key=key).digest()


def type_of(view: CardView | None) -> str:
    """Name the attributes type of new cards of a view; of nothing, that of an order's."""
    activity = state_of(view)
    if activity is not None:
        return activity.attributes_type or ""
    return CARDS.of_kind(ORDER if view is None else view.kind).attributes_type


def drawn(view: CardView, attributes_type: str | None = None) -> bytes:
    """Give the content state of a view, JSON, for a card of an attributes type, or of its kind.

    Raises:
        RenderError: It cannot be drawn, or not here.
    """
    if is_blanked(view):
        raise RenderError(
            type_of(view) or view.kind, "nothing is left to be shown: it was erased, or it ended without a state"
        )
    card = CARDS.of_kind(view.kind) if attributes_type is None else CARDS.of_type(attributes_type, view.kind)
    return card.draw(view)


def web_face_of(view: View, content: bytes) -> WebFace:
    """Give what the tracking page shows of a view.

    Args:
        view: The folded subject.
        content: What is drawn of it, JSON.

    Raises:
        RenderError: It cannot be drawn, or not here.
    """
    return CARDS.of_kind(view.kind).draw_web(view, content)


def android_face_of(view: View, page: WebFace) -> AndroidFace:
    """Give the Live Update of a view.

    Args:
        view: The folded subject.
        page: What the tracking page shows of it.

    Raises:
        RenderError: It cannot be drawn, or not here.
    """
    return CARDS.of_kind(view.kind).draw_android(view, page, over=view.over)
