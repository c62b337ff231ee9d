"""Shows orders and their events."""

from typing import Final

import msgspec
from aiohttp import web

from app.access.api_key import Scope
from app.access.caller import has_scope, may_read_order
from app.card_counts import CardCounts
from app.errors import PointError
from app.http.answers import json_answer
from app.http.edge import caller_of, edge_of
from app.http.operation import Answer, Parameter, describe
from app.http.path import path_id
from app.http.problem_kinds import EVENTS_ARCHIVED
from app.http.problems import ProblemError, bad_request, not_found, problem
from app.http.queries import AFTER_VERSION, LIMIT, page_limit, query_flag, query_number
from app.http.reads import note_read
from app.http.tags import IF_CHANGED, tagged, tagged_answer
from app.order_page import OrderPage
from app.point import point_of
from app.shown_event import ShownEvent, shown_event
from events.event_schema import MOMENT
from events.store import Head
from projections.explanation import Explanation
from projections.order_state import OrderState


class EventsPage(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Some events of an order, by their versions.

    Attributes:
        next_after: What to ask `after` for more; None at the end.
    """

    order_id: str
    events: list[ShownEvent]
    next_after: int | None


_MATTER: Final = {
    "reason": "unchanged", "state": "Nothing is the matter.", "why": "The card shows the newest state.",
    "nextStep": "Nobody has to do anything.", "since": None, "sinceWhat": None, "until": None,
}  # fmt: skip


@describe(
    answers=tagged(
        Answer(
            what="The order; callers with a ticket get it without cards.",
            shape=OrderPage,
            example={
                "orderId": "order-4711", "customerId": "customer-7", "version": 1, "viewVersion": 1, "status": "placed",
                "over": False, "contentState": {"status": "placed", "progress": 0.05}, "whyNot": None,
                "cards": [], "archivedAt": None, "archivedTo": None,
            },
        )
    ),
    parameters=(IF_CHANGED,),
)  # fmt: skip
async def get_order(request: web.Request) -> web.Response:
    """Show an order as it stands."""
    order_id, caller = path_id(request, "order_id"), caller_of(request)
    page = await edge_of(request).read_order(order_id)
    if page is None or not may_read_order(caller, order_id, page.customer_id):
        raise _no_order()
    if not has_scope(caller, Scope.ORDERS_READ):
        page = msgspec.structs.replace(page, cards=())
    note_read(request, "order", order_id)
    return tagged_answer(request, page, version=page.version)


@describe(
    answers={
        200: Answer(
            what="How things stand with the order and each of its cards, and who does what next.",
            shape=Explanation,
            example={
                "orderId": "order-4711", "at": "2026-11-22T18:35:40Z", "status": "placed", "over": False, "version": 1,
                "viewVersion": 1, "finding": _MATTER, "events": [], "cards": [],
            },
        )
    },
    parameters=(
        Parameter(name="states", where="query", what="Tells with each event what the order showed after it.",
                  schema={"type": "string", "enum": ["true", "false"], "default": "false"}),
    ),
)  # fmt: skip
async def get_order_explanation(request: web.Request) -> web.Response:
    """Explain why an order's cards did not move; for services alone."""
    order_id, states = path_id(request, "order_id"), query_flag(request, "states")
    explanation = await edge_of(request).explain_order(order_id, states)
    if explanation is None:
        raise _no_order()
    if states:
        note_read(request, "explain", order_id)
    return json_answer(explanation)


@describe(
    answers={
        200: Answer(
            what="The counts, of all cards and by attributes type.",
            shape=CardCounts,
            example={
                "subject": "order-4711",
                "total": {"cards": 2, "waiting": 0, "started": 2, "live": 1, "failed": 0, "dismissed": 1, "ended": 0,
                          "neverShown": 0},
                "byType": [],
            },
        )
    }
)  # fmt: skip
async def get_card_counts(request: web.Request) -> web.Response:
    """Count what became of the cards of an order, or of another subject; for services alone."""
    edge, subject_id = edge_of(request), path_id(request, "order_id")
    counts = await edge.count_cards(subject_id)
    if not counts.total.cards and await edge.history.read_head(subject_id) is None:
        raise _no_order()
    return json_answer(counts)


@describe(
    answers=tagged(
        Answer(
            what="What was recorded by then, and what APNs had accepted.",
            shape=OrderState,
            example={
                "orderId": "order-4711", "at": None, "headVersion": 1,
                "recorded": {
                    "version": 1, "status": "placed", "over": False, "contentState": {"status": "placed"},
                    "contentBytes": 19, "whyNot": None, "erased": False, "events": [], "moreEvents": False,
                },
                "cards": [], "moreCards": False, "incomplete": None,
            },
        )
    ),
    parameters=(
        IF_CHANGED,
        Parameter(name="version", where="query", what="Once this event had been recorded; or `at`, one of the two.",
                  schema={"type": "integer", "minimum": 1}, example=1),
        Parameter(name="at", where="query", what="At this time.", schema=MOMENT),
    ),
)  # fmt: skip
async def get_order_state(request: web.Request) -> web.Response:
    """Tell what an order was, and what APNs had accepted of it; for services alone."""
    order_id, query = path_id(request, "order_id"), request.query
    try:
        state = await edge_of(request).read_state(order_id, point_of(query.get("at"), query.get("version")))
    except PointError as error:
        raise bad_request(str(error)) from None
    if state is None:
        raise _no_order()
    note_read(request, "state", order_id)
    return tagged_answer(request, state)


@describe(
    answers={
        200: Answer(
            what="Events by their versions.",
            shape=EventsPage,
            example={
                "orderId": "order-4711",
                "events": [
                    {
                        "version": 1, "id": "placed-1", "source": "shop", "type": "order.placed", "schemaVersion": 1,
                        "data": {"customerId": "customer-7", "merchantName": "Trattoria Roma"},
                        "occurredAt": "2026-11-22T18:35:37Z", "recordedAt": "2026-11-22T18:35:37.102Z",
                    }
                ],
                "nextAfter": None,
            },
        )
    },
    parameters=(AFTER_VERSION, LIMIT),
    problems=(EVENTS_ARCHIVED,),
)  # fmt: skip
async def get_order_events(request: web.Request) -> web.Response:
    """Show an order's events; personal values are for services alone."""
    edge, caller = edge_of(request), caller_of(request)
    order_id, after = path_id(request, "order_id"), query_number(request, "after", 0)
    limit = page_limit(request)
    whole = has_scope(caller, Scope.ORDERS_READ)
    if not whole:
        page: OrderPage | None = await edge.read_order(order_id)
        if page is None or not may_read_order(caller, order_id, page.customer_id):
            raise _no_order()
    events: list[ShownEvent] = []
    more = False
    async for event in edge.history.read_subject(order_id, after=after):
        if len(events) == limit:
            more = True
            break
        events.append(shown_event(event, whole=whole))
    if not events:
        head = await edge.history.read_head(order_id)
        if head is None:
            raise _no_order()
        if head.archived_at is not None:
            raise _archived(head)
    if whole:
        note_read(request, "events", order_id)
    next_after = events[-1].version if more else None
    return json_answer(EventsPage(order_id=order_id, events=events, next_after=next_after))


def _archived(head: Head) -> ProblemError:
    """Say where the events are."""
    detail = f"That was on {head.archived_at:%Y-%m-%d}; its events are in {head.archived_to}."
    return problem(*EVENTS_ARCHIVED, detail)


def _no_order() -> ProblemError:
    return not_found("There is no such order.")
