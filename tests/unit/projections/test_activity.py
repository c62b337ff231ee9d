"""The fold of an activity: the sender's newest state by effective time, whatever comes first, late or twice."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.apns import payload
from app.apns.preflight import MOST_BODY_BYTES, MOST_STATE_BYTES
from app.apns.push import alert_of
from events.activity import (
    ATTRIBUTES_LIMIT_BYTES,
    BODY_LIMIT_BYTES,
    CONTENT_LIMIT_BYTES,
    START_LIMIT_BYTES,
    TITLE_LIMIT_BYTES,
)
from events.codec import encode_new
from events.envelope import RecordedEvent, as_recorded
from events.errors import EventError
from projections.activity import CARD, Activity, Recipients, audience_of, recipients_of, wishes_of
from projections.alert_text import LocalisedText
from projections.order_view import EMPTY
from projections.own_view import OwnView
from projections.view import decode_view, encode_view, fold
from tests.examples.events import KEY, NOON, happened

ALERT = {"title": "PAOK against Aris", "body": "Kick-off!"}
BABEL = {"default": "a", "byLocale": {"?": "a"}}
STARTED: dict[str, Any] = {
    "customerId": "customer-7",
    "attributesType": "MatchAttributes",
    "attributes": {"home": "PAOK"},
    "contentState": {"score": [0, 0]},
    "alert": ALERT,
}


def event(version: int, name: str, data: dict[str, Any], *, at: int | None = None) -> RecordedEvent:
    """Give an event that took effect so many minutes after noon, by default its version."""
    new = encode_new(
        subject_id="match-1",
        source="ticker",
        event_id=f"e{version}",
        type=f"activity.{name}",
        data=data,
        occurred_at=NOON + timedelta(minutes=version if at is None else at),
        key=KEY,
    )
    return as_recorded(new, version, NOON + timedelta(days=1))


def scored(version: int, goals: int, *, at: int | None = None, **more: Any) -> RecordedEvent:
    """Give an update."""
    return event(version, "updated", {"contentState": {"score": [goals, 0]}, **more}, at=at)


def folded(*events: RecordedEvent) -> OwnView:
    """Fold the events of an activity; the view survives being stored."""
    view = fold(EMPTY, events)
    assert isinstance(view, OwnView)
    assert decode_view(*encode_view(view)) == view
    return view


def goals(view: OwnView) -> int:
    """Tell what it shows."""
    shown: int = view.state.content_state["score"][0]
    return shown


def test_the_newest_state_by_effective_time_is_shown_with_what_belongs_to_it() -> None:
    """A late one changes nothing, and does not alert; zero is a score like others."""
    view = folded(
        event(1, "started", STARTED | {"relevanceScore": 0}),
        scored(2, 2, at=9, priority=10, staleDate="2026-01-01T00:00:00Z"),
        scored(3, 1, at=5, alert=ALERT, relevanceScore=7),
    )
    begun = folded(event(1, "started", STARTED | {"relevanceScore": 0}))
    wishes = wishes_of(view)

    assert (goals(view), view.status, view.customer_id, view.changed_version) == (2, "active", "customer-7", 2)
    assert wishes is not None
    assert (wishes.relevance_score, wishes.priority, wishes.urgent_version) == (None, 10, 2)
    assert str(wishes.stale_at) == "2026-01-01 00:00:00+00:00"
    assert [each.version for each in view.alerts] == [1]
    assert (found := wishes_of(begun)) is not None
    assert found.relevance_score == 0


def test_an_update_without_a_start_is_of_a_card_of_the_apps() -> None:
    """A start that comes late says who it is for and what it is started with, and takes no newer state back."""
    alone = folded(scored(1, 3, at=9))
    begun = fold(alone, [event(2, "started", STARTED, at=2)])

    assert (alone.placed, alone.status, recipients_of(alone)) == (True, "active", Recipients(None, is_open=True))
    assert isinstance(begun, OwnView)
    assert (goals(begun), begun.customer_id, begun.state.attributes) == (3, "customer-7", {"home": "PAOK"})
    assert CARD.words("activity.started", begun).body == "Kick-off!"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_is_over_stays_over_and_knows_whose_it_is(order: tuple[int, ...]) -> None:
    """In whatever order the three come."""
    happened = [("started", STARTED, 1), ("updated", {"contentState": {"score": [1, 0]}}, 2), ("ended", {}, 3)]
    view = folded(*(event(v + 1, *happened[which][:2], at=happened[which][2]) for v, which in enumerate(order)))

    assert (view.over, view.status) == (True, "ended")
    assert (view.customer_id, view.state.attributes_type) == ("customer-7", "MatchAttributes")
    assert view.alerts == () or view.alerts[0].type == "activity.started"


def test_an_end_keeps_what_is_shown_or_gives_a_last_state() -> None:
    """And the date of the end is the newest that was said."""
    begun = [event(1, "started", STARTED | {"dismissalDate": "2026-01-01T00:00:00Z"}), scored(2, 1)]
    kept = folded(*begun, event(3, "ended", {}))
    last = folded(
        *begun, event(3, "ended", {"contentState": {"score": [4, 0]}, "dismissalDate": "2027-01-01T00:00:00Z"})
    )

    assert (goals(kept), str(kept.state.dismissal_date)) == (1, "2026-01-01 00:00:00+00:00")
    assert (goals(last), str(last.state.dismissal_date)) == (4, "2027-01-01 00:00:00+00:00")
    assert folded(*begun, event(3, "ended", {}), scored(4, 9), event(5, "started", STARTED)) == replace(kept, version=5)


def test_a_second_start_changes_nothing() -> None:
    """The first says what the card keeps and who it is for."""
    view = folded(event(1, "started", STARTED))
    again = STARTED | {"customerId": "thief", "contentState": {"score": [9, 9]}, "attributes": {}}

    assert fold(view, [event(2, "started", again)]) == replace(view, version=2)


def test_an_erasure_takes_attributes_and_state_and_ends_it() -> None:
    """A fold of what is left in the log comes to the same."""
    events = [event(1, "started", STARTED), scored(2, 1), happened(3, "order.erased"), scored(4, 2)]
    whole = folded(*events)
    bare = folded(*(replace(each, personal=None) for each in events))

    assert whole == bare
    assert (whole.over, whole.state.content_state, whole.state.attributes) == (True, None, None)
    assert whole.state.attributes_type == "MatchAttributes"


def test_what_was_erased_before_it_came_shows_nothing() -> None:
    """It is known whose it is, and that is all."""
    view = folded(happened(1, "order.erased"), replace(event(2, "started", STARTED), personal=None))

    assert (view.placed, view.over, view.customer_id, view.state.content_state) == (True, True, "customer-7", None)


def test_of_two_states_of_one_time_the_later_is_shown() -> None:
    """A sender whose clock has whole seconds; an erasure makes no difference to what is left."""
    events = [scored(1, 1, at=1, priority=10, alert=ALERT), scored(2, 2, at=1, priority=10, alert=ALERT)]
    view = folded(*events)
    erased = [*events, happened(3, "order.erased")]

    assert (goals(view), view.urgent_version, view.alerts[0].version) == (2, 2, 2)
    assert folded(*erased) == folded(*(replace(each, personal=None) for each in erased))


SAID = st.sampled_from(
    [
        ("started", STARTED),
        ("started", STARTED | {"customerId": "other", "contentState": {"score": [7, 7]}}),
        ("updated", {"contentState": {"score": [1, 0]}}),
        ("updated", {"contentState": {"score": [2, 0]}, "alert": ALERT, "priority": 10}),
        ("ended", {}),
        ("ended", {"contentState": {"score": [3, 0]}, "dismissalDate": "2026-01-01T00:00:00Z"}),
    ]
)


@given(
    said=st.lists(st.tuples(SAID, st.integers(1, 3)), max_size=6), cut=st.integers(0, 6), erased_at=st.integers(0, 6)
)
@settings(max_examples=100)
def test_a_fold_is_the_same_wherever_it_is_cut_and_once_erased(said: Any, cut: int, erased_at: int) -> None:
    """Stored in between or not; and from what an erasure leaves in the log."""
    events = [event(version, *what, at=at) for version, (what, at) in enumerate(said, 1)]
    half = fold(EMPTY, events[:cut])
    # what comes after an erasure is stored without its personal values
    kept = [replace(each, personal=None) if n >= erased_at else each for n, each in enumerate(events)]
    erasure = replace(happened(1, "order.erased"), version=erased_at + 1)
    later = [replace(each, version=each.version + 1) for each in kept[erased_at:]]
    stream = [*kept[:erased_at], erasure, *later] if erased_at <= len(events) else events

    assert fold(decode_view(*encode_view(half)), events[cut:]) == fold(EMPTY, events)
    assert fold(EMPTY, stream) == fold(EMPTY, [replace(each, personal=None) for each in stream]) or stream is events


@pytest.mark.parametrize(
    ("audience", "customers"),
    [({"customers": ["c1", "c2"]}, {"c1", "c2"}), ({"segment": "fans"}, None), ({"everybody": True}, None)],
)
def test_an_activity_may_be_for_many(audience: dict[str, Any], customers: set[str] | None) -> None:
    """Those who are listed; of the others a card says that it is for its phone."""
    data = {name: each for name, each in STARTED.items() if name != "customerId"}
    view = folded(event(1, "started", data | {"audience": audience}))

    assert (view.customer_id, audience_of(view)) == (None, view.state.audience)
    assert [recipients_of(view).include(each) for each in ("c1", "c3")] == [True, customers is None]


def test_an_alert_speaks_the_language_of_the_phone() -> None:
    """By texts of each locale, or by the app's own strings."""
    alert = {
        "title": {"locKey": "MATCH", "locArgs": ["PAOK", "Aris"]},
        "body": {"default": "Goal!", "byLocale": {"el": "Γκολ!"}},
        "sound": None,
    }
    view = folded(event(1, "started", STARTED | {"alert": alert}))
    greek, other = (CARD.words("activity.started", view, locale) for locale in ("el-GR", None))

    assert (greek.body, other.body, greek.sound) == ("Γκολ!", "Goal!", None)
    assert greek.title == LocalisedText("MATCH", ("PAOK", "Aris"))


