"""The tracking page, and the stream that keeps it in step.

The page is the same for everybody, and its address names nobody: order and ticket stand behind the `#`, which browsers
keep to themselves. It loads nothing from elsewhere, and its policy lets it do no more.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from app.errors import TooManyLinesError
from app.http.edge import caller_of, edge_of
from app.http.event_stream import LAST_EVENT_ID, RETRY, SILENCE, STREAM, last_id, stream
from app.http.operation import Answer, Parameter, describe
from app.http.path import path_id
from app.http.problem_kinds import BUSY
from app.http.problems import bad_request, not_found, problem
from app.http.queries import query_number, seconds_parameter
from app.http.reads import note_read
from app.http.static_files import answer_file, file_answers
from app.http.tags import IF_CHANGED
from app.lines import LINE_SECONDS
from app.tracking.tracked import Look, Moment

PAGE: Final = "/track"
_FOLDER: Final = Path(__file__).parents[1] / "tracking" / "static"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def tracking_path(order_id: str, ticket: str) -> str:
    """Give the path of the page for an order and a ticket that opens it."""
    return f"{PAGE}#{urlencode({'order': order_id, 'ticket': ticket})}"


@describe(answers=file_answers(".html", "The page."), parameters=(IF_CHANGED,))
async def get_page(request: web.Request) -> web.Response:
    """Give the tracking page."""
    return answer_file(request, _FOLDER / "track.html", _POLICY)


@describe(answers=file_answers(".css", "The style."), parameters=(IF_CHANGED,))
async def get_style(request: web.Request) -> web.Response:
    """Give its style."""
    return answer_file(request, _FOLDER / "track.css", _POLICY)


@describe(answers=file_answers(".js", "The script."), parameters=(IF_CHANGED,))
async def get_script(request: web.Request) -> web.Response:
    """Give its script."""
    return answer_file(request, _FOLDER / "track.js", _POLICY)


@describe(
    answers={
        200: Answer(
            what="Server-sent events. Each is `event: state`, with an `id` and the state as JSON in `data`: "
            "`#/components/schemas/TrackedState`. A line that begins with a colon says nothing.",
            media_type=STREAM,
            example='retry: 3000\nevent: state\nid: 9f86d081\ndata: {"orderId":"order-4711","phase":"open"}\n\n',
        ),
        204: Answer(what="The order is over, and its last state is known to the caller.", media_type=None),
    },
    parameters=(
        LAST_EVENT_ID,
        seconds_parameter(LINE_SECONDS),
        Parameter(name="face", where="query", what="Which face of it is told.",
                  schema={"enum": [each.value for each in Look], "default": Look.WEB.value}),
    ),
    problems=(BUSY,),
)  # fmt: skip
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
            raise problem(*BUSY, str(error), headers={"Retry-After": "5"}) from None
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
