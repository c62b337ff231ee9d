"""What a phone says of an alert, in its language."""

from typing import Any

import pytest

from app.simulator.alerts import Reader, ShownAlert, alert_fault

STRINGS = {
    "en": {"placed": "Order %@ from %@", "of": "%2$@ of %1$@, 100%%", "title": "News"},
    "el": {"placed": "Παραγγελία %@ από %@", "title": "Νέα"},
}


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "Order 7 from Ilios"),
        ("el-GR", "Παραγγελία 7 από Ilios"),
        ("el_GR", "Παραγγελία 7 από Ilios"),
        ("de-DE", "Order 7 from Ilios"),
    ],
)
def test_a_key_is_looked_up_in_the_phones_language(locale: str, said: str) -> None:
    """Or in the app's own, for another."""
    alert = {"title": {"loc-key": "placed", "loc-args": ["7", "Ilios"]}, "body": "x", "sound": "horn.caf"}

    assert Reader(STRINGS, locale).read(alert) == ShownAlert(said, "x", "horn.caf")


def test_places_are_filled_as_the_system_fills_them() -> None:
    """By number or in their order; one without an argument shows; a key that is not shipped is shown itself."""
    reader = Reader(STRINGS, "en")

    assert reader.look_up("of", ["a", "b"]) == "b of a, 100%"
    assert reader.look_up("placed", ["7"]) == "Order 7 from (null)"
    assert reader.look_up("order.%@", ["7"]) == "order.7"
    assert Reader({}, "en").look_up("placed", ["7"]) == "placed"


@pytest.mark.parametrize("alert", [None, {}, {"body": "x", "sound": "y"}, {"title": ""}])
def test_without_a_title_nothing_is_said(alert: Any) -> None:
    """Nor does it sound; the push is taken all the same."""
    assert alert_fault(alert) is None
    assert Reader(STRINGS, "en").read(alert) is None


@pytest.mark.parametrize(
    "alert",
    [
        "text",
        {"title": 7},
        {"title": {"key": "placed"}},
        {"title": {"loc-key": "placed", "loc-args": [7]}},
        {"title": {"loc-key": "placed", "loc-args": "7"}},
        {"title": "x", "body": ["y"]},
        {"title": "x", "sound": {"name": "y"}},
    ],
)
def test_an_alert_of_another_shape_does_not_decode(alert: Any) -> None:
    """And lights nothing."""
    assert str(alert_fault(alert)).startswith("alert does not decode: ")
    assert Reader(STRINGS, "en").read(alert) is None


def test_an_ordinary_notification_has_its_keys_beside_one_another() -> None:
    """Those of a card's alert mean nothing there."""
    reader = Reader(STRINGS, "el")
    alert = {"title-loc-key": "title", "loc-key": "placed", "loc-args": ["7", "Ilios"]}

    assert reader.read_notification({"alert": alert, "sound": "default"}) == ShownAlert(
        "Νέα", "Παραγγελία 7 από Ilios", "default"
    )
    assert reader.read(alert) is None
    odd = {"title-loc-key": "placed", "title-loc-args": [7, None], "loc-key": "x", "loc-args": "y"}
    assert reader.read_notification({"alert": odd, "sound": {"name": "z"}}) == ShownAlert(
        "Παραγγελία 7 από None", "x", None
    )
