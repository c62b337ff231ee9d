"""Where a subject lives."""

from collections import Counter

import pytest

from events.slot import slot_of


@pytest.mark.parametrize(
    ("subject_id", "slot"), [("order-1", 37), ("order-2", 19), ("A-1042", 197), ("0", 132), ("~", 77), ("x" * 128, 144)]
)
def test_a_slot_is_pinned_for_ever(subject_id: str, slot: int) -> None:
    """Rows are keyed by the slot: another answer would lose them."""
    assert slot_of(subject_id) == slot


def test_subjects_spread_over_all_slots() -> None:
    """Counting ids spread as if by chance: no slot has more than twice its share."""
    counts = Counter(slot_of(f"order-{number}") for number in range(25_600))

    assert len(counts) == 256
    assert max(counts.values()) < 200
