"""A cursor's text is read by who wrote it, and by nobody else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.feed_cursor import SLOTS, FeedCursor, FeedName, read_cursor, write_cursor
from events.signed_text import CursorError
from tests.examples.events import KEY

POSITIONS = st.lists(st.integers(0, 2**63 - 1), min_size=SLOTS, max_size=SLOTS).map(tuple)
PLACE = FeedCursor(tuple(range(0, 1_000 * SLOTS, 1_000)), 17)


@given(POSITIONS, st.integers(0, SLOTS - 1))
def test_a_cursor_is_read_as_it_was_written(positions: tuple[int, ...], first: int) -> None:
    """Whatever the numbers are."""
    cursor = FeedCursor(positions, first)

    assert read_cursor(write_cursor(cursor, FeedName.EVENTS, KEY), FeedName.EVENTS, KEY) == cursor


def test_a_cursor_fits_into_an_address() -> None:
    """One of evenly filled slots has some 700 characters, any has less than 3,200; none needs an escape."""
    began = 62_000_000_000
    text = write_cursor(FeedCursor(tuple(began + 40 * slot for slot in range(SLOTS))), FeedName.EVENTS, KEY)

    assert len(text) < 720
    assert len(write_cursor(FeedCursor((0,) + (2**63 - 1,) * (SLOTS - 1)), FeedName.EVENTS, KEY)) < 3_200
    assert text.replace("-", "").replace("_", "").isalnum()


def test_another_installations_cursor_is_none() -> None:
    """It was signed with another key."""
    with pytest.raises(CursorError, match="this installation"):
        read_cursor(write_cursor(PLACE, FeedName.EVENTS, b"another key"), FeedName.EVENTS, KEY)


def test_no_changed_byte_gets_through() -> None:
    """Each byte of a cursor is signed."""
    text = write_cursor(PLACE, FeedName.EVENTS, KEY)
    signed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for place in range(len(signed)):
        changed = bytearray(signed)
        changed[place] ^= 1
        with pytest.raises(CursorError):
            read_cursor(base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), FeedName.EVENTS, KEY)


@given(st.text(max_size=300) | st.sampled_from(["", "A", "AAAA", "====", "0", "x" * 10_000]))
def test_garbage_is_no_cursor(text: str) -> None:
    """Any text is refused, and nothing else is raised."""
    with pytest.raises(CursorError):
        read_cursor(text, FeedName.EVENTS, KEY)


def test_a_cursor_of_another_feed_is_none() -> None:
    """It says which feed it is of."""
    text = write_cursor(PLACE, FeedName.EVENTS, KEY)
    with pytest.raises(CursorError, match="It is a cursor of GET /v1/events, and is to be one of GET /v1/cards/stream"):
        read_cursor(text, FeedName.CARDS, KEY)
