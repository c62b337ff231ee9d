"""A place in a list of orders, as the text that a caller sends back: it names its list, and is signed."""

from hashlib import blake2b
from typing import Final

import msgspec

from events.signed_text import read_signed, write_signed
from projections.order_list import Place, Sought

_TAG_BYTES: Final = 12
_LONGEST: Final = 512
_read: Final = msgspec.msgpack.Decoder(Place).decode
_write: Final = msgspec.msgpack.Encoder().encode


def write_place(place: Place, sought: Sought, key: bytes) -> str:
    """Give the text of a place in the list of what is sought.

    Args:
        place: The place.
        sought: Which orders the list holds.
        key: Of the installation.
    """
    return write_signed(_write(place), lambda content: _tag(content, sought, key))


def read_place(text: str, sought: Sought, key: bytes) -> Place:
    """Read the text of a place.

    Raises:
        CursorError: It is not of this list, was not written with this key, or was changed.
    """
    content = read_signed(
        text,
        lambda signed: _tag(signed, sought, key),
        tag_bytes=_TAG_BYTES,
        longest=_LONGEST,
        why="It is no cursor of this list: of these filters, this caller and this installation.",
    )
    return _read(content)


def _tag(content: bytes, sought: Sought, key: bytes) -> bytes:
    """Sign a place for one list alone."""
    of = blake2b(_write(sought), key=key, digest_size=_TAG_BYTES, person=b"order-list").digest()
    return blake2b(of + content, key=key, digest_size=_TAG_BYTES, person=b"list-cursor").digest()
