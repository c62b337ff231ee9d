"""The pace of the sender."""

from app.apns.pace import SETTLING_SECONDS, Pace


def test_a_complaint_halves_the_pace_once() -> None:
    """A hundred answers to what was under way already are one complaint."""
    pace = Pace(500)
    for _ in range(100):
        pace.slow_down(10.0)
    assert pace.limit == 250
    pace.slow_down(10.0 + SETTLING_SECONDS)
    assert pace.limit == 125


def test_the_pace_never_falls_below_one_push() -> None:
    """Somebody must find out when APNs is better."""
    pace = Pace(8)
    for second in range(20):
        pace.slow_down(float(second) * SETTLING_SECONDS)
    assert pace.limit == 1


def test_what_is_accepted_regains_the_pace_slowly_and_no_more_than_it_was() -> None:
    """One push more for each round of the limit."""
    pace = Pace(100)
    pace.slow_down(0.0)
    for _ in range(51):
        pace.accepted()
    assert pace.limit == 51
    for _ in range(100_000):
        pace.accepted()
    assert pace.limit == 100
