"""What alerts say: by event, by locale, by the app's strings, and never by a person's."""

from typing import Any

import pytest
from msgspec.structs import replace

from projections.alert_text import (
    BODY_LIMIT_BYTES,
    AlertText,
    EventAlert,
    Localised,
    LocalisedText,
    Translated,
    faults_of,
    spoken,
)
from projections.content_state import CARD as ORDER
from projections.errors import RenderError
from projections.order_view import EMPTY, fold
from projections.view import without_personal
from tests.cards.order_with_strings import CARD
from tests.examples.events import happened
from tests.examples.views import on_its_way

VIEW = without_personal(on_its_way())
GREETING = Translated("Hello", {"el": "Γεια", "pt-BR": "Oi", "zh-Hant": "您好"})


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("el", "Γεια"),
        ("el-GR", "Γεια"),
        ("el_GR", "Γεια"),
        ("EL-gr", "Γεια"),
        ("pt-BR", "Oi"),
        ("pt-PT", "Hello"),
        ("pt", "Hello"),
        ("zh-Hant-TW", "您好"),
        ("zh-Hans", "Hello"),
        ("elx", "Hello"),
        ("", "Hello"),
        (None, "Hello"),
        ("-", "Hello"),
    ],
)
def test_words_are_chosen_by_the_phones_locale(locale: str | None, said: str) -> None:
    """The longest tag that it begins with, part by part; the default for all others."""
    assert spoken(GREETING, VIEW, locale, 100) == said


def test_an_alert_has_words_or_keys_a_title_and_a_sound_of_its_own() -> None:
    """What is not said for an event is the card's."""
    assert CARD.words("order.placed", VIEW, "de") == AlertText(
        LocalisedText("news.title", ("Taverna Ilios",)), LocalisedText("placed.body", ("A-1042",))
    )
    assert CARD.words("order.picked_up", VIEW, "de-AT") == AlertText("Lockstep", "Taverna Ilios: unterwegs", "horn.caf")
    assert CARD.words("order.ready", VIEW).body == LocalisedText("news.body")
    assert ORDER.words("order.ready", VIEW, "el") == AlertText("Taverna Ilios", "Your order is ready.")


def test_functions_see_nothing_personal() -> None:
    """Though they ask for it: the view that is given to them has none."""
    assert CARD.words("order.note", VIEW).body == "Note: None, None"
    assert on_its_way().courier_name == "Anna Kaya"
    assert replace(on_its_way(), courier_name=None, courier_keys=(), note=None) == VIEW


def test_the_keys_that_the_app_must_have_are_named() -> None:
    """Each once."""
    assert CARD.string_keys == ("news.title", "placed.body", "news.body")
    assert ORDER.string_keys == ()


@pytest.mark.parametrize("text", ["x" * 300, "ω" * 300, "🛵" * 100, '"' * 300])
def test_a_long_text_is_cut(text: str) -> None:
    """By its bytes as JSON, so that the alert fits beside the largest card."""
    said = spoken(text, VIEW, None, BODY_LIMIT_BYTES)
    [arg] = spoken(Localised("key", lambda _: [text]), VIEW, None, BODY_LIMIT_BYTES).args  # type: ignore[union-attr]

    assert isinstance(said, str)
    assert said.endswith("…")
    assert text.startswith(said[:-1])
    assert len(said.replace('"', '\\"').encode()) <= BODY_LIMIT_BYTES
    assert len(arg) < len(said)


def test_arguments_beyond_number_are_dots() -> None:
    """They share what a text may have."""
    assert spoken(Localised("key", lambda _: ["Taverna"] * 200), VIEW, None, 256) == LocalisedText("key", ("…",) * 200)


@pytest.mark.parametrize("gives", ["", None, 7, b"x", "\ud800"])
def test_a_function_that_gives_no_text_fails_its_card(gives: Any) -> None:
    """It names the card and the part, and no value."""
    for alert in (
        EventAlert(body=lambda _: gives),
        EventAlert(title=lambda _: gives, body="x"),
        EventAlert(body=Localised("key", lambda _: "text")),
        EventAlert(body=Localised("key", lambda _: [7])),  # type: ignore[list-item]
    ):
        with pytest.raises(RenderError, match=r"^OrderAttributes: (body|title) raised (Type|Value|UnicodeEncode)Error"):
            replace(ORDER, otherwise=alert).words("shop.new", VIEW)


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        ("Hello", []),
        (GREETING, []),
        (lambda _: "x", []),
        (EventAlert(body=Localised("key", lambda _: ()), title="x", sound=None), []),
        ("", ["is to be a text, a function of a view, Localised or Translated"]),
        (Localised(""), ["key is to be a text of 1 to 80 characters"]),
        (Localised("key", ("merchant_name",)), ["args is to be a function of a view"]),  # type: ignore[arg-type]
        (
            Translated("", {"Greek!": "Γεια", "de": ""}),
            [
                "default is to be a text, or a function of a view",
                "by_locale has 'Greek!', which is no tag of a locale, such as el or pt-BR",
                "by_locale['de'] is to be a text, or a function of a view",
            ],
        ),
        (Translated("x", "el"), ["by_locale is to give a text by the tag of a locale"]),  # type: ignore[arg-type]
        (
            EventAlert(body=7, title=Localised(""), sound=""),  # type: ignore[arg-type]
            [
                "title key is to be a text of 1 to 80 characters",
                "body is to be a text, a function of a view, Localised or Translated",
                "sound is to be the name of a file, default, or None",
            ],
        ),
    ],
)
def test_a_wrong_text_says_what_it_is_to_be(words: Any, faults: list[str]) -> None:
    """For the one error at the start."""
    assert list(faults_of(words)) == faults


@pytest.mark.parametrize(
    ("show_at", "said"),
    [
        ("2025-12-05T17:30:00+01:00", ["Your booking is coming up.", "Your booking was cancelled."]),
        ("2025-11-01T11:00:00Z", ["We have your order.", "Your order was cancelled."]),
        (None, ["We have your order.", "Your order was cancelled."]),
    ],
)
def test_a_booking_is_no_order_that_just_came_in(show_at: str | None, said: list[str]) -> None:
    """On the evening of the table nobody wants to hear that the order is there."""
    data = {"customerId": "customer-7", "merchantName": "Taverna Ilios"} | ({"showAt": show_at} if show_at else {})
    view = without_personal(fold(EMPTY, [happened(1, "order.placed", data)]))

    assert [ORDER.words(each, view).body for each in ("order.placed", "order.cancelled")] == said
