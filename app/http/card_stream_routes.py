"""Streams what becomes of cards, as server-sent events."""

from collections.abc import AsyncGenerator

from aiohttp import web

from app.card_stream import CardStream, StreamAheadError
from app.http.answers import encode
from app.http.edge import edge_of
from app.http.event_stream import LAST_EVENT_ID, RETRY, SILENCE, STREAM, last_id, stream
from app.http.operation import Answer, describe
from app.http.problem_kinds import CURSOR_AHEAD
from app.http.problems import ProblemError, bad_request, problem
from app.http.queries import query_number, seconds_parameter
from app.lines import LINE_SECONDS
from events.feed_cursor import FeedCursor, FeedName, read_cursor, write_cursor
from events.signed_text import CursorError
from projections.card_fact_store import FactPage


@describe(
    answers={
        200: Answer(
            what="Server-sent events, named for what became of the card: `card.started`, `card.failed`, "
            "`card.dismissed` and `card.ended`, with `#/components/schemas/FactDocument` as JSON in `data`.",
            media_type=STREAM,
            example="retry: 3000\nid: q3ZkAA\n\n",
        )
    },
    parameters=(LAST_EVENT_ID, seconds_parameter(LINE_SECONDS)),
    problems=(CURSOR_AHEAD,),
)
async def get_card_stream(request: web.Request) -> web.StreamResponse:
    """Stream facts from a place on, or from now on."""
    edge, key = edge_of(request), edge_of(request).keyring.hash
    seconds = query_number(request, "seconds", int(LINE_SECONDS))
    cursor = await _begun(request, edge.card_stream, key)

    async def blocks() -> AsyncGenerator[str]:
        # the place comes first: whoever is cut off before the first fact goes on from here
        yield f"{RETRY}id: {write_cursor(cursor, FeedName.CARDS, key)}\n\n"
        async for page in edge.card_stream.follow(cursor, seconds=seconds):
            yield _text_of(page, key)

    return await stream(request, blocks())


async def _begun(request: web.Request, stream: CardStream, key: bytes) -> FeedCursor:
    text = last_id(request)
    try:
        return await stream.begin(read_cursor(text, FeedName.CARDS, key) if text else None)
    except CursorError as error:
        raise _bad_place(str(error)) from None
    except StreamAheadError as error:
        raise problem(*CURSOR_AHEAD, str(error)) from None


def _bad_place(detail: str) -> ProblemError:
    return bad_request(f"Last-Event-ID is to be an id of this stream, or absent. {detail}")


def _text_of(page: FactPage, key: bytes) -> str:
    """Give the lines of a page; its last event has the id, so that whoever is cut off within it has it all again."""
    if not page.facts:
        return SILENCE
    blocks = [f"event: {each.type}\ndata: {encode(each).decode()}\n" for each in page.facts]
    return "\n".join(blocks) + f"id: {write_cursor(page.cursor, FeedName.CARDS, key)}\n\n"
