"""A span as a value: what was done, when, and to which requests of the shop it belongs."""

from enum import StrEnum

import msgspec

from app.tracing.traceparent import Traceparent


class SpanKind(StrEnum):
    """Name how a span stands to what is outside: it answers a request, makes one, or neither."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What was done for one or several requests.

    Attributes:
        name: What was done.
        parents: The requests, the newest first: the span hangs below the first and is linked to the others.
        began_at: Unix seconds.
        ended_at: Unix seconds.
        attributes: What is worth knowing, without anything personal.
        error: What went wrong, in words.
        inner: What was done as a part of it, with no parents of their own.
    """

    name: str
    parents: tuple[Traceparent, ...]
    began_at: float
    ended_at: float
    kind: SpanKind = SpanKind.INTERNAL
    attributes: dict[str, str | int] = {}
    error: str | None = None
    inner: tuple["Span", ...] = ()


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """A push that was answered; times are Unix seconds.

    Attributes:
        after_version: What its card had shown before.
        version: What it shows; None: what was newest then.
        outcome: What became of it.
        error: The reason, where it was not accepted.
    """

    subject_id: str
    after_version: int
    version: int | None
    kind: str
    environment: str
    outcome: str
    error: str | None
    claimed_at: float
    sent_at: float
    answered_at: float
