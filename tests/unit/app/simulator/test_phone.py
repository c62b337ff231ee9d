"""Send pushes to a phone and see what it does, one rule a row."""

from typing import Any

import msgspec
import pytest

from app.simulator.behaviour import Behaviour
from app.simulator.card import Card, Effect
from app.simulator.declaration import ORDER
from app.simulator.phone import Phone
from tests.unit.app.simulator.examples import BUNDLE_ID, NOW, content, end, start, update

HOUR = 3600


class OnePhone:
    """Hold a phone, and send it pushes in short form."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.phone = Phone(
            phone_id="phone-1",
            device_id="device-1",
            bundle_id=BUNDLE_ID,
            environment="sandbox",
            behaviour=behaviour or Behaviour(),
            declarations={ORDER.name: ORDER},
        )
        self._count = 0

    def start(self, *, now: float = NOW, **changes: Any) -> Effect:
        """Send a start."""
        return self.push(start(**changes), None, now)

    def push(
        self,
        payload: dict[str, Any],
        to_activity: str | None = "activity-1",
        now: float = NOW,
        priority: int = 10,
    ) -> Effect:
        """Send a push, by default to the first card."""
        self._count += 1
        return self.phone.receive(
            payload,
            apns_id=f"push-{self._count}",
            priority=priority,
            to_activity=to_activity,
            new_activity_id=f"activity-{self._count}",
            now=now,
        )

    @property
    def card(self) -> Card:
        """Give the first card."""
        return self.phone.cards["activity-1"]


@pytest.fixture
def one() -> OnePhone:
    """Give a phone that shows one card."""
    shown = OnePhone()
    shown.start()
    return shown


def test_a_start_makes_a_card() -> None:
    """The card shows the start's content under an id of the phone's own, and names ours."""
    one = OnePhone()

    effect = one.start()

    assert effect == Effect(applied=True, reason="applied")
    assert one.card == Card(
        activity_id="activity-1",
        declaration=ORDER,
        attributes={"cardId": "card-1", "orderId": "order-1"},
        content=content(),
        shown_timestamp=NOW,
        started_at=NOW,
        by_push=True,
        card_id="card-1",
        subject="order-1",
        alerts=1,
    )


STARTS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no alert", {}, {"alert": None}, "a start needs an alert with a title"),
    ("an alert without title", {}, {"alert": {"body": "x"}}, "a start needs an alert with a title"),
    (
        "an alert with a title that is no text",
        {},
        {"alert": {"title": {"key": "x"}}},
        "alert does not decode: title is neither a text nor a loc-key with loc-args",
    ),
    ("an update", {}, {"event": "update"}, "a start token takes start, not 'update'"),
    ("no timestamp", {}, {"timestamp": None}, "timestamp is no whole number"),
    ("milliseconds", {}, {"timestamp": NOW * 1000}, "timestamp is more than 8 hours in the future"),
    ("an unknown type", {}, {"attributes_type": "App.Order"}, "the app declares no type 'App.Order'"),
    ("no attributes", {}, {"attributes": None}, "attributes is no object"),
    ("attributes amiss", {}, {"attributes": {"cardId": "x"}}, "attributes do not decode: orderId is missing"),
    ("no content", {}, {"content_state": None}, "content-state is no object"),
    (
        "a number as text",
        {},
        {"content_state": content(progress="0.5")},
        "content-state does not decode: progress is no number",
    ),
    ("a channel on iOS 17", {"ios_version": "17.5"}, {"input_push_channel": "c"}, "input-push-channel needs iOS 18"),
    ("an old iOS", {"ios_version": "17.1"}, {}, "iOS 17.1 cannot start a card by push; 17.2 can"),
    ("switched off", {"activities_enabled": False}, {}, "Live Activities are switched off"),
    ("low power", {"low_power": True}, {}, "Low Power Mode starts no cards"),
]


@pytest.mark.parametrize(("behaviour", "changes", "why"), [row[1:] for row in STARTS], ids=[row[0] for row in STARTS])
def test_a_start_that_ios_would_not_show(behaviour: dict[str, Any], changes: dict[str, Any], why: str) -> None:
    """APNs took it, the phone shows nothing, and says why."""
    one = OnePhone(Behaviour(**behaviour))

    effect = one.start(**changes)

    assert (effect, one.phone.cards) == (Effect(applied=False, reason=f"dropped: {why}"), {})


def test_ten_starts_and_no_more() -> None:
    """The eleventh start in a row is over the budget; six minutes later there is room for one."""
    one = OnePhone()

    in_a_row = [one.start().applied for _ in range(11)]
    later = [one.start(now=NOW + 361).applied for _ in range(2)]

    assert in_a_row == [True] * 10 + [False]
    assert later == [True, False]


def test_an_hour_holds_so_many_pushes_of_priority_10() -> None:
    """What goes beyond is dropped, unless it has priority 5; starts are not counted."""
    one = OnePhone(Behaviour(urgent_an_hour=2))
    one.start()

    def send(second: int, *, priority: int = 10) -> str:
        return one.push(update(timestamp=NOW + second), now=NOW + second, priority=priority).reason

    assert [send(second) for second in (1, 2)] == ["applied"] * 2
    assert send(3) == "dropped: the hour's budget of pushes with priority 10 is used up"
    assert send(4, priority=5) == "applied"
    assert one.phone.urgent_left(NOW + 4) < 1
    assert send(1804) == "applied"


@pytest.mark.parametrize(("frequent", "takes"), [(True, 120), (False, 30)])
def test_frequent_updates_raise_what_an_hour_holds(takes: int, *, frequent: bool) -> None:
    """Apple names no number; the customer's switch makes a difference."""
    assert OnePhone(Behaviour(frequent_pushes_enabled=frequent)).phone.urgent_left(NOW) == takes


