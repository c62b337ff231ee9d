"""Who follows a concert, and what the judge finds on a phone that should not have it, or should."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from app.demo.bulk_oracle import Followers, expect_activities, followers, judge_follower

NOW: Final = datetime(2025, 11, 1, 12, tzinfo=UTC)
PHONE: Final[dict[str, Any]] = {
    "id": "phone-1",
    "customerId": "anna",
    "behaviour": {"iosVersion": "18.2", "lowPower": False, "activitiesEnabled": True},
    "cards": [],
}
CARD: Final[dict[str, Any]] = {
    "subject": "night",
    "state": "active",
    "updateToken": "aa",
    "byPush": True,
    "endedBy": None,
    "attributes": {"cardId": "c", "subject": "night", "band": "Trio 7"},
    "content": {"song": "Waltz"},
}


def log(audience: dict[str, Any], *more: str) -> list[dict[str, Any]]:
    """Give the events of a concert."""
    started = {"audience": audience, "attributes": {"band": "Trio 7"}, "contentState": {"song": "Intro"}}
    events: list[tuple[str, dict[str, Any]]] = [("started", started), ("updated", {"contentState": {"song": "Waltz"}})]
    events += [(each, {}) for each in more]
    return [{"type": f"activity.{type_}", "version": n, "data": data} for n, (type_, data) in enumerate(events, 1)]


@pytest.mark.parametrize(
    ("audience", "theirs"),
    [
        ({"everybody": True}, None),
        ({"customers": ["anna"]}, {"anna"}),
        ({"segment": "club"}, {"bob"}),
    ],
)
def test_an_audience_is_read_from_what_was_told(audience: dict[str, Any], theirs: Followers) -> None:
    """Of a segment those follow who have its tag."""
    tags = {"anna": frozenset({"vip"}), "bob": frozenset({"member", "vip"})}

    assert followers(log(audience), tags, {"club": "member"}) == theirs


@pytest.mark.parametrize(
    ("theirs", "cards", "more", "differences"),
    [
        (None, [CARD], (), 0),
        ({"anna"}, [CARD], (), 0),
        ({"anna"}, [{**CARD, "content": {"song": "Intro"}}], (), 1),
        ({"anna"}, [], (), 1),
        ({"bob"}, [], (), 0),
        ({"bob"}, [CARD], (), 1),
        ({"anna"}, [CARD], ("ended",), 1),
        (None, [CARD, {**CARD, "subject": "of-another-run"}], (), 0),
    ],
)
def test_a_phone_shows_what_its_customer_follows(
    theirs: Followers, cards: list[Any], more: tuple[str, ...], differences: int
) -> None:
    """The newest state, while it is open; and nothing of what others follow."""
    stages = {"night": expect_activities("night", log({"everybody": True}, *more))}

    assert len(judge_follower({"night": theirs}, {**PHONE, "cards": cards}, stages, NOW)) == differences
