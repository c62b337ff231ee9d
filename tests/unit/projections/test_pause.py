"""What a pause holds back, and how it is lifted."""

import pytest

from projections.pause import PauseRow, Route, lifted_by, spelled, told, within
from tests.examples.cards import card
from tests.examples.events import NOON


@pytest.mark.parametrize(
    ("kind", "key", "held", "by_person"),
    [
        ("all", "*", True, True),
        ("app", "com.example.shop", True, True),
        ("app", "com.example.other", False, True),
        ("type", "OrderAttributes", True, True),
        ("type", "RideAttributes", False, True),
        ("topic", "com.example.shop/sandbox", True, False),
        ("topic", "com.example.shop/production", False, False),
        ("credential", "KEY1234567/sandbox", True, False),
        ("credential", "KEY1234567/production", False, False),
    ],
)
def test_a_pause_holds_what_it_names(kind: str, key: str, *, held: bool, by_person: bool) -> None:
    """The card's app, type, and the environment that it lives in count."""
    pause = PauseRow(kind, key, "a test", NOON, None)

    assert (pause.holds(card(), [("*", "sandbox", "KEY1234567")]), pause.by_person) == (held, by_person)


@pytest.mark.parametrize(
    ("routes", "held"),
    [
        ([("com.example.shop", "sandbox", "KEY1234567"), ("*", "sandbox", "KEY7654321")], True),
        ([("com.example.shop", "sandbox", "KEY7654321"), ("*", "sandbox", "KEY1234567")], False),
        ([("com.example.shop", "production", "KEY1234567"), ("*", "sandbox", "KEY7654321")], False),
        ([("com.example.other", "sandbox", "KEY1234567")], False),
        ([], False),
        (None, True),
    ],
    ids=["its own key", "the key of others", "its key elsewhere", "no key of its own", "no key", "keys unknown"],
)
def test_a_pause_of_a_key_holds_what_that_key_signs(routes: list[Route] | None, *, held: bool) -> None:
    """The route that names the app goes before the one for all others."""
    pause = PauseRow("credential", "KEY1234567/sandbox", "a test", NOON, None)

    assert pause.holds(card(), routes) == held


def test_a_pause_is_lifted_by_a_command() -> None:
    """A key that a shell would take apart is quoted."""
    assert lifted_by("all", "*") == "lockstep resume all"
    assert lifted_by("type", "Order Attributes") == "lockstep resume --type 'Order Attributes'"
    assert (spelled("all", "*"), spelled("type", "Ride")) == ("all pushes", "type Ride")


@pytest.mark.parametrize("kind", ["all", "app", "type", "topic", "credential"])
def test_a_pause_is_named_for_support(kind: str) -> None:
    """What is paused is told without our words for it, and which builds an environment of Apple's serves."""
    named = told(kind, "com.example.shop/sandbox")

    assert "pushes" in named
    assert kind not in {"topic", "credential"} or within("sandbox") in named
    assert within("sandbox") == "in Apple's sandbox (for test builds from Xcode, not for apps from the App Store)"
