"""The one wrapper around every handler: request id, caller, problems, a line in the log."""

import os
import time
from itertools import count
from typing import Final

import structlog
from aiohttp import web
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.access.caller import Caller, label_of
from app.http.authentication import authenticate
from app.http.edge import CALLER, EDGE
from app.http.problems import answer, problem_of
from app.http.routes import RULES, Handler

log = structlog.get_logger()

REQUEST_ID: Final = "X-Request-Id"
_LONGEST_ID: Final = 128
# Ids of one process count on from a random beginning: unique, and cheaper than chance for each.
_PROCESS: Final = os.urandom(11).hex()
_NUMBERS: Final = count()
_MARKS: Final = str.maketrans("", "", "-_.:")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request: who may not is refused, and whatever goes wrong is a problem document."""
    started = time.perf_counter()
    request_id = request_id_of(request)
    clear_contextvars()
    bind_contextvars(request_id=request_id)
    rule = request.app[RULES].get(request.match_info.route)
    caller: Caller | None = None
    response: web.StreamResponse
    try:
        # without a rule it is no route of ours: the handler says 404 or 405
        if rule is not None:
            caller = await authenticate(request, request.app[EDGE], rule)
            if caller is not None:
                request[CALLER] = caller
        response = await handler(request)
    except Exception as error:  # noqa: BLE001 - every error has its answer, the unexpected ones a 500
        response = answer(problem_of(error), request_id)
    if not response.prepared:
        response.headers[REQUEST_ID] = request_id
    resource = request.match_info.route.resource
    log.info(
        "request",
        method=request.method,
        # the template: ids and what else people put into a path stay out of the log
        route=None if resource is None else resource.canonical,
        status=response.status,
        milliseconds=round((time.perf_counter() - started) * 1000, 2),
        caller=None if caller is None else label_of(caller),
    )
    return response


def request_id_of(request: web.BaseRequest) -> str:
    """Give the id the caller chose, if it is fit for a log, or a new one."""
    stated = request.headers.get(REQUEST_ID)
    if stated and len(stated) <= _LONGEST_ID and stated.isascii() and stated.translate(_MARKS).isalnum():
        return stated
    return f"{_PROCESS}{next(_NUMBERS):010x}"
