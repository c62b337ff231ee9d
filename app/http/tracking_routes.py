"""The tracking page, and the stream that keeps it in step.

The page is the same for everybody, and its address names nobody: order and ticket stand behind the `#`, which browsers
keep to themselves. It loads nothing from elsewhere, and its policy lets it do no more.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from app.http.edge import caller_of, edge_of
from app.http.event_stream import RETRY, SILENCE, last_id, stream
from app.http.path import path_id
from app.http.problems import bad_request, not_found, problem
from app.http.queries import query_number
from app.http.reads import note_read
from app.tracking.tracked import Look, Moment
from app.tracking.tracker import LINE_SECONDS, TooManyLinesError

PAGE: Final = "/track"
_FOLDER: Final = Path(__file__).parents[1] / "tracking" / "static"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


def tracking_path(order_id: str, ticket: str) -> str:
    """Give the path of the page for an order and a ticket that opens it."""
    return f"{PAGE}#{urlencode({'order': order_id, 'ticket': ticket})}"


async def get_page(request: web.Request) -> web.Response:
    """Give the page, its style or its script."""
    kind = request.path.rpartition(".")[2] if "." in request.path else "html"
    body, tag = _file(kind)
    headers = {**_HEADERS, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=_TYPES[kind], charset="utf-8", headers=headers)


@cache
def _file(kind: str) -> tuple[bytes, str]:
    body = (_FOLDER / f"track.{kind}").read_bytes()
    return body, f'"{blake2b(body, digest_size=12).hexdigest()}"'


async def get_order_stream(request: web.Request) -> web.StreamResponse:
    """Stream what an order, or another subject, shows: its newest state, then each that differs."""
    seen, seconds = last_id(request), query_number(request, "seconds", int(LINE_SECONDS))
    tracker, look = edge_of(request).tracker, _look_of(request)
    moments = tracker.follow(path_id(request, "order_id"), caller_of(request), look=look, seconds=seconds)

    async def blocks(first: Moment) -> AsyncGenerator[str]:
        yield RETRY + (SILENCE if first.id == seen else _text_of(first))
        async for each in moments:
            yield _text_of(each)

    async with aclosing(moments):
        try:
            first = await anext(moments)
        except StopAsyncIteration:
            raise not_found("There is no such order.") from None
        except TooManyLinesError as error:
            raise problem(503, "busy", "Too many follow here now.", str(error), headers={"Retry-After": "5"}) from None
        if first is None:
            raise AssertionError("a line begins with a state")
        if first.is_last and first.id == seen:
            return web.Response(status=204, headers={"Cache-Control": "no-store"})
        note_read(request, "stream", path_id(request, "order_id"))
        return await stream(request, blocks(first))


def _look_of(request: web.Request) -> Look:
    try:
        return Look(request.query.get("face", Look.WEB))
    except ValueError:
        raise bad_request("face is to be web or android.") from None


def _text_of(moment: Moment | None) -> str:
    return SILENCE if moment is None else f"event: state\nid: {moment.id}\ndata: {moment.body.decode()}\n\n"
