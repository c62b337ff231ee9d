"""The bytes ActivityKit decodes."""

from app.apns.payload import Alert, Localised, end, start, update

AT = 1_800_000_000


def test_a_start_carries_everything_in_a_stable_order() -> None:
    """A full start is Apple's form, key by key."""
    body = start(
        timestamp=AT,
        content_state=b'{"status":"placed"}',
        attributes_type="OrderAttributes",
        attributes=b'{"orderId":"1"}',
        alert=Alert(Localised("order.placed", ("#1",)), "We have it", "default"),
        stale_date=AT + 60,
        relevance_score=100.0,
    )
    assert body == (
        b'{"aps":{"timestamp":1800000000,"event":"start","content-state":{"status":"placed"},'
        b'"attributes-type":"OrderAttributes","attributes":{"orderId":"1"},'
        b'"alert":{"title":{"loc-key":"order.placed","loc-args":["#1"]},"body":"We have it","sound":"default"},'
        b'"input-push-token":1,"stale-date":1800000060,"relevance-score":100.0}}'
    )


def test_a_start_can_name_a_channel_in_the_place_of_the_push_token() -> None:
    """What is not asked for is absent, not false."""
    body = start(
        timestamp=AT,
        content_state=b"{}",
        attributes_type="A",
        attributes=b"{}",
        alert=Alert("Hello"),
        channel_id="dHN0LXNyY2gtY2hubA==",
    )
    assert body == (
        b'{"aps":{"timestamp":1800000000,"event":"start","content-state":{},"attributes-type":"A",'
        b'"attributes":{},"alert":{"title":"Hello"},"input-push-channel":"dHN0LXNyY2gtY2hubA=="}}'
    )


def test_an_update_splices_its_state_and_escapes_nothing() -> None:
    """Greek, Arabic and what lies beyond the BMP stay UTF-8."""
    state = '{"note":"Καλημέρα مرحبا 🛵"}'.encode()
    body = update(timestamp=AT, content_state=state, alert=Alert("🛵"), stale_date=AT + 1)
    assert body == (
        b'{"aps":{"timestamp":1800000000,"event":"update","content-state":'
        + state
        + '{,"alert":{"title":"🛵"},"stale-date":1800000001}}'[1:].encode()
    )


def test_an_end_carries_the_last_state_and_a_dismissal() -> None:
    """The dismissal date stands on an end."""
    assert end(timestamp=AT, content_state=b'{"status":"delivered"}', dismissal_date=AT + 900) == (
        b'{"aps":{"timestamp":1800000000,"event":"end","content-state":{"status":"delivered"},'
        b'"dismissal-date":1800000900}}'
    )
