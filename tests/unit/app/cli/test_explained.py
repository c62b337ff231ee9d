"""An explanation in lines for people: what of it is put together for the eye alone."""

import io
from datetime import datetime
from typing import Any, Final

import pytest
from msgspec.structs import replace
from rich.console import Console

from app.cli.explained import explained
from projections.explain_pictures import LackingPicture
from projections.explanation import ExplainedCard, Explanation, Finding, Sent
from projections.reasons import Reason
from tests.examples.cards import seconds
from tests.examples.events import NOON

WELL: Final = Finding(reason=Reason.UNCHANGED, state="All is well.", why="A test.", next_step="Nobody: nothing.")


def sent(version: int, at: datetime) -> Sent:
    """Give an example of a push that Apple took."""
    return Sent(
        sent_at=at, answered_at=at, kind="update", version=version, why="A test.", outcome="accepted", priority=10,
        status=200, reason=None, apns_id="id",
    )  # fmt: skip


def printed(**changes: Any) -> str:
    """Print an explanation with one card."""
    fields: dict[str, Any] = {
        "card_id": "card-1",
        "device_id": "phone-1",
        "attributes_type": "OrderAttributes",
        "generation": 1,
        "phase": "shown",
        "accepted_version": 1,
        "finding": WELL,
    }
    explanation = Explanation(
        order_id="order-1", at=seconds(90), status="placed", over=False, version=5, view_version=5, finding=WELL,
        events=(), cards=(ExplainedCard(**(fields | changes)),),
    )  # fmt: skip
    out = io.StringIO()
    Console(file=out, width=500).print(explained(explanation))
    return out.getvalue()


def test_a_version_without_a_push_of_its_own_is_accounted_for() -> None:
    """Changes that come together go out together; versions that follow one another leave no gap."""
    text = printed(sent=(sent(5, seconds(30)), sent(2, seconds(20)), sent(1, NOON)))

    assert "12:00:30, update, version 5: accepted by Apple" in text
    assert "no push for versions 3 to 4 alone: version 5 has all of it" in text
    assert text.count("no push for") == 1


@pytest.mark.parametrize(
    ("should", "now", "rows"),
    [
        ("status placed (version 1)", "most likely status placed (version 1)", 1),
        ("not known until all events are processed; so far status placed (version 1)", "most likely placed", 2),
        (None, "most likely no card", 1),
        ("status accepted (version 2)", "most likely status placed (version 1)", 2),
        ("status placed (version 1)", "not known; perhaps there is no card", 2),
        (None, None, 0),
    ],
)
def test_what_a_card_shows_is_said_beside_what_it_should(should: str | None, now: str | None, rows: int) -> None:
    """In one line where both are the same."""
    text = printed(should_show=should, shows_now=now)

    assert text.count("Shows now") + text.count("Should show") == rows
    assert ("what it should" in text) == (rows == 1 and should is not None)


def test_the_zone_of_times_is_named_once() -> None:
    """In the heading; other sentences give the minute alone."""
    assert printed().count("UTC") == 1


def test_a_push_to_be_sent_again_says_whether_apple_refused_it() -> None:
    """Without an answer nobody knows."""
    refused = replace(sent(1, NOON), outcome="retry", status=503, reason="ServiceUnavailable")
    text = printed(sent=(refused, replace(refused, status=None, reason=None)))

    assert "refused by Apple for now, to be sent again (503 ServiceUnavailable)" in text
    assert "no answer from Apple, to be sent again  " in text


def test_a_picture_that_is_not_there_is_told_with_its_reason() -> None:
    """Beside what the card shows in its place."""
    lacking = (
        LackingPicture("roma", None, "there is no room for it on the phone"),
        LackingPicture("taverna", "taverna@aa", "the app is about to be told"),
    )
    text = printed(pictures=lacking)

    assert "roma: the card shows the placeholder, for there is no room for it on the phone." in text
    assert "taverna: the card shows an older one, taverna@aa, for the app is about to be told." in text
    assert "Pictures" not in printed()


def test_pushes_to_a_phone_with_android_are_taken_by_google() -> None:
    """And so are the meanings of the words."""
    text = printed(environment="fcm", sent=(sent(1, NOON),))

    assert "12:00:00, update, version 1: accepted by Google" in text
    assert "Accepted by Google: Google took the push" in text
    assert "Apple" not in text
