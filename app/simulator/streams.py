"""Hold the streams of one HTTP/2 connection, counted as APNs counts them."""

import msgspec
from h2.connection import H2Connection


class StreamLimits(msgspec.Struct, frozen=True):
    """Say how many streams a connection may have open before and after its first good provider token."""

    before_token: int = 1
    after_token: int = 1000


class Http2(H2Connection):
    """Leave the counting of streams to `Connection`.

    h2 answers one stream too many by ending the connection, where APNs refuses the stream; and it walks over
    all streams to count them, for every new one.
    """

    _asked = 0

    @property
    def open_inbound_streams(self) -> int:
        """Forget closed streams now and then, which h2 does while it counts."""
        self._asked += 1
        if self._asked % 128 == 0:
            self._open_streams(1)
        return 0


class Stream:
    """Gather one request, and what of its answer the client's window did not take yet."""

    __slots__ = ("body", "headers", "unsent")

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self.headers = headers
        self.body = bytearray()
        self.unsent = b""
