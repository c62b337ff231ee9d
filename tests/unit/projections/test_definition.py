"""A card's definition: a team's code, whose faults are told and stay its own."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from projections.content_state import CARD as ORDER_CARD
from projections.errors import RenderError, UnknownCardError
from projections.face import face_of
from projections.registry import CARDS, Registry
from tests.cards.order_in_brief import CARD, BriefContent
from tests.examples.events import KEY
from tests.examples.views import on_its_way

VIEW = on_its_way()


def gives(value: Any) -> Any:
    """Give a render that gives this."""
    return lambda _: value


def raises(_: Any) -> Any:
    """Fail as a render may, with a name in its words."""
    return {"known": 1}["Anna Kaya"]


def test_a_card_of_ones_own_is_drawn() -> None:
    """Content, attributes and the words of an alert."""
    assert json.loads(CARD.draw(VIEW)) == {"line": "On its way", "expectedAt": 1762000920, "updatedAt": 1761998640}
    assert json.loads(CARD.draw_attributes(VIEW, card_id="card-1", subject_id="order-1")) == {
        "cardId": "card-1",
        "orderId": "order-1",
        "merchant": "Taverna Ilios",
    }
    said = [CARD.words(type_, VIEW) for type_ in ("order.placed", "order.note")]
    assert [(each.title, each.body) for each in said] == [
        ("Taverna Ilios", "Your order is in."),
        ("Taverna Ilios", "Your order has moved."),
    ]


@pytest.mark.parametrize(
    ("render", "why"),
    [
        (raises, "render raised KeyError in test_definition.py, line 27"),
        (gives({"line": "x"}), "render gave dict, not BriefContent"),
        (gives(BriefContent(line="x" * 65, updated_at=0)), "length <= 64 - at `$.line`"),
        (
            gives(BriefContent(line="\ud800", updated_at=0)),
            "render gave a BriefContent that is no JSON (UnicodeEncodeError)",
        ),
        (gives(BriefContent(line=7, updated_at=0)), "Expected `str`, got `int` - at `$.line`"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_drawn_says_why(render: Any, why: str) -> None:
    """It names the card and the place, and no value."""
    with pytest.raises(RenderError) as failed:
        replace(CARD, render=render).draw(VIEW)

    assert str(failed.value).startswith("BriefAttributes: ")
    assert why in str(failed.value)
    assert "Anna" not in str(failed.value)


def test_attributes_and_titles_may_fail_as_well() -> None:
    """In the same way."""
    with pytest.raises(RenderError, match="render_attributes raised TypeError"):
        replace(CARD, render_attributes=lambda _: None).draw_attributes(VIEW, card_id="c", subject_id="o")
    with pytest.raises(RenderError, match="title raised KeyError"):
        replace(CARD, title=raises).words("order.placed", VIEW)


def test_content_keeps_to_its_limit() -> None:
    """A definition may state one; what is larger fails its card, and says by how much."""
    size = len(CARD.draw(VIEW))

    assert replace(CARD, content_limit_bytes=size).draw(VIEW) == CARD.draw(VIEW)
    with pytest.raises(RenderError, match=f"render gave {size} bytes, more than the {size - 1} of content_limit_bytes"):
        replace(CARD, content_limit_bytes=size - 1).draw(VIEW)


def test_a_card_that_cannot_be_drawn_has_a_face_without_content(cards: Registry) -> None:
    """Whoever must not see the card can be told to end it all the same."""
    cards.install([replace(CARD, render=raises)])
    failed, old = face_of(VIEW, KEY), face_of(VIEW, KEY, None, "OrderAttributes")
    unknown = face_of(VIEW, KEY, None, "RideAttributes")

    assert (failed.content, failed.placed, failed.customer_id) == (b"{}", True, "customer-7")
    assert isinstance(failed.failure, RenderError)
    assert (old.failure, old.content) == (None, ORDER_CARD.draw(VIEW))
    assert isinstance(unknown.failure, UnknownCardError)
    assert "known cards: OrderAttributes, BriefAttributes" in str(unknown.failure)


def test_a_look_of_ones_own_takes_the_place_of_the_orders(cards: Registry) -> None:
    """New cards are of its type; those that are on phones go on as they were."""
    assert CARDS.of_kind("order") is ORDER_CARD
    cards.install([CARD])

    assert CARDS.of_kind("order") is CARD
    assert CARDS.of_type("OrderAttributes", "order") is ORDER_CARD
    with pytest.raises(UnknownCardError, match="booking: no module"):
        CARDS.of_kind("booking")
    with pytest.raises(UnknownCardError, match="known cards: none"):
        CARDS.of_type("OrderAttributes", "booking")
