"""A subject as those see it who follow it: how it stands, how old its news is, and to whom it is open."""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

from app.access.api_key import Scope
from app.access.caller import Customer, Service
from app.tracking.tracked import Look, Moment, Tracked
from projections.activity import Recipients
from projections.face import face_of
from projections.freshness import FreshnessRules
from projections.view import web_face_of
from tests.examples.events import KEY, NOON
from tests.examples.views import on_its_way

VIEW = on_its_way()
FACE = replace(face_of(VIEW, KEY, NOON), expected_at=None, heard_at=NOON)
TRACKED = Tracked(order_id="order-1", kind="order", status="picked_up", face=FACE, page=web_face_of(VIEW, FACE.content))
RULES = FreshnessRules(stale_after=60)


def at(seconds: float, tracked: Tracked = TRACKED, look: Look = Look.WEB) -> Moment:
    """Give its state so long after the last news."""
    return tracked.at(NOON + timedelta(seconds=seconds), look, RULES, KEY)


def said(moment: Moment, name: str) -> object:
    """Give one field of a state."""
    return msgspec.json.decode(moment.body)[name]


def test_a_state_changes_by_itself_when_its_news_grows_old() -> None:
    """It says when; until then it is the same state."""
    fresh, later, stale = at(0), at(59), at(60)

    assert fresh == later
    assert fresh.until == NOON + timedelta(seconds=60)
    assert [said(each, "freshness") for each in (fresh, stale)] == ["fresh", "stale"]
    assert (stale.until, stale.is_last, stale.id == fresh.id) == (None, False, False)


def test_what_is_over_is_the_last_state() -> None:
    """Its news does not grow old any more; nor does what is gone."""
    over = at(10_000, replace(TRACKED, face=replace(FACE, over=True)))
    gone = at(0, replace(TRACKED, face=replace(FACE, is_blank=True)))
    archived = at(0, Tracked(order_id="order-1", is_gone=True))

    assert [(said(each, "phase"), said(each, "freshness"), each.is_last) for each in (over, gone, archived)] == [
        ("over", "fresh", True), ("gone", "fresh", True), ("gone", "fresh", True),
    ]  # fmt: skip
    assert said(over, "contentState") is not None
    assert said(gone, "contentState") is said(gone, "page") is None


def test_a_face_that_cannot_be_drawn_breaks_that_face_alone() -> None:
    """The page goes on where the Live Update fails."""
    assert [said(at(0, look=look), "phase") for look in Look] == ["open", "broken"]
    assert said(at(0, Tracked(order_id="order-1", failure=True)), "phase") == "broken"


def test_it_is_open_to_whom_it_is_for() -> None:
    """Its customer, those who are listed, and a ticket or a key for it; a segment is no list."""
    listed = replace(FACE, customer_id=None, recipients=Recipients(None, frozenset({"customer-9"})))
    everybody = replace(FACE, customer_id=None, recipients=Recipients(None, is_open=True))
    owner = Customer(FACE.customer_id)

    assert TRACKED.is_open_to(owner)
    assert TRACKED.is_open_to(Customer("stranger", "order-1"))
    assert TRACKED.is_open_to(Service("key", frozenset({Scope.ORDERS_READ})))
    assert not TRACKED.is_open_to(Customer("customer-9"))
    assert replace(TRACKED, face=listed).is_open_to(Customer("customer-9"))
    assert not replace(TRACKED, face=listed).is_open_to(owner)
    assert not replace(TRACKED, face=everybody).is_open_to(owner)
    assert not Tracked(order_id="order-1").is_open_to(owner)
