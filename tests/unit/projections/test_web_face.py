"""What the tracking page shows: read by the names of fields, or given by a definition."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from projections.content_state import CARD
from projections.errors import RenderError
from projections.web_face import MOST_CHARACTERS, MOST_STEPS, WebFace, WebLine, in_words, plain_face
from tests.examples.views import on_its_way

VIEW = on_its_way()
CONTENT = {
    "title": "PAOK against Aris",
    "status": "second_half",
    "percent": 55,
    "note": "It rains.",
    "score": {"home": 2, "away": 1},
    "scorers": ["Živković", "Konstantelias"],
    "kickOffAt": 1_760_000_000,
    "roundTime": 12,
    "live": True,
    "imageKey": "stadium",
    "matchId": "m-1",
    "nothing": None,
    "updatedAt": 1_760_000_100,
    "history": [{"step": "kick_off", "at": 1_760_000_000}, {"step": "goal"}, "not a step"],
}


def test_a_content_state_is_read_by_the_names_of_its_fields() -> None:
    """Status, progress, texts, times and history have their places; the rest is lines; keys and ids say nothing."""
    assert plain_face("Activity", CONTENT) == WebFace(
        title="PAOK against Aris",
        headline="Second half",
        text="It rains.",
        progress=0.55,
        lines=(
            WebLine("Score, home", "2"),
            WebLine("Score, away", "1"),
            WebLine("Scorers", "Živković, Konstantelias"),
            WebLine("Kick off at", at=1_760_000_000),
            WebLine("Round time", "12"),
            WebLine("Live", "Yes"),
        ),
        steps=(WebLine("Kick off", at=1_760_000_000), WebLine("Goal")),
    )


def test_an_order_is_read_from_its_content() -> None:
    """With its merchant as the title."""
    face = CARD.draw_web(VIEW, CARD.draw(VIEW))

    assert (face.title, face.headline, face.progress) == ("Taverna Ilios", "Picked up", 0.75)
    assert WebLine("Courier name", "Anna Kaya") in face.lines
    assert face.steps[0].label == "Placed"


@pytest.mark.parametrize(
    "content",
    [{}, {"progress": "far", "history": {}, "status": 7}, {"percent": True, "a": {"b": {"c": 1}}, "at": -1}],
)
def test_a_content_state_of_any_shape_is_read(content: dict[str, Any]) -> None:
    """Whatever a sender puts into it, there is a page."""
    face = plain_face("Activity", content)

    assert (face.title, face.headline, face.progress) == ("Activity", "", None)


def test_what_is_long_is_cut() -> None:
    """A page has room for so much; the newest steps stay, and a bar ends at its end."""
    long = WebFace(
        title="x" * 500,
        headline="",
        progress=7,
        steps=tuple(WebLine(str(number), "y" * 500) for number in range(MOST_STEPS + 3)),
    )
    face = replace(CARD, render_web=lambda _: long).draw_web(VIEW, b"{}")

    assert (len(face.title), face.title[-1], face.progress) == (MOST_CHARACTERS, "…", 1.0)
    assert [each.label for each in face.steps][:: MOST_STEPS - 1] == ["3", str(MOST_STEPS + 2)]


def test_a_page_of_ones_own_that_fails_is_told_without_a_value() -> None:
    """By the class of the error, or of what was given."""

    def raises(_: Any) -> Any:
        return {"known": 1}["Anna Kaya"]

    for render, said in ((raises, "KeyError"), (lambda _: {"title": "Anna Kaya"}, "gave dict, not WebFace")):
        with pytest.raises(RenderError, match=said) as caught:
            replace(CARD, render_web=render).draw_web(VIEW, b"{}")
        assert "Anna" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [("courier_arriving", "Courier arriving"), ("deliveryTime", "Delivery time"), ("Over", "Over"), ("", "")],
)
def test_a_name_has_words(name: str, words: str) -> None:
    """Of either way to write names."""
    assert in_words(name) == words


def test_a_face_is_json_for_the_page() -> None:
    """What is absent is left out."""
    import msgspec

    assert json.loads(msgspec.json.encode(WebFace(title="a", headline="b"))) == {"title": "a", "headline": "b"}
