"""Gives the feed: every event of every order, for those who keep a copy."""

from typing import Final

import msgspec
from aiohttp import web

from app.access.api_key import Scope
from app.access.caller import has_scope
from app.http.admission import stand_aside
from app.http.answers import json_answer
from app.http.edge import caller_of, edge_of
from app.http.operation import Answer, Made, Parameter, describe
from app.http.problem_kinds import BAD_REQUEST, CURSOR_AHEAD, FORBIDDEN
from app.http.problems import ProblemError, bad_request, problem
from app.http.queries import LIMIT, page_limit, query_number
from app.http.reads import note_read
from events.cloud_event import CloudEvent, write_event
from events.errors import Fault
from events.extensions import VALUE
from events.feed import CursorAheadError
from events.feed_cursor import FeedCursor, FeedName, read_cursor, write_cursor
from events.json_schema import Schema
from events.signed_text import CursorError

LONGEST_WAIT_SECONDS: Final = 10


class FeedAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """A page of the feed.

    Attributes:
        next_after: What to ask `after` next; also when there are no events.
        more: Whether something follows already.
    """

    events: list[msgspec.Raw]
    next_after: str
    more: bool


def _page(answer: Schema, _event: Schema) -> Schema:
    """Say what the events of a page look like: each with our attributes, and those that its sender added."""
    event = {"$ref": "#/components/schemas/CloudEvent", "unevaluatedProperties": VALUE}
    return {**answer, "properties": {**answer["properties"], "events": {"type": "array", "items": event}}}


@describe(
    answers={
        200: Answer(
            what="A page of the feed.",
            shape=Made("FeedAnswer", (FeedAnswer, CloudEvent), _page),
            example={
                "events": [
                    {
                        "specversion": "1.0", "id": "placed-1", "source": "shop", "type": "order.placed",
                        "subject": "order-4711", "version": 1, "time": "2026-11-22T18:35:37Z",
                        "recordedat": "2026-11-22T18:35:37.102Z", "schemaversion": 1,
                        "data": {"customerId": "customer-7", "merchantName": "Trattoria Roma"},
                    }
                ],
                "nextAfter": "q3ZkAA",
                "more": False,
            },
        )
    },
    parameters=(
        LIMIT,
        Parameter(name="after", where="query", what="`nextAfter` of the answer before; absent for the beginning.",
                  schema={"type": "string"}),
        Parameter(name="wait", where="query", what="How many seconds an empty answer waits for something to happen.",
                  schema={"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_SECONDS, "default": 0}, example=0),
        Parameter(name="personal", where="query", schema={"const": "include"},
                  what="Gives personal values and the senders' extensions too; the key holds `orders:read`."),
    ),
    problems=(CURSOR_AHEAD,),
)  # fmt: skip
async def get_events(request: web.Request) -> web.Response:
    """Give what follows a cursor; without one, what is first."""
    edge = edge_of(request)
    limit, wait_seconds = page_limit(request), query_number(request, "wait", 0)
    if wait_seconds > LONGEST_WAIT_SECONDS:
        raise bad_request(f"wait is to be 0 to {LONGEST_WAIT_SECONDS} seconds.")
    personal = _wants_personal(request)
    text = request.query.get("after")
    try:
        cursor = FeedCursor() if text is None else read_cursor(text, FeedName.EVENTS, edge.keyring.hash)
        if wait_seconds:
            stand_aside(request)
        page = await edge.feed.follow(cursor, limit=limit, personal=personal, wait_seconds=wait_seconds)
    except CursorError as error:
        raise _bad_cursor(str(error)) from None
    except CursorAheadError as error:
        raise problem(*CURSOR_AHEAD, str(error)) from None
    if personal and page.events:
        note_read(request, "feed")
    events = [msgspec.Raw(write_event(each)) for each in page.events]
    return json_answer(FeedAnswer(events, write_cursor(page.cursor, FeedName.EVENTS, edge.keyring.hash), page.more))


def _wants_personal(request: web.Request) -> bool:
    """Tell whether personal values are asked for; who may read orders may have them.

    Raises:
        ProblemError: 400, another word; 403, the key lacks that scope.
    """
    word = request.query.get("personal")
    if word is None:
        return False
    if word != "include":
        raise bad_request("personal is to be include, or absent.")
    if not has_scope(caller_of(request), Scope.ORDERS_READ):
        detail = f"Personal values take an API key that holds {Scope.ORDERS_READ} too."
        raise problem(*FORBIDDEN, detail)
    return True


def _bad_cursor(detail: str) -> ProblemError:
    fault = Fault("/after", "is to be nextAfter of an answer of this installation, or absent")
    return problem(*BAD_REQUEST, detail, errors=(fault,))
