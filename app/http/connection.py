"""Makes the answers that aiohttp gives by itself problem documents too.

What is no HTTP never reaches a handler: aiohttp answers it in plain text, from the connection.
"""

from http import HTTPStatus

import structlog
from aiohttp import web

from app.http.guard import REQUEST_ID, guarded, request_id_of
from app.http.problem_kinds import INTERNAL
from app.http.problems import ProblemError, answer, bad_request, problem

log = structlog.get_logger()


class ProblemConnection(web.RequestHandler):
    """A connection that says what was wrong with a request in a problem document."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's words show bytes of the request
    ) -> web.StreamResponse:
        """Answer what could not be read as HTTP, and close the connection."""
        log.info("request_unreadable", status=status, error=None if exc is None else type(exc).__qualname__)
        if request.writer.output_size > 0:
            raise ConnectionError("An answer is under way already; another cannot follow.")
        if status == HTTPStatus.BAD_REQUEST:
            return _closing(request, bad_request("It is not HTTP/1.1 that can be read."))
        return _closing(request, problem(*INTERNAL))


class ProblemServer(web.Server):
    """Makes such connections."""

    def __call__(self) -> web.RequestHandler:
        """Make the connection that a new socket gets."""
        return ProblemConnection(self, loop=self._loop, **self._kwargs)


class ProblemRunner(web.AppRunner):
    """Runs an application on such a server."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return ProblemServer(guarded(server.request_handler), request_factory=server.request_factory, **self._kwargs)


def _closing(request: web.BaseRequest, raised: ProblemError) -> web.StreamResponse:
    request_id = request_id_of(request)
    response = answer(raised, request_id)
    response.headers[REQUEST_ID] = request_id
    response.force_close()
    return response