def faults(name: str, data: dict[str, Any]) -> dict[str, str]:
    """Give what is wrong with data, by its place."""
    with pytest.raises(EventError) as caught:
        event(1, name, data)
    return {each.pointer: each.detail for each in caught.value.faults}


def without(*names: str) -> dict[str, Any]:
    """Give a start that lacks some fields."""
    return {name: each for name, each in STARTED.items() if name not in names}


@pytest.mark.parametrize(
    ("data", "place", "why"),
    [
        (without("alert"), "/data/alert", "the phone drops a start without one"),
        (without("customerId"), "/data/customerId", "by customerId or audience"),
        (without("attributesType"), "/data/attributesType", "is missing"),
        (STARTED | {"audience": {"segment": "fans"}}, "/data/audience", "give one of them"),
        (without("customerId") | {"audience": {}}, "/data/audience", "one of customers, segment and everybody"),
        (STARTED | {"attributesType": "App.Match"}, "/data/attributesType", "matching regex"),
        (STARTED | {"attributes": {"cardId": "x"}}, "/data/attributes/cardId", "leave it out"),
        (STARTED | {"attributes": {"a": "x" * 1_024}}, "/data/attributes", "1,032 bytes as compact JSON"),
        (STARTED | {"contentState": {"a": "x" * 2_688}}, "/data/contentState", "room for 2,688"),
        (
            STARTED | {"attributes": {"a": "x" * 1_000}, "contentState": {"a": "x" * 2_000}},
            "/data/contentState",
            "3,016 bytes together, and a start has room for 2,944",
        ),
        (STARTED | {"priority": 7}, "/data/priority", "is not a value that is known here"),
        (STARTED | {"carrier": "pigeon"}, "/data/carrier", "is not a value that is known here"),
        (STARTED | {"carrier": "token", "channelStorage": "none"}, "/data/channelStorage", 'carrier as "channel"'),
        (STARTED | {"alert": {"title": "a"}}, "/data/alert/body", "is missing"),
        (STARTED | {"alert": ALERT | {"titel": "a"}}, "/data/alert/titel", "is not known here"),
        (STARTED | {"alert": ALERT | {"body": "x" * 257}}, "/data/alert/body", "256 at the most"),
        (STARTED | {"alert": ALERT | {"body": {"byLocale": {"el": "a"}}}}, "/data/alert/body/default", "is missing"),
        (STARTED | {"alert": ALERT | {"body": BABEL}}, "/data/alert/body/byLocale", "'?'"),
    ],
)  # fmt: skip
def test_what_a_phone_would_drop_is_refused_with_its_field(data: dict[str, Any], place: str, why: str) -> None:
    """And with what to do."""
    assert why in faults("started", data)[place]


