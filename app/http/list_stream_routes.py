"""Streams what changes in a list of orders, as server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from app.errors import TooManyLinesError
from app.http.answers import encode
from app.http.edge import edge_of
from app.http.event_stream import LAST_EVENT_ID, RETRY, STREAM, last_id, stream
from app.http.list_routes import FILTERS, sought_by
from app.http.operation import Answer, describe
from app.http.problem_kinds import BUSY, NOT_FOUND
from app.http.problems import problem
from app.http.queries import query_number, seconds_parameter
from app.lines import LINE_SECONDS
from app.order_follower import ListNews


@describe(
    answers={
        200: Answer(
            what="Server-sent events: `reset`, the list is to be read anew; `order`, one in the list as it is now, by "
            "`#/components/schemas/ListedOrder`; `left`, the `orderId` of one that is not in the list. Data are JSON.",
            media_type=STREAM,
            example="retry: 3000\nevent: reset\ndata: {}\nid: 5f0c2a9b1e77-1\n\n",
        )
    },
    parameters=(LAST_EVENT_ID, seconds_parameter(LINE_SECONDS), *FILTERS),
    problems=(BUSY, NOT_FOUND),
)
async def get_orders_stream(request: web.Request) -> web.StreamResponse:
    """Stream what changes in a list of orders, from a place on, or from now on."""
    sought, seconds = sought_by(request), query_number(request, "seconds", int(LINE_SECONDS))
    news = edge_of(request).order_follower.follow(sought, last_id(request), seconds=seconds)

    async def blocks(first: ListNews) -> AsyncGenerator[str]:
        yield RETRY + _text_of(first)
        async for each in news:
            yield _text_of(each)

    async with aclosing(news):
        try:
            first = await anext(news)
        except TooManyLinesError as error:
            raise problem(*BUSY, str(error), headers={"Retry-After": "5"}) from None
        return await stream(request, blocks(first))


def _text_of(news: ListNews) -> str:
    """Give the lines of news; its last event has the id, so that whoever is cut off within it has it all again."""
    said = [("reset", "{}")] if news.is_reset else []
    said += [("order", encode(each).decode()) for each in news.orders]
    said += [("left", encode({"orderId": each}).decode()) for each in news.left]
    blocks = [f"event: {event}\ndata: {data}\n" for event, data in said]
    return "\n".join(blocks) + f"id: {news.id}\n\n"
