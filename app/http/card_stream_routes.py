"""Streams what becomes of cards, as server-sent events.

Rules (WHATWG HTML, "Server-sent events"): an event is lines of `field: value`, and an empty line. Whoever reconnects
sends the last `id` as `Last-Event-ID`; a block of an id alone sets it and is no event. A line that begins with a colon
says nothing.
"""

import asyncio
from typing import Final

import structlog
from aiohttp import web

from app.card_stream import LIFE_SECONDS, CardStream, StreamAheadError
from app.http.answers import encode
from app.http.edge import edge_of
from app.http.guard import REQUEST_ID
from app.http.problems import ProblemError, bad_request, problem
from app.http.queries import query_number
from app.logs import REQUEST
from events.errors import StoreUnavailableError
from events.feed_cursor import CursorError, FeedCursor, read_cursor, write_cursor
from projections.card_fact_store import FactPage

log = structlog.get_logger()

RECONNECT_MILLISECONDS: Final = 3_000
WRITE_SECONDS: Final = 30.0
"""Whoever does not read for so long is let go."""


async def get_card_stream(request: web.Request) -> web.StreamResponse:
    """Stream facts from a place on, or from now on."""
    edge = edge_of(request)
    seconds = query_number(request, "seconds", int(LIFE_SECONDS))
    cursor = await _begun(request, edge.card_stream, edge.keyring.hash)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            REQUEST_ID: REQUEST.get() or "",
        }
    )
    await response.prepare(request)
    try:
        # the place comes first: whoever is cut off before the first fact goes on from here
        await _write(response, f"retry: {RECONNECT_MILLISECONDS}\nid: {write_cursor(cursor, edge.keyring.hash)}\n\n")
        async for page in edge.card_stream.follow(cursor, seconds=seconds):
            await _write(response, _text_of(page, edge.keyring.hash))
        await response.write_eof()
    except StoreUnavailableError as error:
        # the answer has begun: whoever follows comes again, from the place that they have
        log.warning("stream_ends_without_postgres", reason=str(error))
        await response.write_eof()
    except (ConnectionResetError, TimeoutError):
        # it hung up, or does not read
        if request.transport is not None:
            request.transport.abort()
    return response


async def _begun(request: web.Request, stream: CardStream, key: bytes) -> FeedCursor:
    text = request.headers.get("Last-Event-ID")
    try:
        return await stream.begin(read_cursor(text, key) if text else None)
    except CursorError as error:
        raise _bad_place(str(error)) from None
    except StreamAheadError as error:
        raise problem(409, "cursor-ahead", "The cursor is ahead of the feed.", str(error)) from None


def _bad_place(detail: str) -> ProblemError:
    return bad_request(f"Last-Event-ID is to be an id of this stream, or absent. {detail}")


def _text_of(page: FactPage, key: bytes) -> str:
    """Give the lines of a page; its last event has the id, so that whoever is cut off within it has it all again."""
    if not page.facts:
        return ":\n\n"
    blocks = [f"event: {each.type}\ndata: {encode(each).decode()}\n" for each in page.facts]
    return "\n".join(blocks) + f"id: {write_cursor(page.cursor, key)}\n\n"


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(text.encode())
