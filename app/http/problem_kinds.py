"""The kinds of problems: each with its status, its word for programs, and its title for people."""

from typing import Final, NamedTuple

PROBLEM: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:lockstep:problem:"


class ProblemKind(NamedTuple):
    """A kind of problem. `problem(*KIND, detail)` makes one of it.

    Attributes:
        word: Never changes its meaning; the type of a document is `urn:lockstep:problem:` and this.
        title: The same for every problem of the kind.
    """

    status: int
    word: str
    title: str


BAD_REQUEST: Final = ProblemKind(400, "bad-request", "The request makes no sense.")
UNAUTHENTICATED: Final = ProblemKind(401, "unauthenticated", "We do not know who calls.")
TICKET_REFUSED: Final = ProblemKind(401, "ticket-refused", "The ticket does not open the console.")
FORBIDDEN: Final = ProblemKind(403, "forbidden", "The caller may not do this.")
NOT_FOUND: Final = ProblemKind(404, "not-found", "There is no such thing.")
METHOD_NOT_ALLOWED: Final = ProblemKind(405, "method-not-allowed", "The path does not know this method.")
TOO_SLOW: Final = ProblemKind(408, "too-slow", "The request came too slowly.")
ID_REUSED: Final = ProblemKind(409, "id-reused", "The source and id belong to an event with other content.")
ORDER_ARCHIVED: Final = ProblemKind(409, "archived", "The order was archived.")
ORDER_OVER: Final = ProblemKind(409, "order-over", "The order is over.")
NOT_AN_ORDER: Final = ProblemKind(409, "not-an-order", "No order takes this time.")
CURSOR_AHEAD: Final = ProblemKind(409, "cursor-ahead", "The cursor is ahead of the feed.")
EVENTS_ARCHIVED: Final = ProblemKind(410, "archived", "The order was archived.")
VERSION_CONFLICT: Final = ProblemKind(412, "version-conflict", "The order is at another version than was expected.")
TOO_LARGE: Final = ProblemKind(413, "too-large", "The request is too large.")
MEDIA_TYPE: Final = ProblemKind(415, "media-type", "The body's media type is not taken here.")
EXPECTATION_FAILED: Final = ProblemKind(417, "expectation-failed", "The request expects what is not known here.")
INVALID_DOCUMENT: Final = ProblemKind(422, "invalid-document", "The document is not what this route takes.")
QUOTA_EXCEEDED: Final = ProblemKind(429, "quota-exceeded", "The API key has used its quota up.")
INTERNAL: Final = ProblemKind(500, "internal", "This is our fault.")
UNAVAILABLE: Final = ProblemKind(503, "unavailable", "What is needed for an answer cannot be reached now.")
NOT_READY: Final = ProblemKind(503, "not-ready", "This process should not get requests now.")
BUSY: Final = ProblemKind(503, "busy", "Too many are here now.")
