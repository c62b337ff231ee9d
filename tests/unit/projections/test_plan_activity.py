"""What a sender wishes of its pushes, in plans."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from projections.activity import Recipients, Wishes
from projections.choice import Nothing, Plan, Renew, Send
from projections.draft import Alert
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import card, face, hours, live, over, phone, seconds
from tests.examples.events import NOON

RULES = PlanRules()
LATER = seconds(10)
NEWS = (Alert(2, 2, "activity.updated"),)


def planned(wishes: Wishes, *, over_: bool = False, at: Any = LATER, **changes: Any) -> Plan:
    """Plan for a card that shows version 1, at a face of version 2."""
    shown = replace(over() if over_ else face(), version=2, wishes=wishes, content_hash=b"2", **changes)
    return plan(shown, live(), phone(), at, RULES)


@pytest.mark.parametrize(
    ("wishes", "alerts", "priority"),
    [
        (Wishes(), (), 5),
        (Wishes(), NEWS, 10),
        (Wishes(priority=5), NEWS, 5),
        (Wishes(priority=10, urgent_version=2), (), 10),
        (Wishes(priority=5, urgent_version=2), (), 10),
        (Wishes(priority=5, urgent_version=1), (), 5),
        (Wishes(urgent_version=2), (), 10),
    ],
)
def test_an_update_is_as_urgent_as_its_sender_wishes(wishes: Wishes, alerts: Any, priority: int) -> None:
    """And as one that was urgent and was not sent by itself."""
    sent = planned(wishes, alerts=alerts)

    assert isinstance(sent, Send)
    assert sent.priority == priority


def test_dates_and_score_are_the_senders() -> None:
    """Nothing of ours is added: no date, no age."""
    stale = LATER + timedelta(hours=3)
    told, untold = planned(Wishes(stale_at=stale, relevance_score=0.0)), planned(Wishes())

    assert isinstance(told, Send)
    assert isinstance(untold, Send)
    assert (told.stale_at, told.relevance_score, told.freshness, told.grows_older_at) == (stale, 0.0, None, None)
    assert (untold.stale_at, untold.relevance_score) == (None, None)


def test_a_silent_sender_makes_no_push() -> None:
    """A card says nothing of the age of news that its sender holds."""
    shown = replace(face(), wishes=Wishes(), alerts=(), heard_at=NOON)
    decided = plan(shown, live(), phone(), hours(5), RULES)

    assert isinstance(decided, Nothing)
    assert decided.reason is Reason.UNCHANGED


@pytest.mark.parametrize(
    ("dismiss_at", "seconds_kept"), [(None, 900), (NOON, -10), (LATER + timedelta(hours=9), 4 * 3_600)]
)
def test_an_end_stays_as_long_as_its_sender_wishes(dismiss_at: Any, seconds_kept: int) -> None:
    """Four hours at the most."""
    sent = planned(Wishes(dismiss_at=dismiss_at), over_=True)

    assert isinstance(sent, Send)
    assert sent.dismiss_at is not None
    assert (sent.dismiss_at - LATER).total_seconds() == seconds_kept


def test_a_card_that_the_app_has_started_is_not_renewed() -> None:
    """Nobody here knows what the next one would be started with."""
    late = NOON + timedelta(seconds=RULES.renew_after + 60)
    renewed, kept = planned(Wishes(), at=late), planned(Wishes(), at=late, startable=False)

    assert isinstance(renewed, Renew)
    assert isinstance(kept, Send)


@pytest.mark.parametrize(
    ("recipients", "customer_id", "may"),
    [
        (Recipients("c1"), "c1", True),
        (Recipients("c1"), "c2", False),
        (Recipients(None), None, False),
        (Recipients(None, frozenset({"c1"})), "c1", True),
        (Recipients(None, frozenset({"c1"})), None, False),
        (Recipients(None, is_open=True), None, True),
    ],
)
def test_a_card_is_for_those_whom_it_is_for(recipients: Recipients, customer_id: str | None, may: bool) -> None:  # noqa: FBT001 - a row
    """Whoever is signed in on the phone."""
    shown = replace(face(), customer_id=None, recipients=recipients)
    theirs = card(customer_id=customer_id)
    decided = plan(shown, theirs, replace(phone(), customer_id=customer_id), LATER, RULES)

    assert isinstance(decided, Send) is may