UPDATES: list[tuple[str, dict[str, Any], str]] = [
    ("later", {}, "applied"),
    ("the same second", {"timestamp": NOW}, "dropped: of the same second as what is shown"),
    ("older", {"timestamp": NOW - 1}, "dropped: older than what is shown"),
    ("8 hours ahead", {"timestamp": NOW + 8 * HOUR}, "applied"),
    (
        "more than 8 hours ahead",
        {"timestamp": NOW + 8 * HOUR + 1},
        "dropped: timestamp is more than 8 hours in the future",
    ),
    ("a fraction", {"timestamp": NOW + 1.5}, "dropped: timestamp is no whole number"),
    ("no content", {"content_state": None}, "dropped: content-state is no object"),
    (
        "a key missing",
        {"content_state": {"status": "x"}},
        "dropped: content-state does not decode: progress is missing",
    ),
    ("a null", {"content_state": content(status=None)}, "dropped: content-state does not decode: status is missing"),
    (
        "a history line amiss",
        {"content_state": content(history=[{"step": "x"}])},
        "dropped: content-state does not decode: history: at is missing",
    ),
    ("a start", {"event": "start"}, "dropped: a card takes update and end, not 'start'"),
    ("an undeclared key", {"content_state": content(more=1)}, "applied"),
]


@pytest.mark.parametrize(("changes", "why"), [row[1:] for row in UPDATES], ids=[row[0] for row in UPDATES])
def test_an_update_changes_the_card_or_says_why_not(one: OnePhone, changes: dict[str, Any], why: str) -> None:
    """An update is shown whole or not at all."""
    before, payload = one.card, update(**changes)

    effect = one.push(payload)

    assert effect.reason == why
    if effect.applied:
        assert one.card.content == payload["aps"]["content-state"]
    else:
        assert one.card == before


