"""Bytes with a tag that only this installation can make, as a text that a caller keeps and sends back."""

import base64
import binascii
from collections.abc import Callable
from hmac import compare_digest

from events.errors import LockstepError


class CursorError(LockstepError):
    """A cursor is not one that was given for what it is used for; send one as it was given, or none."""


def write_signed(content: bytes, tag_of: Callable[[bytes], bytes]) -> str:
    """Give the text of a content.

    Args:
        content: What it holds.
        tag_of: Makes the tag of a content.
    """
    return base64.urlsafe_b64encode(tag_of(content) + content).rstrip(b"=").decode()


def read_signed(text: str, tag_of: Callable[[bytes], bytes], *, tag_bytes: int, longest: int, why: str) -> bytes:
    """Give the content of a text.

    Args:
        text: As it came back.
        tag_of: Makes the tag of a content.
        tag_bytes: How long a tag is.
        longest: Of a text.
        why: What is said where the tag is not that of the content.

    Raises:
        CursorError: It is no such text, or was signed otherwise.
    """
    if len(text) > longest or not text.isascii():
        raise CursorError("It is no cursor.")
    try:
        signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CursorError("It is no cursor.") from None
    tag, content = signed[:tag_bytes], signed[tag_bytes:]
    if not compare_digest(tag, tag_of(content)):
        raise CursorError(why)
    return content
