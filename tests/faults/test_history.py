"""The harness itself: what it must not overlook."""

from typing import Any

from app.demo.oracle import Expected
from app.simulator.pushes import ReceivedPush
from tests.faults.history import judge_order, judge_received, judge_spoken, judge_starts, judge_told
from tests.faults.people import Shown


def _stage(status: str) -> Expected:
    content = {"status": status}
    return Expected(over=False, status=status, customer_id="c", show_at=None, content=content, attributes={})


STAGES = {"o": [_stage("placed"), _stage("accepted"), _stage("ready")]}


def _shown(timestamp: int, status: str, **told: Any) -> Shown:
    usual: dict[str, Any] = {
        "phone_id": "p", "apns_id": "a", "event": "update", "activity_id": "A", "applied": True, "subject": "o",
        "card_id": "1", "content": {"status": status, "updatedAt": timestamp},
    }  # fmt: skip
    return Shown(timestamp=timestamp, **(usual | told))


def test_a_card_that_only_moves_forward_is_right() -> None:
    """Stages may be skipped."""
    assert judge_order([_shown(1, "placed"), _shown(2, "ready")], STAGES) == []


def test_a_card_that_shows_an_older_stage_again_is_found() -> None:
    """However new its timestamp is."""
    [fault] = judge_order([_shown(1, "placed"), _shown(2, "ready"), _shown(3, "accepted")], STAGES)
    assert fault.endswith("showed version 2 after version 3")


def test_content_that_no_stage_had_is_found() -> None:
    """A phone never shows what the log does not tell."""
    [fault] = judge_order([_shown(1, "delivered")], STAGES)
    assert "what no stage of the order was" in fault


def test_two_applied_pushes_with_one_timestamp_are_found() -> None:
    """Timestamps rise strictly."""
    [fault] = judge_order([_shown(5, "placed"), _shown(5, "accepted")], STAGES)
    assert fault.endswith("applied the timestamp 5 after 5")


def test_a_channel_may_end_a_card_in_the_second_of_its_start() -> None:
    """They come from different senders; an update in that second would be lost on the phone."""
    start = _shown(5, "placed", event="start")
    assert judge_order([start, _shown(5, "ready", event="end", by_channel=True)], STAGES) == []
    [fault] = judge_order([start, _shown(5, "ready", by_channel=True)], STAGES)
    assert fault.endswith("applied the timestamp 5 after 5")


def test_a_second_start_of_a_card_is_found() -> None:
    """Also when it became another activity; starts that showed nothing do not count."""
    starts = [_shown(n, "placed", event="start", activity_id=f"A{n}") for n in (1, 2)]
    dropped = _shown(3, "placed", event="start", activity_id=None, applied=False)
    assert judge_starts([*starts, dropped], ()) == ["phone p: card 1 was started 2 times"]
    assert judge_starts([starts[0], dropped], ()) == []


def test_a_second_card_of_what_a_phone_is_shown_once_is_found() -> None:
    """Other cards of other phones, and of what may come again, are not."""
    starts = [
        _shown(n, "placed", event="start", activity_id=f"A{n}", card_id=str(n), subject=subject, phone_id=phone_id)
        for n, (subject, phone_id) in enumerate([("o", "p"), ("o", "q"), ("o", "p"), ("r", "p"), ("r", "p")])
    ]
    assert judge_starts(starts, {"o"}) == ["phone p: a card of o was started 2 times"]


def _published(status: int | None, title: str) -> ReceivedPush:
    payload = {"aps": {"event": "update", "alert": {"title": title}}}
    return ReceivedPush(1.0, "a", None, status, payload=payload, channel_id="ch")


def test_an_alert_that_a_channel_spoke_twice_is_found() -> None:
    """Also where its answer was lost; one that was refused nobody heard."""
    assert judge_spoken([_published(None, "Goal"), _published(200, "Goal"), _published(200, "End")]) == [
        "the channel ch spoke 'Goal' 2 times"
    ]
    assert judge_spoken([_published(503, "Goal"), _published(200, "Goal")]) == []


def _start(status: int | None, card_id: str = "1") -> ReceivedPush:
    payload = {"aps": {"event": "start", "attributes": {"cardId": card_id}}}
    return ReceivedPush(1.0, "a", "token", status, payload=payload)


def test_a_second_start_that_apns_took_is_found() -> None:
    """Although no phone shows it, and when its answer was lost; a refused one does not count."""
    assert judge_received([_start(200), _start(200)]) == ["APNs took 2 starts of card 1"]
    assert judge_received([_start(200), _start(None)]) == ["APNs took 2 starts of card 1"]
    assert judge_received([_start(200), _start(410), _start(200, "2")]) == []


def _told(order_id: str = "o", phone_id: str = "p") -> ReceivedPush:
    payload = {"aps": {"alert": {"title": "Noodle Bar"}}, "orderId": order_id}
    return ReceivedPush(0.0, "a", "t", 200, phone_id=phone_id, payload=payload)


def test_notifications_of_what_happened_are_right() -> None:
    """One for each event at the most, to whose order it is."""
    assert judge_told([_told()] * 3, STAGES, {"p": "c"}, {}) == []


def test_a_notification_to_one_of_an_audience_is_right() -> None:
    """What is for several is nobody's own."""
    assert judge_told([_told()], STAGES, {"p": "d"}, {"o": {"d"}}) == []


def test_a_notification_too_many_is_found() -> None:
    """Something was told twice."""
    [fault] = judge_told([_told()] * 4, STAGES, {"p": "c"}, {})
    assert fault == "phone p was told of the order o 4 times, and it has 3 events"


def test_a_notification_to_somebody_else_is_found() -> None:
    """Whoever uses the phone is not whose order it is."""
    [fault] = judge_told([_told()], STAGES, {"p": "d"}, {})
    assert fault == "phone p was told of the order o, which is not its user's"
