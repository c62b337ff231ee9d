"""Composes the application and serves it on a port."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

import structlog
from aiohttp import web
from msgspec.structs import replace

from app.http.answers import encode
from app.http.connection import ProblemRunner
from app.http.description_routes import DOCUMENTS, Documents
from app.http.descriptors import allow_connections
from app.http.edge import EDGE, Edge
from app.http.limits import USUAL, HttpLimits
from app.http.openapi import describe_api
from app.http.routes import ROUTES, RULES, Route, add_routes, refuse_routes_without_rules
from events.document import LIMIT_BYTES
from events.event_schema import events_document, one_event_document

log = structlog.get_logger()

LINGERING_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = 20.0
BACKLOG: Final = 1024
"""Connections that may wait to be taken; a crowd that comes at once is not kept waiting by lost handshakes."""


def build_app(edge: Edge, more: Iterable[Route] = ()) -> web.Application:
    """Compose the application.

    Args:
        edge: What the handlers need.
        more: Routes of other parts, with their rules.
    """
    app = web.Application(client_max_size=LIMIT_BYTES)
    app[EDGE] = edge
    app[RULES] = {}
    routes = (*ROUTES, *more)
    app[DOCUMENTS] = Documents(
        openapi=cache(lambda: encode(describe_api([each for each in routes if each.described]))),
        events=cache(lambda: encode(events_document())),
        event=cache(lambda type_: encode(one_event_document(type_))),
    )
    add_routes(app, edge, routes)
    app.on_startup.append(refuse_routes_without_rules)
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int, limits: HttpLimits = USUAL) -> AsyncIterator[int]:
    """Serve while the block runs and give the port; at its end requests under way are finished.

    Args:
        app: From `build_app`.
        host: The address to listen on.
        port: 0 takes any that is free.
        limits: What callers may take.

    Raises:
        OSError: The port is taken.
        RouteWithoutRuleError: A route was registered past the table.
    """
    runner = ProblemRunner(
        app,
        limits=replace(limits, connections=allow_connections(limits.connections)),
        access_log=None,
        # bodies are unpacked where they are read, within their limit
        auto_decompress=False,
        keepalive_timeout=limits.idle,
        lingering_time=LINGERING_SECONDS,
        shutdown_timeout=DRAIN_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def run_http(app: web.Application, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until told to stop, then finish what is under way."""
    async with serving(app, host, port) as bound:
        log.info("http_listening", host=host, port=bound)
        await stop.wait()
    log.info("http_stopped")
