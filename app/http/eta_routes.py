"""Takes delivery times, of which the latest counts."""

from datetime import datetime
from typing import Annotated, Final, assert_never

import msgspec
from aiohttp import web

from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.edge import edge_of
from app.http.operation import Answer, Body, describe
from app.http.outcomes import archived
from app.http.path import path_id
from app.http.problem_kinds import NOT_AN_ORDER, ORDER_ARCHIVED, ORDER_OVER
from app.http.problems import invalid, problem
from events.errors import EventError, Fault
from events.event_schema import IDENTIFIER
from events.fact import Moment
from events.order import DeliveryTime
from events.outcome import Archived
from projections.eta import Became, Eta, Hold, NotAnOrder, Over, Overtaken, Recorded, Unchanged, eta_event

_POINTERS: Final = {"/data/deliveryTime": "/deliveryTime", "/time": "/at"}


class EtaReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """When an order should arrive, as somebody knows now."""

    delivery_time: DeliveryTime
    at: Annotated[Moment, msgspec.Meta(description="When that was so; now if absent.")] | None = None
    source: Annotated[str, msgspec.Meta(extra_json_schema=IDENTIFIER)] = "api"


class EtaAnswer(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of a delivery time.

    Attributes:
        outcome: `recorded`, `waiting`, `unchanged` or `overtaken`.
        version: Of the event that it is now.
        until: When it becomes one, unless it moves.
    """

    outcome: str
    version: int | None = None
    until: datetime | None = None


@describe(
    answers={
        200: Answer(
            what="What became of the time.",
            shape=EtaAnswer,
            example={"outcome": "waiting", "until": "2030-12-05T19:12:37.102Z"},
        )
    },
    bodies=(Body(shape=EtaReport, example={"deliveryTime": "2030-12-05T19:41:20Z", "source": "courier-app"}),),
    problems=(ORDER_OVER, NOT_AN_ORDER, ORDER_ARCHIVED),
)
async def put_eta(request: web.Request) -> web.Response:
    """Take the latest delivery time of the order of the path."""
    order_id = path_id(request, "order_id")
    report = await read_value(request, EtaReport)
    edge = edge_of(request)
    at = edge.clock() if report.at is None else report.at
    eta = Eta(subject_id=order_id, delivery_time=report.delivery_time, at=at, source=report.source)
    try:
        eta_event(eta, edge.keyring.hash)
    except EventError as error:
        raise invalid(
            [Fault(_POINTERS.get(each.pointer, each.pointer), each.detail) for each in error.faults]
        ) from None
    return json_answer(_answer(await edge.etas.put(eta)))


def _answer(became: Became) -> EtaAnswer:
    """Say what became of it.

    Raises:
        ProblemError: 409, the order takes no more times.
    """
    match became:
        case Recorded(version=version):
            return EtaAnswer("recorded", version=version)
        case Hold(until=until):
            return EtaAnswer("waiting", until=until)
        case Unchanged():
            return EtaAnswer("unchanged")
        case Overtaken():
            return EtaAnswer("overtaken")
        case Over():
            detail = "Nothing moves its delivery time any more; put none for it."
            raise problem(*ORDER_OVER, detail)
        case NotAnOrder(kind=kind):
            detail = f"It is of kind {kind}: tell its time by an event with expectedAt."
            raise problem(*NOT_AN_ORDER, detail)
        case Archived():
            raise archived()
        case _:
            assert_never(became)
