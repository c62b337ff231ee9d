"""The default card: a view as the JSON that `OrderAttributes` decodes on the phone. The law is `docs/projection.md`."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from projections.alert_text import Words
from projections.card_fields import CardId, Fraction, SubjectId, UnixSeconds, Word
from projections.definition import CardDefinition
from projections.draft import moment_of
from projections.history import LINES_SHOWN, MICROSECONDS
from projections.layout import (
    ColumnBlock,
    PhoneLayout,
    PictureBlock,
    ProgressBlock,
    RowBlock,
    StepsBlock,
    TextBlock,
    TimeBlock,
)
from projections.order_view import OrderView
from projections.registers import CHARACTERS_SHOWN
from projections.steps import STEPS

ATTRIBUTES_TYPE: Final = "OrderAttributes"
CONTENT_LIMIT_BYTES: Final = 2_304
ATTRIBUTES_LIMIT_BYTES: Final = 1_024
"""Both together leave a start 768 of Apple's 4,096 bytes for its alert, freshness and the rest of `aps`."""

MERCHANT_NAME_CHARACTERS: Final = 64
ORDER_NUMBER_CHARACTERS: Final = 40
KEY_CHARACTERS: Final = 128


class HistoryStep(msgspec.Struct, frozen=True, gc=False):
    """One line of history: which step, and when it was taken."""

    step: Word
    at: UnixSeconds


class ContentState(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What changes on a card."""

    status: Word
    courier_name: Annotated[str, Meta(max_length=CHARACTERS_SHOWN)] | None = None
    delivery_time: (
        Annotated[UnixSeconds, Meta(description="When it is expected; absent while nobody knows.")] | None
    ) = None
    progress: Annotated[Fraction, Meta(description="0 to 1.")]
    history: Annotated[tuple[HistoryStep, ...], Meta(max_length=LINES_SHOWN, description="Oldest first.")]
    image_key: Annotated[str, Meta(max_length=KEY_CHARACTERS, description="Names a picture in the app.")] | None = None
    note: Annotated[str, Meta(max_length=CHARACTERS_SHOWN)] | None = None
    updated_at: Annotated[UnixSeconds, Meta(description="When something last changed.")]


class OrderAttributes(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What a card is started with and keeps."""

    card_id: CardId
    order_id: SubjectId
    order_number: Annotated[str, Meta(max_length=ORDER_NUMBER_CHARACTERS)] | None = None
    merchant_name: Annotated[str, Meta(max_length=MERCHANT_NAME_CHARACTERS)]


_encode = msgspec.json.Encoder().encode

_ALERTS: Final[dict[str, Words]] = {
    "order.placed": lambda view: "Your booking is coming up." if _was_booked(view) else "We have your order.",
    "order.ready": "Your order is ready.",
    "order.courier_assigned": "A courier is on the job.",
    "order.picked_up": "Your order is on its way.",
    "order.courier_arriving": "Your courier is arriving.",
    "order.eta_changed": "Your order will come later than planned.",
    "order.rescheduled": lambda view: f"Your {_thing(view)} has a new time.",
    "order.delayed": "Your order is delayed.",
    "order.delivered": "Your order was delivered.",
    "order.cancelled": lambda view: f"Your {_thing(view)} was cancelled.",
    "order.failed": "Your order could not be delivered.",
    "order.note": "There is a note on your order.",
}


def render(view: OrderView) -> ContentState:
    """Give the content state, at most `CONTENT_LIMIT_BYTES` as JSON: the oldest lines go first, then the note."""
    state = ContentState(
        status=view.status,
        courier_name=_cut(view.courier_name, CHARACTERS_SHOWN),
        delivery_time=None if view.next_expected_at is None else int(view.next_expected_at.timestamp()),
        progress=view.progress_percent / 100,
        history=tuple(HistoryStep(line.step, line.at // MICROSECONDS) for line in view.history[-LINES_SHOWN:]),
        image_key=view.image_key,
        note=_cut(view.note, CHARACTERS_SHOWN),
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )
    while len(_encode(state)) > CONTENT_LIMIT_BYTES and (state.history or state.note is not None):
        state = replace(state, history=state.history[1:]) if state.history else replace(state, note=None)
    return state


def render_attributes(view: OrderView, *, card_id: str, subject_id: str) -> OrderAttributes:
    """Give the attributes, at most `ATTRIBUTES_LIMIT_BYTES` as JSON for ids within their bounds."""
    return OrderAttributes(
        card_id=card_id,
        order_id=subject_id,
        order_number=_cut(view.order_number, ORDER_NUMBER_CHARACTERS),
        merchant_name=_cut(view.merchant_name, MERCHANT_NAME_CHARACTERS) or "",
    )


def _title(view: OrderView) -> str:
    return view.merchant_name or "Your order"


def _thing(view: OrderView) -> str:
    return "booking" if _was_booked(view) else "order"


def _was_booked(view: OrderView) -> bool:
    """Tell whether its card was to appear later than it was said."""
    return view.show_at is not None and view.show_at > moment_of(view.show_stamp[0])


def _cut(text: str | None, characters: int) -> str | None:
    return text if text is None else text[:characters]


_MERCHANT: Final = RowBlock(
    (
        PictureBlock("{contentState.imageKey}", symbol="bag"),
        ColumnBlock(
            (
                TextBlock("{attributes.merchantName}", "headline"),
                TextBlock("Order {attributes.orderNumber}", "caption"),
            )
        ),
        TimeBlock("{contentState.deliveryTime}", "both"),
    )
)
_STATUS: Final = TextBlock("{contentState.status}", "title", words=True)
_COURIER: Final = TextBlock("{contentState.courierName} brings it to you")
_BAR: Final = ProgressBlock("{contentState.progress}", points=4)
_NOTE: Final = TextBlock("{contentState.note}")

LAYOUT: Final = PhoneLayout(
    lock_screen=(_MERCHANT, _STATUS, _COURIER, _BAR, _NOTE, StepsBlock("{contentState.history}", most=3)),
    compact_leading=PictureBlock(symbol="bag"),
    compact_trailing=TimeBlock("{contentState.deliveryTime}", "countdown"),
    minimal=ProgressBlock("{contentState.progress}"),
    expanded=(_MERCHANT, _STATUS, _COURIER, _BAR, _NOTE),
    tint="#0a8f5b",
    words={
        "placed": "We have your order",
        "accepted": "Your order is confirmed",
        "preparing": "In the kitchen",
        "ready": "Ready to go",
        "courier_assigned": "A courier is on the job",
        "picked_up": "On its way",
        "courier_arriving": "Almost there",
        "delayed": "Running late",
        "delivered": "Delivered",
        "cancelled": "Cancelled",
        "failed": "Not delivered",
    },
)
"""How it looks on an iPhone."""

CARD: Final = CardDefinition(
    attributes_type=ATTRIBUTES_TYPE,
    attributes=OrderAttributes,
    content_state=ContentState,
    content_limit_bytes=CONTENT_LIMIT_BYTES,
    render=render,
    render_attributes=render_attributes,
    alerts=_ALERTS,
    otherwise="Your order has news.",
    title=_title,
    layout=LAYOUT,
    steps=STEPS,
    images=("imageKey",),
)
