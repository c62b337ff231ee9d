"""What is refused before it is sent."""

from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from app.apns.payload import Alert, Fetch, background, end, notification, start, update
from app.apns.preflight import Fault, preflight
from app.apns.request import ApnsRequest, Environment, PushType, build

AT = 1_800_000_000


def a_request(payload: bytes | None = None, *, attributes_size_bytes: int = 0) -> ApnsRequest:
    """Build a request with nothing wrong but perhaps its body."""
    return build(
        environment=Environment.PRODUCTION,
        app="com.example.shop",
        token="ab" * 80,
        apns_id=UUID(int=1),
        priority=10,
        expiration=AT + 600,
        payload=update(timestamp=AT, content_state=b"{}") if payload is None else payload,
        attributes_size_bytes=attributes_size_bytes,
    )


def a_start(
    *, attributes_type: str = "OrderAttributes", attributes: bytes = b"{}", title: str = "Hi", at: int = AT
) -> bytes:
    """Build a start with one thing changed."""
    return start(
        timestamp=at,
        content_state=b"{}",
        attributes_type=attributes_type,
        attributes=attributes,
        alert=Alert(title),
    )


def sized(size_bytes: int) -> bytes:
    """Build an update of exactly that many bytes."""
    empty = len(update(timestamp=AT, content_state=b'{"n":""}'))
    return update(timestamp=AT, content_state=b'{"n":"' + b"x" * (size_bytes - empty) + b'"}')


@pytest.mark.parametrize(
    "payload",
    [
        sized(4_096),
        a_start(),
        a_start(attributes_type="Bestellübersicht"),
        end(timestamp=AT, content_state=b"{}", dismissal_date=AT + 4 * 3_600),
        end(timestamp=AT, content_state=b"{}", dismissal_date=AT - 10),
    ],
)
def test_what_apple_takes_passes(payload: bytes) -> None:
    """A sound push has no problem, up to the last byte and the last second."""
    assert preflight(a_request(payload)) is None


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (sized(4_097), Fault.BODY_SIZE),
        (a_start(title=""), Fault.ALERT),
        (a_start(attributes_type="Shop.OrderAttributes"), Fault.ATTRIBUTES_TYPE),
        (a_start(attributes_type=""), Fault.ATTRIBUTES_TYPE),
        (a_start(attributes=b"[1]"), Fault.ATTRIBUTES),
        (a_start(at=AT * 1_000), Fault.TIMESTAMP),
        (a_start(at=AT - 978_307_200), Fault.TIMESTAMP),
        (update(timestamp=AT, content_state=b"{}", stale_date=AT * 1_000), Fault.TIMESTAMP),
        (update(timestamp=AT, content_state=b"[]"), Fault.BODY),
        (update(timestamp=AT, content_state=b"{"), Fault.BODY),
        (end(timestamp=AT, content_state=b"{}", dismissal_date=AT + 4 * 3_600 + 1), Fault.DISMISSAL),
        (b'{"aps":{"timestamp":1800000000,"event":"start","content-state":{}}}', Fault.ALERT),
        (b"", Fault.BODY),
        (b'{"aps":{}}', Fault.BODY),
    ],
)
def test_a_body_the_phone_would_drop_is_named(payload: bytes, fault: Fault) -> None:
    """Each silent loss has its word."""
    problem = preflight(a_request(payload))
    assert problem is not None
    assert problem.fault is fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"token": ""}, Fault.DEVICE),
        ({"token": "abc"}, Fault.DEVICE),
        ({"token": "../../x"}, Fault.DEVICE),
        ({"topic": "com.example.shop"}, Fault.TOPIC),
        ({"topic": "com.example.shop.push-type.liveactivity.push-type.liveactivity"}, Fault.TOPIC),
        ({"app": ""}, Fault.TOPIC),
        ({"apns_id": "00000000-0000-0000-0000-00000000000A"}, Fault.APNS_ID),
        ({"priority": 1}, Fault.PRIORITY),
        ({"expiration": AT * 1_000}, Fault.EXPIRATION),
    ],
)
def test_a_header_apns_would_refuse_is_named(change: dict[str, object], fault: Fault) -> None:
    """Each header is checked before it costs an answer."""
    problem = preflight(msgspec.structs.replace(a_request(), **change))
    assert problem is not None
    assert problem.fault is fault


