"""Full jitter."""

import pytest

from app.apns.backoff import backoff_seconds


@pytest.mark.parametrize(("attempt", "expected"), [(1, 1.0), (2, 2.0), (6, 32.0), (7, 60.0), (5_000, 60.0)])
def test_the_limit_doubles_up_to_a_minute(attempt: int, expected: float) -> None:
    """With the highest jitter the wait is the limit itself."""
    assert backoff_seconds(attempt, jitter=1.0) == expected


def test_the_lowest_jitter_waits_not_at_all() -> None:
    """The wait is spread from zero."""
    assert backoff_seconds(9, jitter=0.0) == 0.0
