"""Orders as a card of one line: another look, the same events."""

from typing import Annotated

from msgspec import Meta, Struct

from projections.definition import CardDefinition
from projections.order_view import OrderView

Line = Annotated[str, Meta(max_length=64)]

WORDS = {"placed": "Placed", "preparing": "In the kitchen", "picked_up": "On its way", "delivered": "Enjoy!"}


class BriefAttributes(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a card is started with and keeps."""

    card_id: Annotated[str, Meta(max_length=36)]
    order_id: Annotated[str, Meta(max_length=128)]
    merchant: Line


class BriefContent(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What changes on it."""

    line: Line
    expected_at: int | None = None
    updated_at: int


def render(view: OrderView) -> BriefContent:
    """Say in one line where the order is."""
    return BriefContent(
        line=WORDS.get(view.status, view.status),
        expected_at=None if view.next_expected_at is None else int(view.next_expected_at.timestamp()),
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )


def render_attributes(view: OrderView, *, card_id: str, subject_id: str) -> BriefAttributes:
    """Name the merchant."""
    return BriefAttributes(card_id=card_id, order_id=subject_id, merchant=(view.merchant_name or "")[:64])


CARD = CardDefinition(
    attributes_type="BriefAttributes",
    attributes=BriefAttributes,
    content_state=BriefContent,
    render=render,
    render_attributes=render_attributes,
    alerts={"order.placed": "Your order is in.", "order.courier_arriving": "Be at the door!"},
    otherwise="Your order has moved.",
    title=lambda view: view.merchant_name or "Your order",
)
