"""The judge of phones with Android: it lets what is right pass, and names whatever is not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from app.demo.android_judge import judge_android, judge_faces
from app.demo.oracle import Expected
from tests.examples.events import NOON

EXPECTED = Expected(
    over=False, status="ready", customer_id="anna", show_at=None, content={"progress": 0.5}, attributes={}
)
DELIVERED = replace(EXPECTED, over=True, status="delivered", content={"progress": 1.0})
FACE = {"title": "Ready", "progress": 50}
SHOWN = {"subject": "o", "state": "active", "endedBy": None, "face": FACE | {"freshness": "late"}}
ENDED = SHOWN | {"state": "ended", "endedBy": "a message", "face": {"title": "Delivered", "progress": 100}}


def phone(*shown: dict[str, Any], customer: str | None = "anna", notifications: bool = True) -> dict[str, Any]:
    """Give a phone that shows this."""
    behaviour = {"notificationsEnabled": notifications}
    return {"id": "p", "customerId": customer, "behaviour": behaviour, "liveUpdates": list(shown)}


def judged(reading: dict[str, Any], expected: Expected = EXPECTED) -> list[str]:
    """Judge a phone."""
    return judge_android(reading, {"o": [expected], "unheard": []}, NOON)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (phone(SHOWN), EXPECTED),
        (phone(ENDED), DELIVERED),
        (phone(SHOWN | {"state": "dismissed", "endedBy": "the user"}), EXPECTED),
        (phone(), DELIVERED),
        (phone(notifications=False), EXPECTED),
        (phone(customer="bob"), EXPECTED),
        (phone(), replace(EXPECTED, show_at=NOON + timedelta(hours=1))),
        (phone(), replace(EXPECTED, status=None)),
    ],
)
def test_a_phone_that_is_right_passes(reading: dict[str, Any], expected: Expected) -> None:
    """Open, over, swiped away, switched off, another's, later, not placed."""
    assert judged(reading, expected) == []


@pytest.mark.parametrize(
    ("reading", "expected", "said"),
    [
        (phone(), EXPECTED, "has no Live Update, should show ready"),
        (phone(SHOWN | {"state": "ended", "endedBy": "signing out"}), EXPECTED, "has no Live Update"),
        (phone(SHOWN), DELIVERED, "is still on the screen, though it is delivered"),
        (phone(ENDED), EXPECTED, "has ended, though it is ready"),
        (phone(SHOWN, customer="bob"), EXPECTED, "is shown to bob, but belongs to anna"),
        (phone(SHOWN), replace(EXPECTED, content={"progress": 0.3}), "shows progress 50, should show 30"),
    ],
)
def test_a_phone_that_is_wrong_is_told(reading: dict[str, Any], expected: Expected, said: str) -> None:
    """Each by what is otherwise."""
    [text] = judged(reading, expected)

    assert text.startswith("phone p: order o: ")
    assert said in text


def test_a_live_update_shows_what_the_stream_gives() -> None:
    """Save how old its news is; what the app took away itself may show anything."""
    signed_out = SHOWN | {"subject": "q", "state": "ended", "endedBy": "signing out"}

    assert judge_faces(phone(SHOWN, signed_out), {"o": FACE}) == []
    assert judge_faces(phone(SHOWN), {"o": FACE | {"title": "Picked up"}}) == [
        "phone p: order o: shows title 'Ready', should show 'Picked up'"
    ]