def test_content_that_grows_past_four_kilobytes_with_the_attributes_is_not_shown(one: OnePhone) -> None:
    """Attributes and content share 4,096 bytes on the device, counted as UTF-8."""
    fixed = len(msgspec.json.encode(one.card.attributes)) + len(msgspec.json.encode(content(note="")))
    note = "é" * ((4096 - fixed) // 2)

    effects = [
        one.push(update(content_state=content(note=note))),
        one.push(update(timestamp=NOW + 2, content_state=content(note=note + "é"))),
    ]

    assert [effect.applied for effect in effects] == [True, False]


def test_an_end_is_applied_whatever_its_timestamp(one: OnePhone) -> None:
    """An old end ends the card with its final content, and the newest timestamp stays."""
    one.push(update(timestamp=NOW + 50))

    effect = one.push(end(timestamp=NOW - 100, dismissal_date=NOW + 60))

    card = one.card
    assert (effect.applied, card.state, card.ended_by, card.content["status"]) == (True, "ended", "a push", "delivered")
    assert (card.shown_timestamp, card.is_visible(NOW + 59), card.is_visible(NOW + 60)) == (NOW + 50, True, False)


def test_an_end_without_content_keeps_the_last(one: OnePhone) -> None:
    """An end may come bare; the card leaves after four hours at most."""
    one.push(end(content_state=None, dismissal_date=NOW + 10 * HOUR))

    assert (one.card.content, one.card.visible_until) == (content(), NOW + 4 * HOUR)


def test_nothing_changes_a_card_that_is_over(one: OnePhone) -> None:
    """Updates and ends after the end are dropped."""
    one.push(end())
    ended = one.card

    effects = [one.push(update(timestamp=NOW + 10)), one.push(end(timestamp=NOW + 11))]

    assert ({effect.reason for effect in effects}, one.card) == ({"dropped: the card is over"}, ended)


def test_a_card_ends_by_itself_after_eight_hours(one: OnePhone) -> None:
    """The system ends it on time, also when nobody looked, and a later update finds it over."""
    effect = one.push(update(timestamp=NOW + 9 * HOUR), now=NOW + 9 * HOUR)

    assert (effect.reason, one.card.ended_by, one.card.ended_at) == (
        "dropped: the card is over",
        "eight hours",
        NOW + 8 * HOUR,
    )


def test_a_dismissed_card_takes_no_push(one: OnePhone) -> None:
    """A swipe is for good."""
    one.phone.dismiss("activity-1", NOW)

    effect = one.push(update())

    assert (effect.applied, one.card.state, one.card.ended_by) == (False, "dismissed", "the user")
    assert not one.card.is_visible(NOW)


def test_the_first_card_awaits_allow_and_later_ones_do_not(one: OnePhone) -> None:
    """Before Allow there is no update token; afterwards every card gets one at once."""
    before = one.phone.awaits_token("activity-1")
    one.phone.allow()
    one.start()

    assert (before, one.phone.awaits_token("activity-1"), one.phone.awaits_token("activity-2")) == (False, True, True)


def test_a_force_quit_app_gets_no_token_until_it_is_opened(one: OnePhone) -> None:
    """Allow alone does not help an app that was swiped away."""
    one.phone.allow()
    one.phone.force_quit = True
    swiped = one.phone.awaits_token("activity-1")
    one.phone.force_quit = False

    assert (swiped, one.phone.awaits_token("activity-1")) == (False, True)


def test_the_apps_own_card_needs_no_allow() -> None:
    """A card the app started awaits its token at once and shows any first push."""
    one = OnePhone()
    one.phone.start_by_app("activity-1", ORDER, "order-1", {"orderId": "order-1"}, NOW)

    assert one.phone.awaits_token("activity-1")
    assert one.push(update(timestamp=NOW - 10)).applied


def test_alerts_are_counted_and_effects_kept(one: OnePhone) -> None:
    """Only alerts with a title count; each push is on record with what it did."""
    one.push(update(alert={"title": {"loc-key": "k"}}))
    one.push(update(timestamp=NOW + 2, alert={"body": "mute"}))
    one.push(update(alert={"title": "late"}))

    assert one.card.alerts == 2
    assert [(record.apns_id, record.event, record.effect) for record in one.phone.records] == [
        ("push-1", "start", "applied"),
        ("push-2", "update", "applied"),
        ("push-3", "update", "applied"),
        ("push-4", "update", "dropped: older than what is shown"),
    ]


def test_a_second_start_makes_a_second_card(one: OnePhone) -> None:
    """Nothing tells iOS that two starts mean one order: the sender must start once."""
    one.start()

    assert [card.card_id for card in one.phone.cards.values()] == ["card-1", "card-1"]


def test_a_reinstalled_app_starts_from_nothing(one: OnePhone) -> None:
    """Cards, tokens and the permission go with the app."""
    one.phone.allow()
    one.phone.reinstall("device-2")

    effect = one.push(update())

    assert (one.phone.device_id, one.phone.cards, one.phone.permission) == ("device-2", {}, "unasked")
    assert effect.reason == "dropped: the card is gone with its app"
