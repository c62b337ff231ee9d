"""Where a subject lives: one of 256 slots, for ever."""

from functools import lru_cache
from hashlib import blake2b

ALL_SLOTS = tuple(range(256))
# A batch asks for the slot of each of its subjects several times.
REMEMBERED = 8_192


@lru_cache(maxsize=REMEMBERED)
def slot_of(subject_id: str) -> int:
    """Give the slot of a subject, 0 to 255.

    Rows are keyed by it, so the function is pinned: it never changes, and tests hold its values.
    """
    return blake2b(subject_id.encode(), digest_size=8).digest()[0]
