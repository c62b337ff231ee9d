"""The lines of a card's history."""

from hypothesis import given
from hypothesis import strategies as st

from projections.history import LINES_SHOWN, Line, forget_names, named_courier_key, record, shown

KEYS = [
    "placed",
    "ready",
    "delayed",
    *(f"note:s:{i}" for i in range(20)),
    *(f"courier_assigned:{i}" for i in range(20)),
]
LINES = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(KEYS)), max_size=120)


def test_the_same_key_moves_its_line_if_it_is_later() -> None:
    """A repeated step is not a second line."""
    lines = (Line(1_000_000, 1, "placed", "placed"), Line(2_000_000, 2, "ready", "ready"))

    moved = record(lines, Line(3_000_000, 3, "placed", "placed"))

    assert shown(moved) == [("ready", 2), ("placed", 3)]
    assert record(moved, Line(2_500_000, 4, "placed", "placed")) is moved


def test_names_melt_into_their_latest_line() -> None:
    """After erasure nobody can tell how many couriers there were by name."""
    lines = tuple(Line(at, at, "courier_assigned", named_courier_key(at)) for at in (1, 2, 3))

    assert forget_names(lines) == (Line(3, 3, "courier_assigned", named_courier_key(0)),)


@given(LINES)
def test_what_is_let_go_could_never_be_seen_again(drawn: list[tuple[int, str]]) -> None:
    """A history without bounds shows the same lines."""
    bounded: tuple[Line, ...] = ()
    unbounded: dict[str, tuple[int, int, str]] = {}
    for version, (at, key) in enumerate(drawn, 1):
        bounded = record(bounded, Line(at * 1_000_000, version, key, key))
        unbounded[key] = max(unbounded.get(key, (-1, 0, key)), (at, version, key))

    newest = sorted(unbounded.values())[-LINES_SHOWN:]

    assert shown(bounded) == [(key, at) for at, _, key in newest]
    assert len(bounded) <= 3 + 2 * LINES_SHOWN
