"""The JSON that goes out."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from app.plan_waiter import PlannedCard
from events.errors import Fault

encode = msgspec.json.Encoder().encode

_HEADERS: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class EventAnswer(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of one event.

    Attributes:
        outcome: `appended`, `duplicate`, `id-reused`, `version-conflict`, `archived`, `withheld` or `invalid`.
        version: The event's, where it is stored.
        current_version: The subject's, after a conflict.
        errors: Why it is invalid.
        view_version: What the order shows, for who has waited for that.
        cards: What the last plan for each card was, likewise.
    """

    outcome: str
    id: str | None = None
    source: str | None = None
    subject: str | None = None
    version: int | None = None
    current_version: int | None = None
    errors: tuple[Fault, ...] = ()
    view_version: int | None = None
    cards: tuple[PlannedCard, ...] | None = None


class EventAnswers(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of the events of a batch, in its order.

    Attributes:
        view_version: What the order shows, for who has waited for that.
        cards: What the last plan for each card was, likewise.
    """

    results: tuple[EventAnswer, ...]
    view_version: int | None = None
    cards: tuple[PlannedCard, ...] | None = None


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Give an answer with a JSON body."""
    return encoded_answer(encode(body), status=status, headers=headers)


def encoded_answer(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Give an answer with a body that is JSON already."""
    return web.Response(status=status, body=body, headers={**_HEADERS, **headers} if headers else _HEADERS)
