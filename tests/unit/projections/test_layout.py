"""How a card is drawn on an iPhone: what a layout may name, and the one that a card has without its own."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta, Struct
from msgspec.structs import replace

from app.demo.match_card import CARD as MATCH_CARD
from app.demo.upload_card import CARD as UPLOAD_CARD
from projections.activity import CARD as ACTIVITY_CARD
from projections.card_faults import faults_of_card
from projections.card_refusals import read_card
from projections.content_state import CARD as ORDER_CARD
from projections.content_state import ContentState
from projections.customer_card import CARD as CUSTOMER_CARD
from projections.layout import (
    Block,
    ColumnBlock,
    EachBlock,
    PhoneLayout,
    PictureBlock,
    ProgressBlock,
    RowBlock,
    StepsBlock,
    TextBlock,
    TimeBlock,
)
from projections.layout_faults import faults_of_layout
from projections.plain_layout import layout_of, plain_layout
from tests.cards.booking import CARD as BOOKING_CARD
from tests.cards.order_in_brief import CARD as BRIEF_CARD

KNOWN = (ORDER_CARD, CUSTOMER_CARD, ACTIVITY_CARD, UPLOAD_CARD, MATCH_CARD, BOOKING_CARD, BRIEF_CARD)


@pytest.mark.parametrize("card", KNOWN, ids=lambda each: each.attributes_type or each.kind)
def test_every_card_has_a_layout_of_fields_that_it_has(card: Any) -> None:
    """Its own or a plain one, which is read back from its JSON; what an activity holds is its sender's."""
    layout = layout_of(card)

    if card is not ACTIVITY_CARD:
        assert faults_of_layout(layout, read_card(card).card) == []
    assert msgspec.json.decode(msgspec.json.encode(layout), type=PhoneLayout) == layout


FIELDS = ", ".join(sorted((*ContentState.__struct_encode_fields__, "freshness")))


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (TextBlock("{contentState.state}"), f".value names contentState.state, and contentState has {FIELDS}"),
        (
            TextBlock("{state}"),
            (".value names state, and a field is named by one of attributes, contentState, a dot, its name, and one "
            "deeper if need be"),
        ),
        (TextBlock("{contentState.status.word}"), (".value names contentState.status.word, and contentState.status has "
         "no fields")),
        (
            TextBlock("{contentState.history}"),
            ".value names contentState.history, which is to be a text, a number, a flag, or a list of these",
        ),
        (
            TextBlock("{contentState.status"),
            ".value has a brace that belongs to no field; a field is named as in {contentState.status}",
        ),
        (TimeBlock("{contentState.status}"), ".value names contentState.status, which is to be a number"),
        (
            TimeBlock("at {contentState.deliveryTime}"),
            ".value is to name one field, such as {contentState.…}, and nothing beside it",
        ),
        (ProgressBlock("{contentState.note}"), ".value names contentState.note, which is to be a number"),
        (
            PictureBlock("{contentState.progress}"),
            ".value names contentState.progress, which is to be a text, the key of a picture",
        ),
        (PictureBlock(), " is to have a value or a symbol"),
        (
            StepsBlock("{contentState.status}"),
            ".value names contentState.status, which is to be a list of records with step, a text, and at, a number",
        ),
        (
            RowBlock((ColumnBlock((TextBlock("{attributes.nobody}"),)),)),
            (".blocks[0].blocks[0].value names attributes.nobody, and attributes has cardId, merchantName, orderId, "
            "orderNumber"),
        ),
        (
            EachBlock("{contentState.history}", (TextBlock("{item.step} {item.who}"),)),
            ".blocks[0].value names item.who, and item has at, step",
        ),
        (EachBlock("{contentState.note}", ()), ".value names contentState.note, which is to be a list of records"),
    ],
)  # fmt: skip
def test_a_layout_that_cannot_be_drawn_says_where_and_why(block: Block, fault: str) -> None:
    """By the path of the block, with what is known."""
    found = faults_of_card(replace(ORDER_CARD, layout=PhoneLayout(lock_screen=(block,))))

    assert found == [f"layout.lockScreen[0]{fault}"]


@pytest.mark.parametrize(
    ("layout", "fault"),
    [
        ({}, "layout is to be a PhoneLayout, or None"),
        (PhoneLayout(lock_screen=(), tint="green"), "`$.tint`"),
        (PhoneLayout(lock_screen=(TextBlock("x", "huge"),)), "Invalid enum value 'huge' - at `$.lockScreen[0].style`"),  # type: ignore[arg-type]
        (PhoneLayout(lock_screen=("text",)), "`$.lockScreen[0]`"),  # type: ignore[arg-type]
    ],
)
def test_a_layout_of_another_shape_is_refused(layout: Any, fault: str) -> None:
    """With the place in it."""
    [found] = faults_of_card(replace(ORDER_CARD, layout=layout))

    assert found.startswith("layout")
    assert fault in found


class Score(Struct, frozen=True):
    """A part of a content state."""

    home: int
    away: int


class PlainContent(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A content state with a field of every sort."""

    status: Annotated[str, Meta(max_length=16)]
    percent: Annotated[int, Meta(ge=0, le=100)]
    note: Annotated[str, Meta(max_length=80)] | None = None
    score: Score
    scorers: Annotated[tuple[Annotated[str, Meta(max_length=8)], ...], Meta(max_length=3)] = ()
    kick_off_at: int | None = None
    match_id: Annotated[str, Meta(max_length=8)]
    updated_at: int


def test_a_card_without_a_layout_is_drawn_by_the_names_of_its_fields() -> None:
    """Attributes head it; ids say nothing; a time is counted down to."""
    layout = plain_layout(read_card(replace(BRIEF_CARD, content_state=PlainContent)).card)

    status = TextBlock("{contentState.status}", "headline", words=True)
    bar = ProgressBlock("{contentState.percent}", 100)
    head = (TextBlock("{attributes.merchant}", "title"), status, bar, TextBlock("{contentState.note}"))
    assert layout == PhoneLayout(
        lock_screen=(
            *head,
            TextBlock("Score, home: {contentState.score.home}", "caption"),
            TextBlock("Score, away: {contentState.score.away}", "caption"),
            TextBlock("Scorers: {contentState.scorers}", "caption"),
            TimeBlock("{contentState.kickOffAt}", label="Kick off at"),
        ),
        compact_leading=PictureBlock(symbol="bell"),
        compact_trailing=TimeBlock("{contentState.kickOffAt}", "countdown"),
        minimal=bar,
        expanded=head,
    )
