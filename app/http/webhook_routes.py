"""Sets webhooks up, shows what they were told, and tells it again."""

from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web

from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.edge import edge_of
from app.http.operation import Answer, Body, Parameter, describe, no_content
from app.http.path import path_id
from app.http.problems import bad_request, not_found
from app.http.queries import LIMIT, page_limit
from app.webhooks.webhook import LONGEST_OVERLAP, OVERLAP_SECONDS, DeliveryState, Resend, Webhook, WebhookRequest

STATES: Final = ("waiting", "delivered", "dead")


class WebhookList(msgspec.Struct, frozen=True):
    """Every webhook."""

    webhooks: tuple[Webhook, ...]


class DeliveryList(msgspec.Struct, frozen=True):
    """What a webhook was told, or is to be told."""

    deliveries: tuple[DeliveryState, ...]


class NewSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """How a secret is to change."""

    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_OVERLAP)] = OVERLAP_SECONDS


class ResendAnswer(msgspec.Struct, frozen=True):
    """How many facts are sent again."""

    outcome: Literal["sending"]
    facts: int


_CRM: Final = {
    "name": "crm", "url": "https://crm.example.com/lockstep", "types": ["card.started"],
    "createdAt": "2026-11-22T18:35:37Z", "changedAt": "2026-11-22T18:35:37Z",
}  # fmt: skip
_SHOWN: Final = Answer(what="The webhook.", shape=Webhook, example=_CRM)
_MADE: Final = Answer(
    what="The webhook, with its secret this once.", shape=Webhook, example={**_CRM, "secret": "whsec_…"}
)


@describe(answers={200: Answer(what="Every webhook.", shape=WebhookList, example={"webhooks": [_CRM]})})
async def get_webhooks(request: web.Request) -> web.Response:
    """List webhooks."""
    return json_answer(WebhookList(tuple(await edge_of(request).webhooks.list_webhooks())))


@describe(
    answers={200: _SHOWN, 201: _MADE},
    bodies=(
        Body(shape=WebhookRequest, example={"url": "https://crm.example.com/lockstep", "types": ["card.started"]}),
    ),
)
async def put_webhook(request: web.Request) -> web.Response:
    """Set up the webhook of the path, or change it; that switches it on."""
    name = path_id(request, "name")
    asked = await read_value(request, WebhookRequest)
    edge = edge_of(request)
    webhook, added = await edge.webhooks.put(name, asked)
    edge.ring_facts()
    return json_answer(webhook, status=201 if added else 200)


@describe(answers={200: _SHOWN})
async def get_webhook(request: web.Request) -> web.Response:
    """Show a webhook, and how much waits for it."""
    return json_answer(await edge_of(request).webhooks.find(path_id(request, "name")))


@describe(answers=no_content("The webhook is deleted."))
async def delete_webhook(request: web.Request) -> web.Response:
    """Delete a webhook, and what waits for it."""
    if not await edge_of(request).webhooks.delete(path_id(request, "name")):
        raise not_found("There is no such webhook.")
    return web.Response(status=204)


@describe(answers={201: _MADE}, bodies=(Body(shape=NewSecret, example={"overlapSeconds": 86_400}),))
async def post_secret(request: web.Request) -> web.Response:
    """Give a webhook a new secret; the one before signs too for a while."""
    name = path_id(request, "name")
    asked = await read_value(request, NewSecret)
    return json_answer(await edge_of(request).webhooks.rotate(name, asked.overlap_seconds), status=201)


@describe(
    answers={200: Answer(what="Deliveries, the newest first.", shape=DeliveryList, example={"deliveries": []})},
    parameters=(
        LIMIT,
        Parameter(name="state", where="query", what="Those in this state alone.", schema={"enum": [*STATES]}),
    ),
)
async def get_deliveries(request: web.Request) -> web.Response:
    """Show what a webhook was told, with each request."""
    name, state, limit = path_id(request, "name"), request.query.get("state"), page_limit(request)
    if state is not None and state not in STATES:
        raise bad_request(f"state is to be {', '.join(STATES)}, or absent.")
    found = await edge_of(request).webhooks.deliveries(name, state=state, limit=limit)
    return json_answer(DeliveryList(tuple(found)))


@describe(
    answers={202: Answer(what="They are sent again.", shape=ResendAnswer, example={"outcome": "sending", "facts": 3})},
    bodies=(Body(shape=Resend, example={"dead": True}),),
)
async def post_resend(request: web.Request) -> web.Response:
    """Tell a webhook again: one fact, what was given up, or a span of time."""
    name = path_id(request, "name")
    asked = await read_value(request, Resend)
    edge = edge_of(request)
    facts = await edge.webhooks.resend(name, asked)
    edge.ring_facts()
    return json_answer(ResendAnswer("sending", facts), status=202)