def test_what_is_taken_always_fits_into_a_push() -> None:
    """The largest start, and the largest update after the largest attributes."""

    def filled(size: int) -> dict[str, Any]:
        return {"a": "x" * (size - len('{"a":""}'))}

    alert = {
        "title": {"locKey": "k" * 80, "locArgs": ["x" * (TITLE_LIMIT_BYTES - 87)]},
        "body": "x" * BODY_LIMIT_BYTES,
        "sound": "s" * 64,
    }
    largest = {"attributesType": "T" * 64, "alert": alert, "relevanceScore": -1.7976931348623157e308}
    attributes = filled(ATTRIBUTES_LIMIT_BYTES)
    content = filled(START_LIMIT_BYTES - ATTRIBUTES_LIMIT_BYTES)
    begun = folded(event(1, "started", STARTED | largest | {"attributes": attributes, "contentState": content}))
    later = folded(scored(1, 1, contentState=filled(CONTENT_LIMIT_BYTES)))
    drawn = CARD.draw_attributes(begun, card_id="c" * 36, subject_id='"' * 128)
    told = alert_of(CARD.words("activity.started", begun))
    numbers: dict[str, Any] = {"timestamp": 9_999_999_999, "relevance_score": begun.state.relevance_score}
    start = payload.start(
        content_state=CARD.draw(begun), attributes_type="T" * 64, attributes=drawn, alert=told,
        stale_date=9_999_999_999, **numbers,
    )  # fmt: skip
    end = payload.end(content_state=CARD.draw(later), alert=told, dismissal_date=9_999_999_999, **numbers)

    assert max(len(start), len(end)) <= MOST_BODY_BYTES
    assert len(drawn) + len(CARD.draw(later)) <= MOST_STATE_BYTES


def test_an_activity_begins_with_nothing() -> None:
    """Every field has a default."""
    assert Activity().content_state is None
