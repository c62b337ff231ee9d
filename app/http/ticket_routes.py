"""Mints order tickets for a shop's backend."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from aiohttp import web

from app.access.caller import Customer
from app.access.ticket import LONGEST_SECONDS, mint
from app.devices.device import Identifier
from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.edge import edge_of
from app.http.operation import Answer, Body, describe
from app.http.problems import invalid
from app.http.tracking_routes import tracking_path
from events.errors import Fault

USUAL_SECONDS: Final = 3_600


class TicketRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Whom a ticket should speak for, and for how long."""

    customer_id: Identifier | None = None
    order_id: Identifier | None = None
    ttl_seconds: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_SECONDS)] = USUAL_SECONDS


class TicketAnswer(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A ticket, to be handed to the app.

    Attributes:
        tracking_path: Of the tracking page; what stands behind the # never leaves the browser. Absent without an order.
    """

    ticket: str
    expires_at: datetime
    tracking_path: str | None = None


@describe(
    answers={
        200: Answer(
            what="The ticket.", shape=TicketAnswer, example={"ticket": "eyJ0…", "expiresAt": "2026-11-22T19:35:37Z"}
        )
    },
    bodies=(Body(shape=TicketRequest, example={"customerId": "customer-7"}),),
)
async def post_ticket(request: web.Request) -> web.Response:
    """Mint a ticket."""
    wanted = await read_value(request, TicketRequest)
    if wanted.customer_id is None and wanted.order_id is None:
        raise invalid((Fault("", "is to name a customerId, an orderId, or both"),))
    edge = edge_of(request)
    customer = Customer(wanted.customer_id, wanted.order_id)
    ticket, expires_at = mint(customer, edge.keyring.tickets, now=edge.clock(), ttl_seconds=wanted.ttl_seconds)
    path = None if wanted.order_id is None else tracking_path(wanted.order_id, ticket)
    return json_answer(TicketAnswer(ticket, expires_at, path))
