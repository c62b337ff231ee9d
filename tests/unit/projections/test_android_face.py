"""What an Android phone shows: taken from the page, or given by a definition."""

from typing import Any

import pytest
from msgspec.structs import replace

from projections.android_face import AndroidFace, AndroidPoint, AndroidSegment, bounded_android, plain_android
from projections.content_state import CARD
from projections.errors import RenderError
from projections.web_face import WebFace, WebLine
from tests.examples.views import on_its_way

VIEW = on_its_way()
PAGE = WebFace(
    title="Taverna Ilios",
    headline="Picked up",
    text="It is hot.",
    progress=0.75,
    lines=(WebLine("Courier name", "Anna Kaya"), WebLine("Delivery time", at=1_760_000_000)),
)


def test_a_live_update_says_what_the_page_says() -> None:
    """With a chip and a time while it goes on; at the end it may be swiped away."""
    going_on = AndroidFace(
        title="Picked up",
        text="Taverna Ilios · It is hot.",
        short_critical_text="75%",
        progress=75,
        when=1_760_000_000,
    )

    assert plain_android(PAGE, over=False) == going_on
    assert plain_android(PAGE, over=True) == replace(going_on, short_critical_text=None, when=None, ongoing=False)
    assert plain_android(WebFace(title="Live", headline=""), over=False) == AndroidFace(title="Live")


def test_a_bar_ends_at_its_end() -> None:
    """The sum of its segments; points beyond it and segments of no length go, and long texts are cut."""
    face = bounded_android(
        AndroidFace(
            title="x" * 200,
            short_critical_text="12 minutes",
            progress=90,
            segments=(AndroidSegment(30, "#00aa00"), AndroidSegment(0), AndroidSegment(20)),
            points=(AndroidPoint(60), AndroidPoint(50), AndroidPoint(0)),
        )
    )

    assert (len(face.title), face.short_critical_text, face.progress) == (80, "12 minu", 50)
    assert [each.length for each in face.segments] == [30, 20]
    assert [each.position for each in face.points] == [0, 50]


def test_a_definition_gives_its_own() -> None:
    """One that fails is told without a value."""

    def raises(_: Any) -> Any:
        return {"known": 1}["Anna Kaya"]

    own = replace(CARD, render_android=lambda view: AndroidFace(title=view.status, progress=150))

    assert own.draw_android(VIEW, PAGE, over=False) == AndroidFace(title="picked_up", progress=100)
    for render, said in ((raises, "render_android raised KeyError"), (lambda _: "Anna", "gave str, not AndroidFace")):
        with pytest.raises(RenderError, match=said) as caught:
            replace(CARD, render_android=render).draw_android(VIEW, PAGE, over=False)
        assert "Anna" not in str(caught.value)