def test_the_attributes_of_the_start_count_towards_an_update() -> None:
    """On the phone, attributes and state share four kilobytes."""
    state = b'{"n":"' + b"x" * 2_000 + b'"}'
    payload = update(timestamp=AT, content_state=state)
    assert preflight(a_request(payload, attributes_size_bytes=4_096 - len(state))) is None
    problem = preflight(a_request(payload, attributes_size_bytes=4_097 - len(state)))
    assert problem is not None
    assert problem.fault is Fault.STATE_SIZE


@pytest.mark.parametrize(
    "alert",
    [
        {"body": "x", "sound": "default"},
        {"title": {"loc-args": ["x"]}},
        {"title": {"loc-key": "x", "loc-args": [7]}},
        {"title": {"loc-key": "x", "args": ["y"]}},
        {"title": "x", "body": 7},
        {"title": "x", "sound": {"name": "y"}},
        {"title": "x", "loc-key": "y"},
    ],
)
def test_an_alert_that_the_phone_would_drop_is_refused(alert: dict[str, object]) -> None:
    """APNs would answer 200 to it."""
    body = {"aps": {"timestamp": AT, "event": "update", "content-state": {}, "alert": alert}}
    problem = preflight(a_request(msgspec.json.encode(body)))
    assert problem is not None
    assert problem.fault is Fault.ALERT


def test_a_request_does_not_show_its_token() -> None:
    """What is printed or logged by accident holds no device token."""
    assert "abab" not in repr(a_request())


def a_notification(title: str = "Hi", **changes: object) -> ApnsRequest:
    """Build an ordinary notification with one thing changed."""
    body = notification(alert=Alert(title, "There is news."), subject="order-1")
    return replace(a_request(body), **({"push_type": PushType.ALERT, "topic": "com.example.shop"} | changes))


def test_an_ordinary_notification_passes() -> None:
    """It has the plain topic, and nothing that a Live Activity needs."""
    assert preflight(a_notification()) is None


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (a_notification(topic="com.example.shop.push-type.liveactivity"), Fault.TOPIC),
        (a_notification(""), Fault.ALERT),
        (a_notification(payload=b'{"aps":{}}'), Fault.BODY),
        (a_notification(token="abc"), Fault.DEVICE),
        (replace(a_request(), topic="com.example.shop"), Fault.TOPIC),
    ],
    ids=["a Live Activity's topic", "no title", "no alert", "an odd token", "a card with the plain topic"],
)
def test_a_notification_that_apns_would_refuse(request_: ApnsRequest, fault: Fault) -> None:
    """Nobody would hear of it, so it is refused here."""
    problem = preflight(request_)

    assert problem is not None
    assert problem.fault is fault


def woken(payload: bytes, priority: int = 5) -> ApnsRequest:
    """Build a push that wakes the app."""
    return build(
        environment=Environment.PRODUCTION,
        app="com.example.shop",
        token="ab" * 32,
        apns_id=UUID(int=1),
        priority=priority,
        expiration=0,
        payload=payload,
        push_type=PushType.BACKGROUND,
    )


def test_a_push_that_wakes_the_app_shows_nothing() -> None:
    """Priority 5, the bundle id's own topic, and content-available alone; what finds no place is told as `more`."""
    pictures = [Fetch(f"roma-{number}@{'a' * 12}", "https://x/" + "y" * 200, "aa" * 32, 7) for number in range(30)]
    body = background(fetch=pictures, drop=["old@bbbbbbbbbbbb"], most_bytes=4_096)
    told = msgspec.json.decode(body)["lockstep"]

    assert preflight(woken(body)) is None
    assert woken(body).topic == "com.example.shop"
    assert (len(body) <= 4_096, told["more"], 5 < len(told["fetch"]) < 30) == (True, True, True)
    assert msgspec.json.decode(background(fetch=pictures[:1], drop=["old@b"], most_bytes=4_096)) == {
        "aps": {"content-available": 1},
        "lockstep": {
            "fetch": [{"ref": pictures[0].ref, "url": pictures[0].url, "sha256": pictures[0].sha256, "sizeBytes": 7}],
            "drop": ["old@b"],
        },
    }
    faults = [preflight(woken(body, 10)), preflight(woken(notification(alert=Alert("Hi"), subject="order-1")))]
    assert [each and each.fault for each in faults] == [Fault.PRIORITY, Fault.BODY]
