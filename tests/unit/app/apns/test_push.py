"""From a plan to a request: what stands in each kind of push."""

import json
from typing import Any

import pytest

from app.apns.dispatch_rules import SendRules
from app.apns.preflight import preflight
from app.apns.push import build_push, collapse_id
from app.apns.request import ApnsRequest
from projections.card import Kind
from projections.choice import Send
from projections.draft import Alert
from projections.face import Face, face_of
from projections.freshness import Freshness
from projections.order_view import EMPTY, OrderView
from projections.registry import Registry
from tests.cards.order_with_strings import CARD
from tests.examples.cards import APNS_ID, CARD_ID, SECOND, card, hours
from tests.examples.events import KEY
from tests.examples.views import on_its_way

VIEW = on_its_way()
PERSONAL = ("Anna Kaya", "No onions for Eleni", "customer-7")


def sent(kind: Kind, **changes: Any) -> Send:
    """Give an example of a plan that sends."""
    fields: dict[str, Any] = {"kind": kind, "why": "why", "timestamp": SECOND, "priority": 10}
    return Send(**(fields | changes))


def request_of(
    plan: Send, *, view: OrderView | None = VIEW, face: Face | None = None, locale: str | None = None
) -> ApnsRequest:
    """Build the request of a plan for the order that is on its way."""
    request = build_push(
        plan,
        card=card(),
        view=view,
        face=face if face is not None or view is None else face_of(view, KEY),
        token="ab" * 32,
        environment="sandbox",
        apns_id=APNS_ID,
        rules=SendRules(),
        locale=locale,
    )
    assert isinstance(request, ApnsRequest)
    return request


def aps(request: ApnsRequest) -> dict[str, Any]:
    """Read what ActivityKit decodes."""
    body: dict[str, Any] = json.loads(request.payload)["aps"]
    return body


def test_a_start() -> None:
    """Type, attributes with our card id, content, and an alert under the merchant's name."""
    request = request_of(sent(Kind.START, alert=Alert(1, 4, "order.picked_up"), stale_at=hours(1)))

    assert preflight(request) is None
    assert aps(request) == {
        "timestamp": SECOND,
        "event": "start",
        "content-state": json.loads(face_of(VIEW, KEY).content),
        "attributes-type": "OrderAttributes",
        "attributes": {
            "cardId": str(CARD_ID),
            "orderId": "order-1",
            "orderNumber": "A-1042",
            "merchantName": "Taverna Ilios",
        },
        "alert": {"title": "Taverna Ilios", "body": "Your order is on its way.", "sound": "default"},
        "input-push-token": 1,
        "stale-date": SECOND + 3600,
    }
    assert (request.topic, request.token, request.apns_id, request.environment, request.priority) == (
        "com.example.shop.push-type.liveactivity",
        "ab" * 32,
        str(APNS_ID),
        "sandbox",
        10,
    )


def test_an_update() -> None:
    """The whole content, and no alert unless one is planned."""
    request = request_of(sent(Kind.UPDATE, priority=5, stale_at=hours(1)))

    assert preflight(request) is None
    assert request.priority == 5
    assert aps(request) == {
        "timestamp": SECOND,
        "event": "update",
        "content-state": json.loads(face_of(VIEW, KEY).content),
        "stale-date": SECOND + 3600,
    }


def test_a_push_says_how_old_its_news_is() -> None:
    """As one more field of the content state; what it says is the plan's."""
    state = aps(request_of(sent(Kind.UPDATE, freshness=Freshness.LATE)))["content-state"]

    assert state == json.loads(face_of(VIEW, KEY).content) | {"freshness": "late"}


def test_an_end_of_an_order_that_was_never_placed_leaves_what_is_shown() -> None:
    """There is no content that the app could decode."""
    assert "content-state" not in aps(request_of(sent(Kind.END, freshness=Freshness.FRESH), view=EMPTY))


def test_an_end() -> None:
    """The final content and a dismissal date."""
    request = request_of(sent(Kind.END, dismiss_at=hours(0.25)))

    assert preflight(request) is None
    assert aps(request) == {
        "timestamp": SECOND,
        "event": "end",
        "content-state": json.loads(face_of(VIEW, KEY).content),
        "dismissal-date": SECOND + 900,
    }


