"""A place in a list of orders, as the text that a caller sends back: it names its list, and is signed."""

import base64
import binascii
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

import msgspec

from events.feed_cursor import CursorError
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
    content = _write(place)
    return base64.urlsafe_b64encode(_tag(content, sought, key) + content).rstrip(b"=").decode()


def read_place(text: str, sought: Sought, key: bytes) -> Place:
    """Read the text of a place.

    Raises:
        CursorError: It is not of this list, was not written with this key, or was changed.
    """
    if len(text) > _LONGEST or not text.isascii():
        raise CursorError("It is no cursor.")
    try:
        signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CursorError("It is no cursor.") from None
    tag, content = signed[:_TAG_BYTES], signed[_TAG_BYTES:]
    if not compare_digest(tag, _tag(content, sought, key)):
        raise CursorError("It is no cursor of this list: of these filters, this caller and this installation.")
    return _read(content)


def _tag(content: bytes, sought: Sought, key: bytes) -> bytes:
    """Sign a place for one list alone."""
    of = blake2b(_write(sought), key=key, digest_size=_TAG_BYTES, person=b"order-list").digest()
    return blake2b(of + content, key=key, digest_size=_TAG_BYTES, person=b"list-cursor").digest()
