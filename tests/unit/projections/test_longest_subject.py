"""The longest of everything that may happen to a subject."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

import pytest
from msgspec import Meta, Struct
from msgspec.structs import replace

from events.errors import EventError
from events.fact import Fact, Key, Moment
from projections.content_state import CARD
from projections.longest_subject import LONGEST_SUBJECT_ID, longest_subjects
from projections.order_view import OrderView
from projections.own_view import OwnView
from projections.registry import Registry
from projections.steps import TERMINAL, Step
from projections.widest import Writing
from tests.cards import booking


class Size(StrEnum):
    """How large something is."""

    S = "small"
    L = "very large"


class Part(Struct, frozen=True):
    """One of several."""

    name: Annotated[str, Meta(max_length=5)]
    inner: "Part | None" = None


class TableWished(Fact, frozen=True, kw_only=True):
    """A fact with a field of each type."""

    TYPE: ClassVar[str] = "booking.wished"

    code: Annotated[str, Meta(max_length=4, pattern="^[A-Z]*$")]
    free: str
    number: Annotated[int, Meta(gt=-5, lt=100)]
    any_number: int
    share: Annotated[float, Meta(ge=0, le=1)]
    sure: bool
    at: Moment
    size: Size
    mood: Literal["so", "so-so"] | None = None
    parts: tuple[Part, ...] = ()
    two: Annotated[tuple[Key, ...], Meta(max_length=2)]


class Wishes(Struct, frozen=True):
    """The last wish."""

    wish: TableWished | None = None


def evolve(wishes: Wishes, fact: Fact, _: datetime) -> Wishes:
    """Keep the last one."""
    return replace(wishes, wish=fact) if isinstance(fact, TableWished) else wishes


WISHES = replace(
    booking.CARD,
    facts=(booking.BookingMade, TableWished),
    steps={"booking.made": Step("made"), "booking.wished": Step(line="wished", key_of=lambda fact: fact.two[0])},
    state=Wishes,
    evolve=evolve,
)


def test_an_order_has_the_longest_texts_and_is_over_in_each_way() -> None:
    """Its history has more lines than a card shows."""
    opened, full, *over = [view for view in longest_subjects(CARD, Writing.GREEK) if isinstance(view, OrderView)]

    assert (opened.status, len(opened.history)) == ("placed", 1)
    assert (len(full.note or ""), len(full.courier_name or ""), len(full.merchant_name or "")) == (1_000, 1_000, 1_000)
    assert (len(full.order_number or ""), len(full.image_key or "")) == (128, 128)
    assert len(full.history) > 12
    assert {view.status for view in over} == TERMINAL


def test_a_fact_of_ones_own_has_the_longest_of_each_type(cards: Registry) -> None:
    """And its history is full as well, since no two of its texts are the same."""
    cards.install([WISHES])

    _, full = longest_subjects(WISHES, Writing.CONTROL)

    assert isinstance(full, OwnView)
    assert len(full.history) == 12
    wish = full.state.wish
    assert (wish.code, len(wish.free), wish.number, wish.any_number) == ("AAA\n", 1_000, -4, -(2**53) + 1)
    assert (wish.share, wish.sure, wish.size, wish.mood) == (1, True, Size.L, "so-so")
    assert [len(part.name) for part in wish.parts] == [5, 5, 5]
    assert [len(key) for key in wish.two] == [128, 128]
    assert len(LONGEST_SUBJECT_ID) == 128


def test_a_text_that_follows_a_pattern_cannot_be_found(cards: Registry) -> None:
    """Whoever asks is told which it is."""

    class TableNumbered(TableWished, frozen=True, kw_only=True):
        code: Annotated[str, Meta(max_length=4, pattern="^[A-Z]-[0-9]$")]

    numbered = replace(WISHES, facts=(booking.BookingMade, TableNumbered))
    cards.install([numbered])

    with pytest.raises(EventError, match="/data/code"):
        list(longest_subjects(numbered, Writing.LATIN))