def test_an_ordinary_notification() -> None:
    """To the app's own topic, in the place of the one before it; the app finds the order beside `aps`."""
    request = request_of(sent(Kind.ALERT, alert=Alert(1, 4, "order.picked_up")))

    assert preflight(request) is None
    assert json.loads(request.payload) == {
        "aps": {
            "alert": {"title": "Taverna Ilios", "body": "Your order is on its way."},
            "sound": "default",
            "thread-id": "order-1",
        },
        "orderId": "order-1",
    }
    assert (request.push_type, request.topic, request.collapse_id) == ("alert", "com.example.shop", "order-1")
    assert (request.expiration, request.priority, request.once) == (SECOND + 3_600, 10, True)


@pytest.mark.parametrize("subject", ["o" * 64, "o" * 65, "o" * 128])
def test_a_collapse_id_names_every_order_within_its_bounds(subject: str) -> None:
    """64 bytes at most, and another for another order."""
    assert len(collapse_id(subject)) == 64
    assert collapse_id(subject) != collapse_id(subject[1:])


@pytest.mark.parametrize("view", [VIEW, None])
def test_a_recalled_card_carries_nothing_of_the_order(view: OrderView | None) -> None:
    """An end without content leaves what is shown and takes it away at once."""
    request = request_of(sent(Kind.END, dismiss_at=hours(0), with_content=False), view=view)

    assert preflight(request) is None
    assert aps(request) == {"timestamp": SECOND, "event": "end", "dismissal-date": SECOND}


@pytest.mark.parametrize(("kind", "seconds"), [(Kind.START, 1800), (Kind.UPDATE, 3600), (Kind.END, 28_800)])
def test_apns_keeps_each_kind_for_its_time(kind: Kind, seconds: int) -> None:
    """An expiration is always set, in Unix seconds."""
    assert request_of(sent(kind, alert=Alert(1, 4, "order.ready"))).expiration == SECOND + seconds


@pytest.mark.parametrize("kind", Kind)
def test_an_alert_never_carries_a_personal_value(kind: Kind) -> None:
    """It lights a locked screen."""
    for type_ in ("order.note", "order.courier_assigned", "order.placed", "shop.of_a_type_we_do_not_know"):
        text = json.dumps(aps(request_of(sent(kind, alert=Alert(1, 4, type_))))["alert"])
        assert [value for value in PERSONAL if value in text] == []


def test_an_alert_speaks_the_phones_language(cards: Registry) -> None:
    """By keys inside title and body, or by words for its locale, with the sound inside the alert."""
    cards.install([CARD])
    start = request_of(sent(Kind.START, alert=Alert(1, 4, "order.placed")))
    update = request_of(sent(Kind.UPDATE, alert=Alert(1, 4, "order.picked_up")), locale="el-GR")
    silent = request_of(sent(Kind.UPDATE, alert=Alert(1, 4, "order.note")))

    assert [preflight(each) for each in (start, update, silent)] == [None] * 3
    assert aps(start)["alert"] == {
        "title": {"loc-key": "news.title", "loc-args": ["Taverna Ilios"]},
        "body": {"loc-key": "placed.body", "loc-args": ["A-1042"]},
        "sound": "default",
    }
    assert aps(update)["alert"] == {"title": "Lockstep", "body": "Έρχεται!", "sound": "horn.caf"}
    assert "sound" not in aps(silent)["alert"]
    assert [each for each in PERSONAL if each in silent.payload.decode().partition('"alert"')[2]] == []


def test_a_notification_has_its_keys_beside_one_another(cards: Registry) -> None:
    """As Apple wants them there, and nowhere else."""
    cards.install([CARD])
    request = request_of(sent(Kind.ALERT, alert=Alert(1, 4, "order.placed")))

    assert preflight(request) is None
    assert aps(request) == {
        "alert": {
            "title-loc-key": "news.title",
            "title-loc-args": ["Taverna Ilios"],
            "loc-key": "placed.body",
            "loc-args": ["A-1042"],
        },
        "sound": "default",
        "thread-id": "order-1",
    }


def test_a_start_without_alert_or_content_is_our_bug() -> None:
    """It is refused here, because the phone would drop it silently."""
    with pytest.raises(AssertionError):
        request_of(sent(Kind.START))
    with pytest.raises(AssertionError):
        request_of(sent(Kind.UPDATE), view=None)
