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


class NotSent(ApnsError):  # noqa: N818 - an outcome that `judge` matches, named as the design names it
    """Says that APNs provably did not process the request; it may be sent again at once.

    Attributes:
        goaway_reason: the reason in the GOAWAY frame, when one came; a word of Apple's table or `None`.
    """

    def __init__(self, why: str, *, cause: NotSentCause, goaway_reason: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.cause = cause
        self.goaway_reason = goaway_reason


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
