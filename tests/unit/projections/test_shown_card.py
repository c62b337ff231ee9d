"""What a phone shows of a card, what it should, and what may keep it from that."""

from datetime import datetime
from typing import Final

import pytest
from msgspec.structs import replace

from projections.card import Phase
from projections.explanation import Sent, Shown, TracedCard
from projections.face import Face
from projections.reasons import Reason
from tests.examples.cards import card, face, hours, live, moved, over, phone, shown, starting
from tests.examples.events import NOON
from tests.examples.explanations import NOW, explained, progress, traced

PLACED_ACCEPTED: Final = Shown("placed", None)


@pytest.mark.parametrize(
    ("one", "seen", "should", "now"),
    [
        (
            traced(accepted=PLACED_ACCEPTED),
            moved(),
            "status placed (version 2)",
            "most likely status placed (version 1)",
        ),
        (traced(), moved(), "status placed (version 2)", "most likely the order as of version 1"),
        (traced(), face(), "status placed (version 1)", "most likely status placed (version 1)"),
        (
            traced(accepted=Shown("placed", hours(2))),
            moved(expected_at=hours(1)),
            "status placed, delivery expected at 13:00, in 59 minutes (version 2)",
            "most likely status placed, delivery expected at 14:00, in 119 minutes (version 1)",
        ),
        (
            traced(card=live(refused_hash=b"token-1"), accepted=PLACED_ACCEPTED),
            moved(),
            "status placed (version 2)",
            "status placed (version 1), if the card is still there",
        ),
        (
            traced(card=live(accepted_version=None, accepted_hash=None)),
            moved(),
            "status placed (version 2)",
            "not known; the app has reported the card",
        ),
        (traced(card=shown()), moved(), "status placed (version 2)", "not known; perhaps there is no card"),
        (traced(card=starting()), face(), "status placed (version 1)", "not known; perhaps there is no card"),
        (traced(card=card()), face(), None, None),
        (traced(card=live(replaced=True)), moved(), "no card", "most likely the order as of version 1"),
        (traced(card=live(asked="end")), moved(), "no card", "most likely the order as of version 1"),
        (
            traced(phone=phone(customer_id="customer-8")),
            moved(),
            "no card",
            "most likely the order as of version 1",
        ),
    ],
    ids=[
        "behind",
        "what Apple accepted cannot be read",
        "up to date",
        "with its delivery",
        "its token was refused",
        "the app started it",
        "the app is silent",
        "perhaps started",
        "not started",
        "replaced",
        "an operator ends it",
        "not for this phone",
    ],
)
def test_a_card_that_may_be_on_the_phone_says_what_it_shows_and_should(
    one: TracedCard, seen: Face, should: str | None, now: str | None
) -> None:
    """So that it can be compared with what the customer sees."""
    [found] = explained(one, seen).cards

    assert (found.should_show, found.shows_now) == (should, now)


def ended(kind: str = "end") -> Sent:
    """Give the receipt of a push at noon that Apple accepted."""
    return Sent(
        sent_at=NOON, answered_at=NOON, kind=kind, version=2, why="A test.", outcome="accepted", priority=10,
        status=200, reason=None, apns_id="id-1",
    )  # fmt: skip


OVER: Final = live(phase=Phase.OVER, accepted_version=2, accepted_hash=over().content_hash)
SILENT: Final = shown(phase=Phase.OVER, started_at=hours(-8.5))


