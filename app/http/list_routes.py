"""Lists orders, by status, customer and trouble: those that changed last first."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from app.access.caller import Customer
from app.http.edge import caller_of, edge_of
from app.http.list_cursor import read_place, write_place
from app.http.operation import Answer, Parameter, describe
from app.http.problem_kinds import BAD_REQUEST, NOT_FOUND
from app.http.problems import ProblemError, bad_request, not_found, problem
from app.http.queries import LIMIT, page_limit, query_flag
from app.http.tags import IF_CHANGED, tagged, tagged_answer
from events.codec import is_id
from events.errors import Fault
from events.signed_text import CursorError
from projections.order_list import ListedOrder, Place, Sought

MOST_STATUSES: Final = 20
LONGEST_SEARCH: Final = 128
FILTERS: Final = (
    Parameter(
        name="status",
        where="query",
        what="Orders with one of these; may be repeated.",
        schema={"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": MOST_STATUSES},
        example=["placed"],
    ),
    Parameter(
        name="customer", where="query", what="Orders of this customer.", schema={"type": "string", "minLength": 1}
    ),
    Parameter(
        name="search",
        where="query",
        what="Orders whose id begins so, and those of the customer of this id; they come by their ids.",
        schema={"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH},
    ),
    Parameter(
        name="trouble",
        where="query",
        what="Orders alone with which something is the matter.",
        schema={"type": "string", "enum": ["true", "false"], "default": "false"},
    ),
)
"""By which orders are sought."""


_PAGE: Final = {
    "orders": [
        {
            "orderId": "order-4711", "kind": "order", "status": "placed", "over": False, "customerId": "customer-7",
            "trouble": None, "changedAt": "2026-11-22T18:35:37Z",
        }
    ],
    "nextAfter": None,
}  # fmt: skip


class OrdersPage(msgspec.Struct, frozen=True, rename="camel"):
    """A page of orders.

    Attributes:
        next_after: What `after` is to be for the next page; None: there is none.
    """

    orders: list[ListedOrder]
    next_after: str | None


@describe(
    answers=tagged(
        Answer(
            what="A page of orders.",
            shape=OrdersPage,
            headers={"Link": {"type": "string", "description": "The next page, where there is one."}},
            example=_PAGE,
        )
    ),
    parameters=(
        IF_CHANGED,
        LIMIT,
        Parameter(name="after", where="query", what="`nextAfter` of the answer before; absent for the beginning.",
                  schema={"type": "string"}),
        *FILTERS,
    ),
    problems=(NOT_FOUND,),
)  # fmt: skip
async def get_orders(request: web.Request) -> web.Response:
    """List orders; a ticket lists its own."""
    edge, limit, sought = edge_of(request), page_limit(request), sought_by(request)
    after = _after(request, sought, edge.keyring.hash)
    orders, last = await edge.order_list.page(sought, after=after, most=limit)
    cursor = None if last is None else write_place(last, sought, edge.keyring.hash)
    answer = tagged_answer(request, OrdersPage(orders, cursor))
    if cursor is not None:
        query = [(name, value) for name, value in request.query.items() if name != "after"]
        answer.headers["Link"] = f'<{request.path}?{urlencode([*query, ("after", cursor)])}>; rel="next"'
    return answer


def sought_by(request: web.Request) -> Sought:
    """Read which orders are asked for; for a ticket, which of its own.

    Raises:
        ProblemError: 400, the filter makes no sense; 404, it is about somebody else's.
    """
    statuses = tuple(sorted(set(request.query.getall("status", ()))))
    customer_id = request.query.get("customer")
    stated = statuses if customer_id is None else (*statuses, customer_id)
    if any(not each or "\0" in each for each in stated):
        raise bad_request("status and customer are to be a word, or absent.")
    if len(request.query.getall("status", ())) > MOST_STATUSES:
        raise bad_request(f"status is to be given {MOST_STATUSES} times at the most.")
    order_id, caller = None, caller_of(request)
    if isinstance(caller, Customer):
        if customer_id not in (None, caller.customer_id):
            raise not_found("There is no such list.")
        customer_id = caller.customer_id
        order_id = caller.order if customer_id is None else None
    return Sought(
        customer_id=customer_id,
        order_id=order_id,
        statuses=statuses,
        in_trouble=query_flag(request, "trouble"),
        search=_search(request),
    )


def _search(request: web.Request) -> str | None:
    text = request.query.get("search")
    if text is not None and not is_id(text):
        raise bad_request(f"search is to be 1 to {LONGEST_SEARCH} characters of visible ASCII, or absent.")
    return text


def _after(request: web.Request, sought: Sought, key: bytes) -> Place | None:
    text = request.query.get("after")
    if text is None:
        return None
    try:
        return read_place(text, sought, key)
    except CursorError as error:
        raise _bad_cursor(str(error)) from None


def _bad_cursor(detail: str) -> ProblemError:
    fault = Fault("/after", "is to be nextAfter of an answer with the same filters, or absent")
    return problem(*BAD_REQUEST, detail, errors=(fault,))
