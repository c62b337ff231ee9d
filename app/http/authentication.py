"""Finds out who calls, and lets in whom the route's rule names."""

from typing import Final

from aiohttp import web

from app.access.api_key import PREFIX, Scope
from app.access.caller import Caller, Customer, Service, has_scope
from app.access.errors import KeysUnavailableError, TicketError
from app.access.senders import SIGNATURE
from app.access.ticket import is_ticket, read
from app.http.bodies import receive_body
from app.http.edge import Edge, edge_of
from app.http.problem_kinds import FORBIDDEN, UNAUTHENTICATED, UNAVAILABLE
from app.http.problems import ProblemError, problem
from events.errors import StoreUnavailableError

ASKED: Final[web.RequestKey[tuple[Scope | None, bool]]] = web.RequestKey("asked")
"""What the caller of a request had to hold, and whether a ticket would do."""
_SCHEME: Final = "bearer "


async def authenticate(request: web.Request, edge: Edge, scope: Scope | None, *, tickets: bool) -> Caller:
    """Give the caller of a request, who must hold the scope, or a ticket where tickets are let in.

    Args:
        request: Who calls.
        edge: What knows the keys.
        scope: None lets every key in.
        tickets: Whether tickets are let in too.

    Raises:
        ProblemError: 401, nobody we know; 403, somebody who may not; 503, the shop's keys cannot be had.
        StoreUnavailableError: Nobody can be known now.
    """
    request[ASKED] = (scope, tickets)
    caller = await _identify(request, edge)
    if scope is None:
        if isinstance(caller, Service):
            return caller
        raise problem(*FORBIDDEN, "This route takes an API key.")
    if has_scope(caller, scope) or (tickets and isinstance(caller, Customer)):
        return caller
    detail = f"This route takes an API key with the scope {scope}{', or a ticket' if tickets else ''}."
    raise problem(*FORBIDDEN, detail)


async def is_still_let_in(request: web.Request) -> bool:
    """Tell whether the caller of a request that lasts would be let in now; where nobody can be known now, they are."""
    asked = request.get(ASKED)
    if asked is None:
        return True
    scope, tickets = asked
    try:
        await authenticate(request, edge_of(request), scope, tickets=tickets)
    except ProblemError as error:
        return error.problem.status == UNAVAILABLE.status
    except StoreUnavailableError:
        return True
    return True


def is_signed(request: web.Request) -> bool:
    """Tell whether a request shows a signature, and nothing else."""
    return SIGNATURE in request.headers and "Authorization" not in request.headers


async def authenticate_sender(request: web.Request, edge: Edge) -> Caller:
    """Give the upstream that signed a request, its body as it was sent.

    Raises:
        ProblemError: 401, it is nobody's signature; or the body cannot be received.
        StoreUnavailableError: Nobody can be known now.
    """
    body = await receive_body(request)
    sender = await edge.senders.identify(request.query.get("source", ""), request.headers, body, now=edge.clock())
    if sender is None:
        raise _unknown(
            "The signature is not good: sign with the secret of the source that ?source= names, within five minutes."
        )
    return sender


async def _identify(request: web.Request, edge: Edge) -> Caller:
    stated = request.headers.get("Authorization", "")
    if stated[: len(_SCHEME)].lower() != _SCHEME:
        raise _unknown("Send an API key or a ticket: Authorization: Bearer …", "Bearer")
    token = stated[len(_SCHEME) :].strip()
    if token.startswith(PREFIX):
        service = await edge.key_store.find(token)
        if service is None:
            raise _unknown("The API key is not known, was revoked, or has expired.")
        return service
    try:
        if edge.shop_tokens is not None and not is_ticket(token):
            return await edge.shop_tokens.read(token, now=edge.clock())
        return read(token, edge.keyring.tickets, now=edge.clock())
    except TicketError as error:
        raise _unknown(str(error)) from None
    except KeysUnavailableError as error:
        headers = {"Retry-After": "5"}
        raise problem(*UNAVAILABLE, str(error), headers=headers) from None


def _unknown(detail: str, challenge: str = 'Bearer error="invalid_token"') -> ProblemError:
    return problem(*UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
