"""A card for all open orders of a customer, in the place of one each: `LOCKSTEP_CARDS=projections.customer_card`."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from projections.card_fields import CardId, Fraction, SubjectId, UnixSeconds, Word
from projections.content_state import CARD as ORDER_CARD
from projections.content_state import CONTENT_LIMIT_BYTES
from projections.content_state import LAYOUT as ORDER_LAYOUT
from projections.customer_view import CustomerView, OneOrder
from projections.definition import CUSTOMER, ORDER, CardDefinition
from projections.layout import (
    ColumnBlock,
    EachBlock,
    PhoneLayout,
    PictureBlock,
    ProgressBlock,
    RowBlock,
    TextBlock,
    TimeBlock,
)
from projections.order_view import OrderView

ORDERS_SHOWN: Final = 8
CHARACTERS: Final = 40


class OrderLine(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """One of the orders."""

    order_id: SubjectId
    order_number: Annotated[str, Meta(max_length=CHARACTERS)] | None = None
    merchant_name: Annotated[str, Meta(max_length=CHARACTERS)]
    status: Word
    delivery_time: (
        Annotated[UnixSeconds, Meta(description="When it is expected; absent while nobody knows.")] | None
    ) = None
    progress: Annotated[Fraction, Meta(description="0 to 1.")]
    updated_at: Annotated[UnixSeconds, Meta(description="When something of it last changed.")]


class OrdersContent(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What changes on the card."""

    orders: Annotated[tuple[OrderLine, ...], Meta(max_length=ORDERS_SHOWN, description="Newest first.")]
    more: Annotated[int, Meta(ge=1, le=999_999, description="Orders that have no place.")] | None = None
    updated_at: Annotated[UnixSeconds, Meta(description="When something last changed.")]


class OrdersAttributes(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the card is started with and keeps."""

    card_id: CardId
    subject: SubjectId


_encode: Final = msgspec.json.Encoder().encode


def render(view: CustomerView) -> OrdersContent:
    """Give the content state, at most `CONTENT_LIMIT_BYTES` as JSON: the oldest orders go first, and are counted."""
    state = OrdersContent(
        orders=tuple(_line(each) for each in view.orders[:ORDERS_SHOWN]),
        more=max(0, len(view.orders) - ORDERS_SHOWN) or None,
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )
    while len(_encode(state)) > CONTENT_LIMIT_BYTES:
        state = replace(state, orders=state.orders[:-1], more=(state.more or 0) + 1)
    return state


def render_attributes(view: CustomerView, *, card_id: str, subject_id: str) -> OrdersAttributes:  # noqa: ARG001 - what every card is asked
    """Give the attributes."""
    return OrdersAttributes(card_id=card_id, subject=subject_id)


def _line(order: OneOrder) -> OrderLine:
    view = order.view
    if not isinstance(view, OrderView):
        raise TypeError(view.kind)
    return OrderLine(
        order_id=order.subject_id,
        order_number=None if view.order_number is None else view.order_number[:CHARACTERS],
        merchant_name=(view.merchant_name or "")[:CHARACTERS],
        status=view.status,
        delivery_time=None if view.next_expected_at is None else int(view.next_expected_at.timestamp()),
        progress=view.progress_percent / 100,
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )


_ORDER: Final = RowBlock(
    (
        PictureBlock(symbol="bag"),
        ColumnBlock(
            (
                TextBlock("{item.merchantName}", "headline"),
                TextBlock("{item.status}", "caption", words=True),
                ProgressBlock("{item.progress}"),
            )
        ),
        TimeBlock("{item.deliveryTime}", "countdown"),
    )
)
_MORE: Final = TextBlock("and {contentState.more} more", "caption")

LAYOUT: Final = PhoneLayout(
    lock_screen=(EachBlock("{contentState.orders}", (_ORDER,), most=3), _MORE),
    compact_leading=PictureBlock(symbol="bag"),
    minimal=PictureBlock(symbol="bag"),
    expanded=(EachBlock("{contentState.orders}", (_ORDER,), most=2), _MORE),
    tint=ORDER_LAYOUT.tint,
    words=ORDER_LAYOUT.words,
)
"""How it looks on an iPhone."""

CARD: Final = CardDefinition(
    kind=CUSTOMER,
    gathers=(ORDER,),
    attributes_type="OrdersAttributes",
    attributes=OrdersAttributes,
    content_state=OrdersContent,
    render=render,
    render_attributes=render_attributes,
    layout=LAYOUT,
    alerts=ORDER_CARD.alerts,
    otherwise=ORDER_CARD.otherwise,
    content_limit_bytes=CONTENT_LIMIT_BYTES,
    title=ORDER_CARD.title,
)
