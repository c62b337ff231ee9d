"""Unpacks bodies that come in compressed.

Rules (RFC 9110, section 8.4): the encodings are named in the order in which they were applied; gzip may hold several
members, one after the other. What names none that we take is answered 415 with `Accept-Encoding`.
"""

import zlib
from typing import Final

from aiohttp import web

from app.http.problem_kinds import MEDIA_TYPE, TOO_LARGE
from app.http.problems import bad_request, problem
from events.document import LIMIT_BYTES

_WINDOW_BITS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
MOST_MEMBERS: Final = 16
"""Each costs a window, however little it holds."""
_TAKEN: Final = "gzip, deflate"


def content_encoding(request: web.Request) -> str | None:
    """Name how the body is compressed; None: not at all.

    Raises:
        ProblemError: 415, we do not take that, or several at once.
    """
    stated = ",".join(request.headers.getall("Content-Encoding", ())).strip().lower()
    if stated in ("", "identity"):
        return None
    if stated not in _WINDOW_BITS:
        detail = f"The body's Content-Encoding is not taken. Taken: {_TAKEN}, one at a time, or none."
        raise problem(*MEDIA_TYPE, detail, headers={"Accept-Encoding": _TAKEN})
    return stated


def unpack(body: bytes, encoding: str) -> bytes:
    """Give a body as it was before it was compressed; no more of it is ever made than is read.

    Args:
        body: As it came.
        encoding: From `content_encoding`.

    Raises:
        ProblemError: 400, it is not compressed so, or not whole; 413, it is larger than is read.
    """
    unpacked = b""
    for _ in range(MOST_MEMBERS):
        member = zlib.decompressobj(_WINDOW_BITS[encoding])
        try:
            # with one byte more than is read: whether there is more shows by that alone
            unpacked += member.decompress(body, LIMIT_BYTES + 1 - len(unpacked))
        except zlib.error:
            raise bad_request(f"The body is not {encoding}, as its Content-Encoding says.") from None
        if len(unpacked) > LIMIT_BYTES:
            raise problem(*TOO_LARGE, f"The body has more than {LIMIT_BYTES} bytes once it is unpacked.")
        if not member.eof:
            raise bad_request(f"The body ends in the middle of its {encoding}.")
        body = member.unused_data
        if not body:
            return unpacked
    raise bad_request(f"The body has more than {MOST_MEMBERS} members of {encoding}.")