@pytest.mark.parametrize(
    ("one", "at", "now"),
    [
        (traced(card=OVER, sent=(ended(),)), NOW, "most likely status placed (version 2), if the card is still there"),
        (
            traced(card=OVER, sent=(ended(),)),
            hours(1),
            "most likely no card: iOS was to remove it by 12:15 (45 minutes ago)",
        ),
        (traced(card=OVER), hours(1), "most likely status placed (version 2), if the card is still there"),
        (
            traced(card=live(phase=Phase.OVER, replaced=True), sent=(ended(),)),
            NOW,
            "most likely no card: iOS was to remove it by 12:00 (1 minute ago)",
        ),
        (traced(card=SILENT, outcome="expired"), NOW, "not known; perhaps there is no card"),
        (traced(card=SILENT, outcome="expired"), hours(4), None),
        (
            traced(card=live(phase=Phase.OVER, started_at=hours(-8.5)), outcome="expired"),
            NOW,
            "most likely the order as of version 1, if the card is still there",
        ),
        (traced(card=live(phase=Phase.OVER, reported_state="dismissed"), outcome="gone"), NOW, None),
        (traced(card=live(reported_state="dismissed")), NOW, None),
        (traced(card=shown(started_at=hours(-8.5))), NOW, "not known; perhaps there is no card"),
        (
            traced(card=live(phase=Phase.OVER, reported_state="ended"), outcome="gone"),
            NOW,
            "most likely the order as of version 1, if the card is still there",
        ),
        (traced(card=live(phase=Phase.OVER, reported_state="ended"), outcome="gone"), hours(4), None),
        (traced(card=card(phase=Phase.OVER), outcome="never_shown"), NOW, None),
        (
            traced(card=live(phase=Phase.OVER, recalled=True), sent=(ended(),)),
            NOW,
            "most likely no card; if the phone is offline, perhaps the card is still there",
        ),
        (traced(card=live(phase=Phase.OVER, recalled=True, reported_state="ended")), NOW, None),
        (
            traced(card=live(phase=Phase.OVER, asked="end"), sent=(ended(),)),
            NOW,
            "most likely no card; if the phone is offline, perhaps the card is still there",
        ),
        (traced(card=card(phase=Phase.OVER, asked="end")), NOW, None),
    ],
    ids=[
        "ended a moment ago",
        "ended long ago",
        "its receipt is gone",
        "replaced",
        "expired in silence",
        "removed by iOS since",
        "expired",
        "removed",
        "removed, and nobody looked since",
        "its eight hours over, and nobody looked since",
        "reported as ended",
        "reported as ended long ago",
        "never sent",
        "taken back",
        "taken back and gone",
        "ended by an operator",
        "ended by an operator before it was sent",
    ],
)
def test_a_card_that_has_ended_may_still_be_seen(one: TracedCard, at: datetime, now: str | None) -> None:
    """What it shows then is said as long as iOS may keep it, and nothing of what it should."""
    [found] = explained(one, over(), now=at, progress=progress(now=at)).cards

    assert (found.should_show, found.shows_now) == (None, now)


def test_an_order_that_is_over_shows_no_delivery_that_is_expected() -> None:
    """It has come, or will not."""
    [found] = explained(traced(), over(expected_at=hours(1)), status="delivered").cards

    assert found.should_show == "status delivered (version 2)"


def test_what_a_card_should_show_is_not_known_while_events_wait() -> None:
    """They may change it; what is processed is said, too."""
    [found] = explained(traced(due_at=None), face(), progress=progress(version=3)).cards

    assert found.should_show == "not known until all events are processed; so far status placed (version 1)"
    assert found.shows_now == "most likely status placed (version 1)"


@pytest.mark.parametrize(
    ("at", "cause"),
    [
        (NOW, "back online before 13:00 (in 59 minutes) it gets the push by itself"),
        (hours(2), "offline until 13:00 (60 minutes ago), so the push is lost: open the app once"),
    ],
    ids=["Apple keeps it", "Apple has dropped it"],
)
def test_a_phone_that_was_offline_gets_what_apple_still_keeps(at: datetime, cause: str) -> None:
    """Each cause has its cure, and a time where there is one."""
    last = replace(ended("update"), priority=5)
    off = phone(frequent_pushes=False)
    [found] = explained(traced(phone=off, sent=(last,)), face(), now=at, progress=progress(now=at)).cards

    assert found.finding.reason is Reason.UNCHANGED
    assert len(found.perhaps) == 5
    assert all("perhaps " in each.lower() for each in found.perhaps)
    assert cause in found.perhaps[0]
    assert any("update the app" in each for each in found.perhaps)
