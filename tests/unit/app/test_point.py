"""What somebody may ask about: a time or a version."""

from datetime import UTC, datetime

import pytest

from app.errors import PointError
from app.point import AtTime, AtVersion, point_of


def test_a_time_with_any_offset_and_a_version_are_understood() -> None:
    """Each alone is a point."""
    noon = AtTime(datetime(2025, 11, 1, 12, tzinfo=UTC))

    assert point_of("2025-11-01T12:00:00Z", None) == noon
    assert point_of("2025-11-01T14:00:00+02:00", None) == noon
    assert point_of(None, "7") == AtVersion(7)


@pytest.mark.parametrize(
    ("at", "version", "said"),
    [
        (None, None, "one of the two"),
        ("2025-11-01T12:00:00Z", "1", "one of the two"),
        ("yesterday", None, "2025-11-01T12:03:00Z"),
        ("2025-11-01T12:00:00", None, "offset"),
        ("2025-11-01T12:00:00 02:00", None, "%2B"),
        ("0001-01-01T00:00:00+14:00", None, "2000 to 2100"),
        ("9999-12-31T23:59:59-14:00", None, "2000 to 2100"),
        ("", None, "offset"),
        (None, "0", "1 or more"),
        (None, "-1", "1 or more"),
        (None, "²", "1 or more"),
        (None, "9" * 40, "1 or more"),
        (None, "", "1 or more"),
    ],
)
def test_what_is_neither_is_refused_with_what_would_do(at: str | None, version: str | None, said: str) -> None:
    """The error says what to give."""
    with pytest.raises(PointError, match=said):
        point_of(at, version)
