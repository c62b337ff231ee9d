"""A reader's place in a feed, as the text that it keeps: a number for each slot, signed so that only ours is read."""

from enum import IntEnum
from hashlib import blake2b
from typing import Final

import msgspec

from events.signed_text import CursorError, read_signed, write_signed
from events.slot import ALL_SLOTS

SLOTS: Final = len(ALL_SLOTS)
_TAG_BYTES: Final = 12
_LONGEST: Final = 4_096
"""Of a text; positions of 63 bits, none like another, take 3,114 characters."""


class FeedName(IntEnum):
    """Name what is followed, by the first byte of its cursors."""

    EVENTS = 1
    CARDS = 2


_GIVEN_BY: Final = {FeedName.EVENTS: "GET /v1/events", FeedName.CARDS: "GET /v1/cards/stream"}


class FeedCursor(msgspec.Struct, frozen=True):
    """A place in the feed.

    Attributes:
        positions: For each slot the number of the last event that was given; 0 for none.
        first: The slot to begin with next, so that none is read last for ever.
    """

    positions: tuple[int, ...] = (0,) * SLOTS
    first: int = 0


def write_cursor(cursor: FeedCursor, feed: FeedName, key: bytes) -> str:
    """Give the text of a cursor.

    Args:
        cursor: The place.
        feed: Of what.
        key: Of the installation.
    """
    content = bytearray((feed, cursor.first))
    # slots are filled evenly, so that they differ by little
    least = min(cursor.positions)
    for number in (least, *(position - least for position in cursor.positions)):
        rest = number
        while rest > 0x7F:
            content.append(rest & 0x7F | 0x80)
            rest >>= 7
        content.append(rest)
    return write_signed(bytes(content), lambda signed: _tag(signed, key))


def read_cursor(text: str, feed: FeedName, key: bytes) -> FeedCursor:
    """Read the text of a cursor.

    Raises:
        CursorError: It was not written with this key, or was changed, or is of another feed.
    """
    content = read_signed(
        text,
        lambda signed: _tag(signed, key),
        tag_bytes=_TAG_BYTES,
        longest=_LONGEST,
        why="It is no cursor of this installation, or was changed on its way.",
    )
    if content[0] != feed:
        other = next((each for each in FeedName if each == content[0]), None)
        whose = "another release" if other is None else _GIVEN_BY[other]
        raise CursorError(f"It is a cursor of {whose}, and is to be one of {_GIVEN_BY[feed]}.")
    numbers: list[int] = []
    number = shift = 0
    for byte in content[2:]:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    if len(numbers) != 1 + SLOTS:
        raise CursorError("It is a cursor of another release.")
    least, *more = numbers
    return FeedCursor(tuple(least + each for each in more), content[1])


def _tag(content: bytes, key: bytes) -> bytes:
    return blake2b(content, key=key, digest_size=_TAG_BYTES, person=b"feed-cursor").digest()
