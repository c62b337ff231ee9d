"""What sending a push may raise, and nothing of an engine's own."""

from enum import StrEnum

from events.errors import LockstepError


class ApnsError(LockstepError):
    """Stands for everything this package raises on purpose."""


class SigningKeyError(ApnsError):
    """Says that the APNs signing key cannot be used; a person has to mend the settings."""


class NotSentCause(StrEnum):
    """Name what kept a request from leaving."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    DEADLINE = "deadline"
    REFUSED_STREAM = "refused_stream"
    GOAWAY = "goaway"
    CLOSED = "closed"
    UNAUTHORISED = "unauthorised"


_NO_CONNECTION = frozenset({NotSentCause.DNS, NotSentCause.CONNECT, NotSentCause.TLS})


class NotSent(ApnsError):  # noqa: N818 - an outcome that `judge` matches, named as the design names it
    """Says that APNs, or Firebase, provably did not process the request; it may be sent again at once.

    Attributes:
        goaway_reason: the reason in the GOAWAY frame, when one came; a word of Apple's table or `None`.
    """

    def __init__(self, why: str, *, cause: NotSentCause, goaway_reason: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.cause = cause
        self.goaway_reason = goaway_reason

    @property
    def unconnected(self) -> bool:
        """Tell whether there was no connection to send it on, rather than one that did not take it."""
        return self.cause in _NO_CONNECTION


def left_behind(goaway_reason: str | None) -> NotSent:
    """Give the outcome of a push above a GOAWAY's last stream."""
    named = f" ({goaway_reason})" if goaway_reason else ""
    why = f"APNs closed the connection before this push{named}"
    return NotSent(why, cause=NotSentCause.GOAWAY, goaway_reason=goaway_reason)


def refused_stream() -> NotSent:
    """Give the outcome of a push whose stream was reset with REFUSED_STREAM."""
    return NotSent("APNs refused the stream", cause=NotSentCause.REFUSED_STREAM)


class Ambiguous(ApnsError):  # noqa: N818 - an outcome that `judge` matches, named as the design names it
    """Says that the request left and no answer came: APNs may have processed it.

    An update or an end may be repeated. A start may not, before the app had time to report its card.

    Attributes:
        goaway_reason: the reason in the GOAWAY frame, when one came; a word of Apple's table or `None`.
    """

    def __init__(self, why: str, *, goaway_reason: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.goaway_reason = goaway_reason
