"""What a phone makes of ordinary notifications."""

from typing import Any

import pytest

from app.simulator.behaviour import Behaviour
from app.simulator.declaration import ORDER
from app.simulator.notifications import Notification
from app.simulator.phone import Phone
from tests.unit.app.simulator.examples import BUNDLE_ID, NOW


def phone(**behaviour: Any) -> Phone:
    """Give a phone without cards."""
    return Phone(
        phone_id="phone-1",
        device_id="device-1",
        bundle_id=BUNDLE_ID,
        environment="sandbox",
        behaviour=Behaviour(**behaviour),
        declarations={ORDER.name: ORDER},
    )


def tell(on: Phone, alert: object, *, collapse_id: str | None = "order-1", number: int = 1) -> str:
    """Send a notification, and give what the phone did with it."""
    payload = {"aps": {"alert": alert, "sound": "default"}, "orderId": "order-1"}
    effect = on.notify(payload, apns_id=f"push-{number}", priority=10, collapse_id=collapse_id, now=NOW + number)
    return effect.reason


def test_a_notification_is_shown_with_what_stands_beside_aps() -> None:
    """And the record of it says that it is no card's push."""
    on = phone()

    assert tell(on, {"title": "Noodle Bar", "body": "On its way."}) == "applied"
    assert on.notifications == [
        Notification(
            NOW + 1, "push-1", "Noodle Bar", "On its way.", "default", "order-1", custom={"orderId": "order-1"}
        )
    ]
    [record] = on.records
    assert (record.token_kind, record.event, record.effect, record.alert) == ("alert", None, "applied", "Noodle Bar")


def test_the_newest_of_a_collapse_id_replaces_those_before_it() -> None:
    """Without one each stands by itself."""
    on = phone()
    for number, collapse_id in enumerate(("a", "b", "a", None, None), 1):
        tell(on, "news", collapse_id=collapse_id, number=number)

    assert [each.apns_id for each in on.notifications] == ["push-2", "push-3", "push-4", "push-5"]


@pytest.mark.parametrize(
    ("behaviour", "alert", "why"),
    [
        ({"notifications_enabled": False}, "news", "dropped: notifications are switched off"),
        ({}, {}, "dropped: a notification without title and body shows nothing"),
    ],
)
def test_a_notification_that_is_not_shown_says_why(behaviour: dict[str, Any], alert: object, why: str) -> None:
    """APNs took it all the same."""
    on = phone(**behaviour)

    assert tell(on, alert) == why
    assert on.notifications == []
