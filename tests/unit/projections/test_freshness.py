"""How old the news on a card is, and what a plan makes of it."""

import json
from datetime import datetime

import pytest

from projections.card import Card, Kind
from projections.choice import Nothing, Send
from projections.draft import Alert
from projections.face import Face, content_hash
from projections.freshness import Age, Freshness, FreshnessRules, age_of, with_freshness
from projections.plan import plan
from projections.plan_rules import PlanRules
from tests.examples.cards import face, hours, live, moved, phone, seconds
from tests.examples.events import KEY, NOON

RULES = FreshnessRules()
FRESH, LATE, STALE = Freshness.FRESH, Freshness.LATE, Freshness.STALE
SOON = seconds(600)


@pytest.mark.parametrize(
    ("expected_at", "heard_at", "now", "age"),
    [
        (None, NOON, seconds(3_599), Age(FRESH, hours(1), hours(1))),
        (None, NOON, hours(1), Age(STALE, None, hours(1))),
        (SOON, NOON, seconds(899), Age(FRESH, seconds(900), hours(1))),
        (SOON, NOON, seconds(900), Age(LATE, hours(1), hours(1))),
        (SOON, NOON, hours(1), Age(STALE, None, hours(1))),
        (SOON, seconds(700), seconds(999), Age(FRESH, seconds(1_000), seconds(4_300))),
        (SOON, seconds(700), seconds(1_000), Age(LATE, seconds(4_300), seconds(4_300))),
        (hours(3), NOON, hours(2), Age(FRESH, seconds(11_100), hours(3.25))),
        (hours(3), NOON, hours(3.25), Age(STALE, None, hours(3.25))),
        (SOON, None, hours(2), Age(FRESH, seconds(7_500), hours(3))),
    ],
    ids=[
        "nothing is expected",
        "nothing was heard for an hour",
        "just before it is late",
        "late",
        "late, and nothing was heard for an hour",
        "heard of after the expected time",
        "and nothing since",
        "expected much later",
        "and not heard of",
        "never heard of",
    ],
)
def test_news_grows_old(expected_at: datetime | None, heard_at: datetime | None, now: datetime, age: Age) -> None:
    """By the expected time and the last news, whichever is later."""
    assert age_of(expected_at, heard_at, now, RULES) == age


def test_an_order_that_is_over_does_not_grow_old() -> None:
    """Nothing more is expected of it."""
    assert age_of(SOON, NOON, hours(5), RULES, over=True).level is FRESH


def test_the_level_is_a_field_of_the_content_state_that_its_hash_leaves_out() -> None:
    """A level alone is no other content; without one the content is as it was."""
    content = b'{"status":"placed","updatedAt":1}'

    assert json.loads(with_freshness(content, LATE)) == {"status": "placed", "updatedAt": 1, "freshness": "late"}
    assert with_freshness(content, None) == content
    assert content_hash(with_freshness(content, STALE), KEY) == content_hash(content, KEY)


WAITING = face(expected_at=SOON, heard_at=NOON)
UPDATES: dict[str, tuple[Face, Card, datetime, Freshness | None, datetime | None]] = {
    "still fresh": (WAITING, live(freshness="fresh"), seconds(899), None, seconds(900)),
    "never told, still fresh": (WAITING, live(), seconds(899), None, seconds(900)),
    "late": (WAITING, live(), seconds(900), LATE, hours(1)),
    "late, told": (WAITING, live(freshness="late"), seconds(901), None, hours(1)),
    "stale after late": (WAITING, live(freshness="late"), hours(1), STALE, None),
    "stale at once": (face(heard_at=NOON), live(freshness="fresh"), hours(1), STALE, None),
    "stale, told": (face(heard_at=NOON), live(freshness="stale"), hours(5), None, seconds(27_600)),
    "news that shows nothing": (face(heard_at=hours(1)), live(freshness="stale"), hours(1.1), FRESH, hours(2)),
    "news": (moved(heard_at=hours(1)), live(freshness="stale"), hours(1.1), FRESH, hours(2)),
    "old news for a new token": (moved(heard_at=NOON), live(), hours(1.1), STALE, None),
}


@pytest.mark.parametrize("row", UPDATES)
def test_each_level_is_told_once(row: str) -> None:
    """With priority 5 and no alert; the plan wakes for the next level by itself."""
    seen, planned, now, told, until = UPDATES[row]
    decided = plan(seen, planned, phone(), now, PlanRules())

    if told is None:
        assert isinstance(decided, Nothing)
        assert decided.until == until
    else:
        assert isinstance(decided, Send)
        assert (decided.kind, decided.priority, decided.alert) == (Kind.UPDATE, 5, None)
        assert (decided.freshness, decided.grows_older_at) == (told, until)


@pytest.mark.parametrize(
    ("seen", "planned"),
    [(face(heard_at=NOON), live()), (face(heard_at=NOON), live(freshness="late"))],
    ids=["never on", "on before"],
)
def test_whoever_does_not_want_it_is_told_nothing(seen: Face, planned: Card) -> None:
    """Without the setting no push is sent for it, and none carries it."""
    rules = PlanRules(tell_age=False)
    decided = plan(seen, planned, phone(), hours(2), rules)

    assert isinstance(decided, Nothing)
    assert decided.until == seconds(rules.renew_after)
    loud = plan(moved(alerts=(Alert(1, 2, "order.ready"),)), planned, phone(), hours(2), rules)
    assert isinstance(loud, Send)
    assert (loud.freshness, loud.grows_older_at) == (None, None)


def test_the_stale_date_is_when_the_card_would_say_so() -> None:
    """Iphones that no push reaches come to the same by themselves; a card that is stale already is so at once."""
    late = plan(face(expected_at=SOON, heard_at=NOON), live(), phone(), seconds(900), PlanRules())
    stale = plan(face(heard_at=NOON), live(), phone(), hours(2), PlanRules())

    assert isinstance(late, Send)
    assert isinstance(stale, Send)
    assert (late.stale_at, stale.stale_at) == (hours(1), hours(2))
