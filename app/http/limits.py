"""What callers may take of a process: connections, time, and places among the requests under way."""

from typing import Final

import msgspec


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the HTTP edge of a process.

    Attributes:
        connections: Connections at the most, of which the operating system may allow fewer; one more is answered 503.
        head: How long the head of a request may take to come, from its first byte or from the connection's beginning.
        body: How long the body of a request may take to come.
        idle: How long a connection is kept between two requests; longer than a proxy in front keeps it.
        unread: How long a client may leave what it was sent unread, before it is cut off.
        requests: Requests under way at the most; one more is answered 503. Those that wait for a body, for news or for
            the lines of a stream do not count.
        bodies_mib: MiB of bodies under way at the most, beside those that come at once with their heads.
    """

    connections: int = 10_000
    head: float = 10.0
    body: float = 15.0
    idle: float = 75.0
    unread: float = 20.0
    requests: int = 1_000
    bodies_mib: int = 64


USUAL: Final = HttpLimits()
"""Those of the profile `default`."""
