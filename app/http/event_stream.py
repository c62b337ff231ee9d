"""Server-sent events: lines that stay open, and what those ask for who follow.

Rules (WHATWG HTML, "Server-sent events"): an event is lines of `field: value`, and an empty line. Whoever reconnects
sends the last `id` as `Last-Event-ID`; a block of an id alone sets it and is no event. A line that begins with a colon
says nothing. An answer of 204 says that there is nothing more to follow.
"""

import socket
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog
from aiohttp import web

from app.http.admission import stand_aside
from app.http.authentication import is_still_let_in
from app.http.guard import REQUEST_ID
from app.http.operation import Parameter
from app.http.quotas import quota_headers
from app.logs import REQUEST
from app.metrics.counters import counted_stream
from events.errors import StoreUnavailableError

log = structlog.get_logger()

STREAM: Final = "text/event-stream"
LAST_EVENT_ID: Final = Parameter(
    name="Last-Event-ID",
    where="header",
    what="The id that was seen last: goes on from there.",
    schema={"type": "string"},
)
RETRY: Final = "retry: 3000\n"
"""After how many milliseconds to come again; the first line of every stream."""
SILENCE: Final = ":\n\n"
QUEUE_BYTES: Final = 65_536
"""What the kernel may hold back for one who follows, beside as much of ours; whoever leaves it unread is cut off."""

LET_IN_SECONDS: Final = 5.0
"""How often it is looked whether a key or a ticket is still good."""


def last_id(request: web.Request) -> str:
    """Give the id that somebody has seen last; empty for none."""
    return request.headers.get("Last-Event-ID", "")


async def stream(request: web.Request, blocks: AsyncGenerator[str]) -> web.StreamResponse:
    """Answer with blocks as they come, until they end, nobody reads them, or the caller's key or ticket is over."""
    response = web.StreamResponse(
        headers={
            "Content-Type": STREAM,
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            REQUEST_ID: REQUEST.get() or "",
            **quota_headers(request),
        }
    )
    if request.transport is not None and (own := request.transport.get_extra_info("socket")) is not None:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUE_BYTES)
    stand_aside(request)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    resource = request.match_info.route.resource
    let_in_at = time.monotonic()
    try:
        with counted_stream(None if resource is None else resource.canonical):
            async with aclosing(blocks):
                async for block in blocks:
                    if time.monotonic() - let_in_at >= LET_IN_SECONDS:
                        if not await is_still_let_in(request):
                            log.info("stream_is_closed_to_its_caller")
                            break
                        let_in_at = time.monotonic()
                    await response.write(block.encode())
        await response.write_eof()
    except StoreUnavailableError as error:
        # the answer has begun: whoever follows comes again, from the place that they have
        log.warning("stream_ends_without_postgres", reason=str(error))
        await response.write_eof()
    except ConnectionResetError:
        log.info("stream_left")
    return response
