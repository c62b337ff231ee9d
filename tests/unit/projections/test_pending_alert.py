"""What a push speaks of."""

from hypothesis import given
from hypothesis import strategies as st

from projections.draft import Alert
from tests.examples.cards import face

ALERTS = st.lists(
    st.builds(Alert, st.integers(1, 3), st.integers(1, 20), st.sampled_from(["order.ready", "order.note"])), max_size=6
).map(tuple)


def test_the_highest_rank_wins() -> None:
    """A courier at the door is spoken of before an order that is ready, though that is newer."""
    arriving = Alert(3, 4, "order.courier_arriving")
    assert face(alerts=(Alert(1, 5, "order.ready"), arriving)).pending_alert(0) == arriving


def test_of_one_rank_the_newest_wins() -> None:
    """Later news replaces earlier news of the same weight."""
    newest = Alert(2, 6, "order.delayed")
    assert face(alerts=(newest, Alert(2, 1, "order.placed"))).pending_alert(0) == newest


def test_what_was_spoken_of_is_not_spoken_of_again() -> None:
    """Alerts up to the version that was alerted are done with, whatever their rank."""
    alerts = (Alert(3, 3, "order.courier_arriving"), Alert(1, 4, "order.ready"))
    assert face(alerts=alerts).pending_alert(3) == alerts[1]
    assert face(alerts=alerts).pending_alert(4) is None


@given(ALERTS, st.integers(0, 20))
def test_an_alert_is_chosen_if_and_only_if_one_is_pending(alerts: tuple[Alert, ...], alerted_version: int) -> None:
    """The choice is one of those that are newer than what was alerted, and none of them outranks it."""
    pending = [alert for alert in alerts if alert.version > alerted_version]
    chosen = face(alerts=alerts).pending_alert(alerted_version)

    assert (chosen is None) == (not pending)
    assert all(chosen is not None and (each.rank, each.version) <= (chosen.rank, chosen.version) for each in pending)
