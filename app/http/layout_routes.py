"""Tells how the cards that are known here are drawn on an iPhone."""

from typing import Final

import msgspec
from aiohttp import web

from app.http.operation import Answer, describe
from app.http.tags import IF_CHANGED, tagged, tagged_answer
from projections.activity import CARD as ACTIVITY_CARD
from projections.layout import PhoneLayout
from projections.plain_layout import layout_of
from projections.registry import CARDS


class CardLayout(msgspec.Struct, frozen=True, rename="camel"):
    """How a card is drawn.

    Attributes:
        attributes_type: Of the card; empty for activities, which are of any type.
        kind: Of the subjects that it shows.
    """

    attributes_type: str
    kind: str
    layout: PhoneLayout


class LayoutsAnswer(msgspec.Struct, frozen=True):
    """The layouts of all cards."""

    layouts: tuple[CardLayout, ...]


_EXAMPLE: Final = {
    "layouts": [
        {
            "attributesType": "OrderAttributes",
            "kind": "order",
            "layout": {
                "lockScreen": [
                    {"show": "text", "value": "{attributes.merchantName}", "style": "headline", "words": False},
                    {"show": "progress", "value": "{contentState.progress}", "whole": 1, "points": 4},
                ],
                "compactLeading": {"show": "picture", "value": None, "symbol": "bag"},
                "compactTrailing": {
                    "show": "time", "value": "{contentState.deliveryTime}", "style": "countdown", "label": None,
                },
                "minimal": None,
                "expanded": [],
                "tint": "#0a8f5b",
                "words": {"picked_up": "On its way"},
            },
        }
    ]
}  # fmt: skip


@describe(
    answers=tagged(
        Answer(what="A layout for each card that this process knows.", shape=LayoutsAnswer, example=_EXAMPLE)
    ),
    parameters=(IF_CHANGED,),
)
async def get_layouts(request: web.Request) -> web.Response:
    """Tell how cards are drawn on an iPhone."""
    cards = (*CARDS.known, ACTIVITY_CARD)
    return tagged_answer(
        request, LayoutsAnswer(tuple(CardLayout(each.attributes_type, each.kind, layout_of(each)) for each in cards))
    )
