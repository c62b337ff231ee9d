"""Fold messages into Live Updates."""

from typing import Any

import pytest

from app.simulator.alerts import Reader
from app.simulator.android_phone import AndroidBehaviour, AndroidPhone
from app.simulator.live_update import Told, read_message
from tests.unit.app.simulator.examples import NOW
from tests.unit.app.simulator.fcm_examples import PROJECT, data, face, message, showing

OVER = "dropped: the Live Update is over"


@pytest.fixture
def phone() -> AndroidPhone:
    """Give a phone that shows nothing yet."""
    return AndroidPhone(
        phone_id="android-1",
        device_id="device-1",
        app="com.example.orders",
        project_id=PROJECT,
        behaviour=AndroidBehaviour(),
        attributes_types=("OrderAttributes",),
    )


def tell(phone: AndroidPhone, *told: dict[str, str]) -> list[str]:
    """Let messages arrive; give what each did."""
    return [phone.receive(message(each), NOW).reason for each in told]


def test_each_message_takes_the_place_of_the_one_before(phone: AndroidPhone) -> None:
    """Under the tag of its subject, with its alert counted, and its first attributes kept."""
    first = data(attributes='{"orderId": "order-1"}', alertTitle="Order placed", alertBody="We have it")
    effects = tell(phone, first, data("update", seconds=1, card=showing(title="Ready", progress=50, freshness="late")))

    [shown] = phone.live_updates.values()
    assert effects == ["applied", "applied"]
    assert (shown.subject, shown.card_id, shown.state) == ("order-1", "card-1", "active")
    assert shown.face == face(title="Ready", progress=50, freshness="late")
    assert (shown.attributes, shown.alerts, shown.posted_at) == ({"orderId": "order-1"}, 1, NOW)
    assert [(each.alert, each.alert_body) for each in phone.records] == [("Order placed", "We have it"), (None, None)]


def test_what_is_not_newer_is_dropped(phone: AndroidPhone) -> None:
    """Messages overtake one another; a start that comes late or twice does not take the state back."""
    effects = tell(
        phone,
        data("update", seconds=2, card=showing(title="Ready")),
        data(),
        data("update", seconds=2),
        data(seconds=3),
    )

    dropped = "dropped: older than what is shown", "dropped: of the same second as what is shown"
    assert effects == ["applied", *dropped, "applied"]
    assert phone.live_updates["order-1"].face == face()


@pytest.mark.parametrize(
    ("ends", "title", "seen"),
    [
        ({"dismissAt": str(NOW + 60), "card": showing(title="Delivered")}, "Delivered", [True, True, False]),
        ({"card": showing(title="Delivered")}, "Delivered", [True, True, True]),
        ({"dismissAt": str(NOW), "card": showing(title="Delivered")}, "Delivered", [False, False, False]),
        ({"card": None}, "Placed", [False, False, False]),
    ],
)
def test_an_end_stays_until_its_time_to_leave(
    phone: AndroidPhone, ends: dict[str, Any], title: str, seen: list[bool]
) -> None:
    """Or until the user swipes it away; one without a face takes away what is shown; an older one ends too."""
    tell(phone, data(seconds=9), data("end", **ends))

    shown = phone.live_updates["order-1"]
    assert (shown.state, shown.ended_by, shown.face["title"]) == ("ended", "a message", title)
    assert [shown.is_visible(NOW + seconds) for seconds in (0, 59, 60)] == seen


def test_what_is_over_does_not_come_back(phone: AndroidPhone) -> None:
    """What arrives behind the end, or was overtaken by it, is dropped; another card of the same subject is shown."""
    effects = tell(phone, data("end", seconds=2), data(), data(seconds=3, cardId="card-2"), data(seconds=4))

    assert effects == ["dropped: there is nothing to end", OVER, "applied", OVER]
    assert phone.live_updates["order-1"].card_id == "card-2"


def test_an_end_of_another_card_ends_nothing(phone: AndroidPhone) -> None:
    """The card that took its place stays."""
    effects = tell(phone, data(), data(seconds=1, cardId="card-2"), data("end", seconds=2))

    assert effects == ["applied", "applied", OVER]
    assert phone.live_updates["order-1"].state == "active"


def test_a_live_update_that_was_swiped_away_is_not_shown_again(phone: AndroidPhone) -> None:
    """An ended one that the user swipes away has ended all the same."""
    tell(phone, data(), data(subject="order-2", cardId="card-2"), data("end", subject="order-2", cardId="card-2"))
    for subject in phone.live_updates:
        phone.dismiss(subject, NOW)

    effects = tell(phone, data("update", seconds=1))

    assert effects == [OVER]
    assert [each.state for each in phone.live_updates.values()] == ["dismissed", "ended"]
    assert [each.is_visible(NOW) for each in phone.live_updates.values()] == [False, False]


def test_nothing_is_shown_while_notifications_are_off(phone: AndroidPhone) -> None:
    """Once they are on again the next message is shown, whatever it was to be, save of what has ended meanwhile."""
    phone.behaviour = AndroidBehaviour(notifications_enabled=False)
    off = tell(phone, data(), data("end", subject="order-2", cardId="card-2"))
    phone.behaviour = AndroidBehaviour()

    assert set(off) == {"dropped: notifications are switched off"}
    assert tell(phone, data("update", seconds=1), data(subject="order-2", cardId="card-2")) == ["applied", OVER]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": None}, "kind is missing"),
        ({"kind": "finish"}, "kind is 'finish', not start, update or end"),
        ({"timestamp": "soon"}, "timestamp is no whole number"),
        ({"dismissAt": "-1"}, "dismissAt is no whole number"),
        ({"card": None}, "card is missing"),
        ({"card": "[]"}, "card does not decode: []"),
        ({"card": "{"}, "card does not decode: {"),
        ({"card": showing(title=None)}, "card does not decode: title is missing"),
        ({"card": showing(progress="5")}, "card does not decode: progress is no int"),
        ({"card": showing(segments=[{"color": "#00FF00"}])}, "card does not decode: segments: length is missing"),
        (
            {"alertTitleKey": "placed", "alertTitleArgs": "Roma"},
            "the alert does not decode: JSON is malformed: invalid character (byte 0)",
        ),
        ({"attributes": "[1]"}, "attributes does not decode: [1]"),
        ({"attributesType": "BookingAttributes"}, "the app knows no BookingAttributes"),
    ],
)
def test_what_does_not_decode_shows_nothing(phone: AndroidPhone, changes: dict[str, Any], why: str) -> None:
    """The record says why."""
    assert tell(phone, data(**changes)) == [f"dropped: {why}"]
    assert phone.live_updates == {}
    assert phone.records[-1].effect == f"dropped: {why}"


def test_all_that_a_face_may_hold_decodes() -> None:
    """Every field of `docs/android.md`; an alert may name a string of the app's."""
    told = read_message(
        data(
            card=showing(
                segments=[{"length": 40, "color": "#00FF00"}, {"length": 60}],
                points=[{"position": 40}],
                when=NOW + 600,
                ongoing=False,
            ),
            alertTitleKey="placed",
            alertTitleArgs='["Roma"]',
            alertSound="default",
        ),
        Reader({"de": {"placed": "Bestellt bei %1$s"}}, "de-AT"),
    )

    assert isinstance(told, Told)
    assert told.alert is not None
    assert (told.alert.title, told.alert.body, told.alert.sound) == ("Bestellt bei Roma", "", "default")
