"""Sets webhooks up, shows what they were told, and tells it again."""

from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web

from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.edge import edge_of
from app.http.path import path_id
from app.http.problems import bad_request, not_found
from app.http.queries import page_limit
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


async def get_webhooks(request: web.Request) -> web.Response:
    """List webhooks."""
    return json_answer(WebhookList(tuple(await edge_of(request).webhooks.list_webhooks())))


async def put_webhook(request: web.Request) -> web.Response:
    """Set up the webhook of the path, or change it; that switches it on."""
    name = path_id(request, "name")
    asked = await read_value(request, WebhookRequest)
    edge = edge_of(request)
    webhook, added = await edge.webhooks.put(name, asked)
    edge.ring_facts()
    return json_answer(webhook, status=201 if added else 200)


async def get_webhook(request: web.Request) -> web.Response:
    """Show a webhook, and how much waits for it."""
    return json_answer(await edge_of(request).webhooks.find(path_id(request, "name")))


async def delete_webhook(request: web.Request) -> web.Response:
    """Delete a webhook, and what waits for it."""
    if not await edge_of(request).webhooks.delete(path_id(request, "name")):
        raise not_found("There is no such webhook.")
    return web.Response(status=204)


async def post_secret(request: web.Request) -> web.Response:
    """Give a webhook a new secret; the one before signs too for a while."""
    name = path_id(request, "name")
    asked = await read_value(request, NewSecret)
    return json_answer(await edge_of(request).webhooks.rotate(name, asked.overlap_seconds), status=201)


async def get_deliveries(request: web.Request) -> web.Response:
    """Show what a webhook was told, with each request."""
    name, state, limit = path_id(request, "name"), request.query.get("state"), page_limit(request)
    if state is not None and state not in STATES:
        raise bad_request(f"state is to be {', '.join(STATES)}, or absent.")
    found = await edge_of(request).webhooks.deliveries(name, state=state, limit=limit)
    return json_answer(DeliveryList(tuple(found)))


async def post_resend(request: web.Request) -> web.Response:
    """Tell a webhook again: one fact, what was given up, or a span of time."""
    name = path_id(request, "name")
    asked = await read_value(request, Resend)
    edge = edge_of(request)
    facts = await edge.webhooks.resend(name, asked)
    edge.ring_facts()
    return json_answer(ResendAnswer("sending", facts), status=202)
