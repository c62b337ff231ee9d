"""Who follows a concert, and what the judge finds on a phone that should not have it, or should."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from app.demo.bulk_oracle import Followers, expect_activities, followers, judge_follower

NOW: Final = datetime(2025, 11, 1, 12, tzinfo=UTC)
PHONE: Final[dict[str, Any]] = {
    "id": "phone-1",
    "customerId": "anna",
    "formerCustomers": [],
    "behaviour": {"iosVersion": "18.2", "lowPower": False, "activitiesEnabled": True},
    "cards": [],
}
CARD: Final[dict[str, Any]] = {
    "subject": "night",
    "state": "active",
    "updateToken": "aa",
    "byPush": True,
    "endedBy": None,
    "endedAt": None,
    "visibleUntil": None,
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


@pytest.mark.parametrize(
    ("formers", "changes", "more", "differences"),
    [
        (["bob"], {}, ("ended",), 0),
        (["bob"], {}, (), 1),  # anna follows too: she is to have a card of her own
        ([], {}, ("ended",), 1),  # nobody had the phone before: it was hers, and did not end as it should
        (["carol"], {}, ("ended",), 1),  # whoever had it did not follow
        (["bob"], {"visibleUntil": 900.0}, ("ended",), 1),  # it stayed on the screen
        (["bob"], {"content": {"song": "Polka"}}, ("ended",), 1),  # nobody ever told of that
    ],
)
def test_what_was_started_for_who_had_the_phone_before_is_taken_back(
    formers: list[str], changes: dict[str, Any], more: tuple[str, ...], differences: int
) -> None:
    """A start was under way when the phone changed hands: its card leaves at once, with what it was started with."""
    stages = {"night": expect_activities("night", log({"everybody": True}, *more))}
    taken = {**CARD, "state": "ended", "endedBy": "a push", "endedAt": 60.0, "visibleUntil": 60.0}
    cards = [{**taken, "content": {"song": "Intro"}, **changes}]
    phone = {**PHONE, "formerCustomers": formers, "cards": cards}

    assert len(judge_follower({"night": {"anna", "bob"}}, phone, stages, NOW)) == differences
