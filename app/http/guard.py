"""The one wrapper around every request: its id, a problem document for whatever goes wrong, a line in the log.

It stands outside of aiohttp's application, so that what is refused there, before any handler has its turn, is answered
the same way.
"""

import os
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

import structlog
from aiohttp import web

from app.access.caller import label_of
from app.http.edge import CALLER, EDGE
from app.http.problems import answer, problem_of
from app.http.quotas import quota_headers
from app.logs import REQUEST
from app.metrics.counters import count_request

log = structlog.get_logger()

REQUEST_ID: Final = "X-Request-Id"
_LONGEST_ID: Final = 128
# Ids of one process count on from a random beginning: unique, and cheaper than chance for each.
_PROCESS: Final = os.urandom(11).hex()
_NUMBERS: Final = count()
_MARKS: Final = str.maketrans("", "", "-_.:")

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def guarded(handle: Answering) -> Answering:
    """Wrap the handling of requests."""
    # bound once: the unbound logger binds itself anew for each line
    tell = log.bind().info

    async def answer_request(request: web.BaseRequest) -> web.StreamResponse:
        started = time.perf_counter()
        request_id = request_id_of(request)
        REQUEST.set(request_id)
        response: web.StreamResponse
        try:
            response = await handle(request)
        except Exception as error:  # noqa: BLE001 - every error has its answer, the unexpected ones a 500
            response = answer(problem_of(error), request_id)
            if isinstance(error, web.HTTPExpectationFailed):
                # its body was never asked for
                response.force_close()
            if request.writer.output_size > 0:
                # an answer is under way: what is missing at its end is all that can still be said
                request.protocol.force_close()
        if not response.prepared:
            response.headers[REQUEST_ID] = request_id
            response.headers.update(quota_headers(request))
        resource = request.match_info.route.resource if isinstance(request, web.Request) else None
        route = None if resource is None else resource.canonical
        seconds = time.perf_counter() - started
        count_request(request.method, route, response.status, seconds)
        edge = request.app.get(EDGE) if isinstance(request, web.Request) else None
        if edge is not None and edge.note_request is not None:
            edge.note_request(request.headers.get("traceparent"), request.method, route, response.status, seconds)
        caller = request.get(CALLER)
        tell(
            "request",
            method=request.method,
            # the template: ids and what else people put into a path stay out of the log
            route=route,
            status=response.status,
            milliseconds=round(seconds * 1000, 2),
            caller=None if caller is None else label_of(caller),
        )
        return response

    return answer_request


def request_id_of(request: web.BaseRequest) -> str:
    """Give the id the caller chose, if it is fit for a log, or a new one."""
    stated = request.headers.get(REQUEST_ID)
    if stated and len(stated) <= _LONGEST_ID and stated.isascii() and stated.translate(_MARKS).isalnum():
        return stated
    return new_request_id()


def new_request_id() -> str:
    """Give an id that no request has had."""
    return f"{_PROCESS}{next(_NUMBERS):010x}"
