"""Begins and ends a session of the console, and tells the holder of a key what it may do."""

from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from app.access.caller import Service
from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.edge import caller_of, edge_of
from app.http.operation import Answer, Body, describe, no_content
from app.http.problem_kinds import NOT_FOUND, TICKET_REFUSED, UNAVAILABLE
from app.http.problems import not_found, problem


class SessionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ticket that opens the console."""

    ticket: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class SessionAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """A session, whose key is shown this once.

    Attributes:
        expires_at: When the key is good no more.
    """

    key: str
    scopes: tuple[str, ...]
    expires_at: datetime


class WhoAmI(msgspec.Struct, frozen=True, rename="camel"):
    """What a key may do.

    Attributes:
        name: What the key is for, as lists show it.
        expires_at: When it is good no more; None: it has no end.
    """

    key_id: str
    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


@describe(
    answers={
        201: Answer(
            what="The session.",
            shape=SessionAnswer,
            example={"key": "lk_console_4fGh7Kq2Lm…", "scopes": ["orders:read"], "expiresAt": "2026-11-23T06:35:37Z"},
        )
    },
    bodies=(Body(shape=SessionRequest, example={"ticket": "pX2…"}),),
    problems=(TICKET_REFUSED, UNAVAILABLE),
)
async def post_console_session(request: web.Request) -> web.Response:
    """Begin a session of the console with a ticket, which is good once."""
    wanted = await read_value(request, SessionRequest)
    sessions = edge_of(request).console_sessions
    session = await sessions.begin(wanted.ticket)
    if session is None:
        late = await sessions.is_late(wanted.ticket)
        why = "It has expired." if late else "It is not known, or was used already: it opens once."
        detail = f"{why} Get another one: lockstep console open"
        raise problem(*TICKET_REFUSED, detail, headers={"WWW-Authenticate": "Bearer"})
    return json_answer(SessionAnswer(session.key, session.scopes, session.expires_at), status=201)


@describe(answers=no_content("The key that asked is revoked."), problems=(NOT_FOUND,))
async def delete_console_session(request: web.Request) -> web.Response:
    """End the session of the console whose key asks; no other key is ended so."""
    caller = _service_of(request)
    if not await edge_of(request).key_store.end_session(caller.key_id):
        raise not_found("This key is of no session of the console. To revoke it: lockstep keys revoke")
    return web.Response(status=204)


@describe(
    answers={
        200: Answer(
            what="What the key is, and may do.",
            shape=WhoAmI,
            example={"keyId": "lk_live_4fGh7Kq2Lm", "name": "kitchen", "scopes": ["orders:read"], "expiresAt": None},
        )
    }
)
async def get_me(request: web.Request) -> web.Response:
    """Tell what the key that asks may do."""
    caller = _service_of(request)
    name, expires_at = await edge_of(request).key_store.describe(caller.key_id)
    return json_answer(WhoAmI(caller.key_id, name, tuple(sorted(caller.scopes)), expires_at))


def _service_of(request: web.Request) -> Service:
    """Give the holder of the key that asks; routes for any key let nobody else in."""
    caller = caller_of(request)
    if not isinstance(caller, Service):
        raise TypeError(caller)
    return caller
