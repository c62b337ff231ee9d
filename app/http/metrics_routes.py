"""Metrics over HTTP: on the API for those with the scope, and on a port of their own behind the operator's walls."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from app.http.answers import json_answer
from app.http.edge import edge_of
from app.http.operation import Answer, describe
from app.metrics.page import CONTENT_TYPE


@describe(
    answers={
        200: Answer(
            what="The metrics, as Prometheus reads them.",
            media_type="text/plain",
            example="# TYPE lockstep_requests_total counter\n",
        )
    }
)
async def get_metrics(request: web.Request) -> web.Response:
    """Give every metric of this process."""
    return _answer(await edge_of(request).write_metrics())


def build_metrics_app(write: Callable[[], Awaitable[bytes]]) -> web.Application:
    """Compose what answers on the port of metrics: open, without the API."""

    async def metrics(_request: web.Request) -> web.Response:
        return _answer(await write())

    async def live(_request: web.Request) -> web.Response:
        return json_answer({"live": True})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/livez", live)
    return app


def _answer(page: bytes) -> web.Response:
    return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
