"""The route table: every path, its handler, and who may call it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from app.access.api_key import Scope
from app.http.activity_routes import post_end, post_start, post_update
from app.http.admission import PLACE, Admission
from app.http.audience_routes import get_audience, get_audience_phones, post_audience_resume, post_audience_stop
from app.http.authentication import authenticate, authenticate_sender, is_signed
from app.http.card_stream_routes import get_card_stream
from app.http.console_routes import get_console, get_console_file
from app.http.deed_routes import delete_pause, get_pauses, post_cards_end, post_cards_resend, post_order_release
from app.http.definition_routes import delete_definition, get_definition, put_definition
from app.http.description_routes import get_docs, get_docs_file, get_event_schema, get_event_schemas, get_openapi
from app.http.device_routes import delete_card, delete_device, put_card, put_device
from app.http.edge import CALLER, Edge
from app.http.eta_routes import put_eta
from app.http.event_routes import options_events, post_events, post_order_events
from app.http.feed_routes import get_events
from app.http.health_routes import get_health_figures, get_live, get_ready
from app.http.layout_routes import get_layouts
from app.http.list_routes import get_orders
from app.http.list_stream_routes import get_orders_stream
from app.http.metrics_routes import get_metrics
from app.http.operation import Endpoint, Handler
from app.http.order_routes import get_card_counts, get_order, get_order_events, get_order_explanation, get_order_state
from app.http.picture_routes import delete_asset, get_asset, put_asset, put_phone_assets
from app.http.quotas import count
from app.http.segment_routes import (
    delete_segment,
    get_customer_tags,
    get_segment,
    get_segments,
    post_audience_count,
    post_segment_ids,
    put_customer_tags,
    put_segment,
)
from app.http.session_routes import delete_console_session, get_me, post_console_session
from app.http.ticket_routes import post_ticket
from app.http.tracking_routes import PAGE, get_order_stream, get_page, get_script, get_style
from app.http.webhook_routes import (
    delete_webhook,
    get_deliveries,
    get_webhook,
    get_webhooks,
    post_resend,
    post_secret,
    put_webhook,
)
from app.metrics.counters import begin_route
from events.errors import LockstepError


class RouteWithoutRuleError(LockstepError):
    """A route does not say who may call it; give it a rule."""


@dataclass(frozen=True)
class Rule:
    """Who may call a route.

    Attributes:
        scope: What an API key must hold; None: nothing, and without `any_key` the route is open to everybody.
        tickets: Whether order tickets are let in too; the handler then looks at what they ask for.
        signed: Whether a signature will do; the handler then looks at whose events they are.
        any_key: Whether every API key will do, whatever it holds.
    """

    scope: Scope | None
    tickets: bool = False
    signed: bool = False
    any_key: bool = False


@dataclass(frozen=True)
class Route:
    """One method on one path, with a handler that says what it does.

    Attributes:
        described: Whether the document of the API has it; what a demo alone has is not part of the API.
    """

    method: str
    path: str
    handler: Endpoint
    rule: Rule
    described: bool = True


OPEN: Final = Rule(None)
ANY_KEY: Final = Rule(None, any_key=True)
_ORDER: Final = "/v1/orders/{order_id}"
_ACTIVITY: Final = "/v1/activities/{activity_id}"
_DEFINITION: Final = "/v1/definitions/{name}"
_DEVICE: Final = "/v1/devices/{device_id}"
_WEBHOOK: Final = "/v1/webhooks/{name}"
_ASSET: Final = "/v1/assets/{key}"
_CARD: Final = "/v1/devices/{device_id}/cards/{card_id}"
_AUDIENCE: Final = "/v1/activities/{activity_id}/audience"
_SEGMENT: Final = "/v1/segments/{name}"
_TAGS: Final = "/v1/customers/{customer_id}/tags"

ROUTES: Final = (
    Route("POST", "/v1/events", post_events, Rule(Scope.EVENTS_WRITE, signed=True)),
    Route("OPTIONS", "/v1/events", options_events, OPEN),
    Route("GET", "/v1/events", get_events, Rule(Scope.EVENTS_READ)),
    Route("POST", f"{_ORDER}/events", post_order_events, Rule(Scope.EVENTS_WRITE)),
    Route("PUT", f"{_ORDER}/eta", put_eta, Rule(Scope.EVENTS_WRITE)),
    Route("GET", "/v1/orders", get_orders, Rule(Scope.ORDERS_READ, tickets=True)),
    Route("GET", "/v1/orders/stream", get_orders_stream, Rule(Scope.ORDERS_READ, tickets=True)),
    Route("GET", _ORDER, get_order, Rule(Scope.ORDERS_READ, tickets=True)),
    Route("GET", f"{_ORDER}/events", get_order_events, Rule(Scope.ORDERS_READ, tickets=True)),
    Route("GET", f"{_ORDER}/explain", get_order_explanation, Rule(Scope.ORDERS_READ)),
    Route("GET", f"{_ORDER}/state", get_order_state, Rule(Scope.ORDERS_READ)),
    Route("GET", f"{_ORDER}/stream", get_order_stream, Rule(Scope.ORDERS_READ, tickets=True)),
    Route("POST", f"{_ACTIVITY}/start", post_start, Rule(Scope.EVENTS_WRITE)),
    Route("POST", f"{_ACTIVITY}/update", post_update, Rule(Scope.EVENTS_WRITE)),
    Route("POST", f"{_ACTIVITY}/end", post_end, Rule(Scope.EVENTS_WRITE)),
    Route("GET", f"{_ORDER}/cards/counts", get_card_counts, Rule(Scope.ORDERS_READ)),
    Route("POST", f"{_ORDER}/cards/resend", post_cards_resend, Rule(Scope.ADMIN)),
    Route("POST", f"{_ORDER}/cards/end", post_cards_end, Rule(Scope.ADMIN)),
    Route("POST", f"{_ORDER}/release", post_order_release, Rule(Scope.ADMIN)),
    Route("GET", "/v1/pauses", get_pauses, Rule(Scope.ADMIN)),
    Route("DELETE", "/v1/pauses/{kind}/{name}", delete_pause, Rule(Scope.ADMIN)),
    Route("GET", "/v1/cards/stream", get_card_stream, Rule(Scope.EVENTS_READ)),
    Route("PUT", _DEFINITION, put_definition, Rule(Scope.EVENTS_WRITE)),
    Route("GET", _DEFINITION, get_definition, Rule(Scope.EVENTS_WRITE)),
    Route("DELETE", _DEFINITION, delete_definition, Rule(Scope.EVENTS_WRITE)),
    Route("GET", "/v1/layouts", get_layouts, Rule(Scope.ORDERS_READ)),
    Route("PUT", _DEVICE, put_device, Rule(Scope.DEVICES_WRITE, tickets=True)),
    Route("DELETE", _DEVICE, delete_device, Rule(Scope.DEVICES_WRITE, tickets=True)),
    Route("PUT", _CARD, put_card, Rule(Scope.DEVICES_WRITE, tickets=True)),
    Route("DELETE", _CARD, delete_card, Rule(Scope.DEVICES_WRITE, tickets=True)),
    Route("PUT", _TAGS, put_customer_tags, Rule(Scope.DEVICES_WRITE)),
    Route("GET", _TAGS, get_customer_tags, Rule(Scope.DEVICES_WRITE)),
    Route("GET", "/v1/segments", get_segments, Rule(Scope.ORDERS_READ)),
    Route("PUT", _SEGMENT, put_segment, Rule(Scope.EVENTS_WRITE)),
    Route("GET", _SEGMENT, get_segment, Rule(Scope.ORDERS_READ)),
    Route("DELETE", _SEGMENT, delete_segment, Rule(Scope.EVENTS_WRITE)),
    Route("POST", _SEGMENT + "/ids", post_segment_ids, Rule(Scope.EVENTS_WRITE)),
    Route("GET", _AUDIENCE, get_audience, Rule(Scope.ORDERS_READ)),
    Route("GET", _AUDIENCE + "/phones", get_audience_phones, Rule(Scope.ORDERS_READ)),
    Route("POST", _AUDIENCE + "/stop", post_audience_stop, Rule(Scope.EVENTS_WRITE)),
    Route("POST", _AUDIENCE + "/resume", post_audience_resume, Rule(Scope.EVENTS_WRITE)),
    Route("POST", "/v1/audiences/count", post_audience_count, Rule(Scope.ORDERS_READ)),
    Route("PUT", "/v1/devices/{device_id}/assets", put_phone_assets, Rule(Scope.DEVICES_WRITE, tickets=True)),
    Route("PUT", _ASSET, put_asset, Rule(Scope.EVENTS_WRITE)),
    Route("GET", _ASSET, get_asset, Rule(Scope.ORDERS_READ)),
    Route("DELETE", _ASSET, delete_asset, Rule(Scope.EVENTS_WRITE)),
    Route("POST", "/v1/tickets", post_ticket, Rule(Scope.DEVICES_WRITE)),
    Route("GET", "/v1/webhooks", get_webhooks, Rule(Scope.ADMIN)),
    Route("PUT", _WEBHOOK, put_webhook, Rule(Scope.ADMIN)),
    Route("GET", _WEBHOOK, get_webhook, Rule(Scope.ADMIN)),
    Route("DELETE", _WEBHOOK, delete_webhook, Rule(Scope.ADMIN)),
    Route("POST", f"{_WEBHOOK}/secret", post_secret, Rule(Scope.ADMIN)),
    Route("GET", f"{_WEBHOOK}/deliveries", get_deliveries, Rule(Scope.ADMIN)),
    Route("POST", f"{_WEBHOOK}/resend", post_resend, Rule(Scope.ADMIN)),
    Route("POST", "/v1/console/sessions", post_console_session, OPEN),
    Route("DELETE", "/v1/console/sessions/current", delete_console_session, ANY_KEY),
    Route("GET", "/v1/me", get_me, ANY_KEY),
    Route("GET", "/v1/health/figures", get_health_figures, Rule(Scope.METRICS_READ)),
    Route("GET", "/metrics", get_metrics, Rule(Scope.METRICS_READ)),
    Route("GET", PAGE, get_page, OPEN),
    Route("GET", f"{PAGE}.css", get_style, OPEN),
    Route("GET", f"{PAGE}.js", get_script, OPEN),
    Route("GET", "/openapi.json", get_openapi, OPEN),
    Route("GET", "/docs", get_docs, OPEN),
    Route("GET", "/docs/{file}", get_docs_file, OPEN),
    Route("GET", "/v1/schemas/events", get_event_schemas, OPEN),
    Route("GET", "/v1/schemas/events/{type}", get_event_schema, OPEN),
    Route("GET", "/", get_console, OPEN),
    Route("GET", "/console/{file}", get_console_file, OPEN),
    Route("GET", "/livez", get_live, OPEN),
    Route("GET", "/readyz", get_ready, OPEN),
)

Rules = dict[web.AbstractRoute, Rule]
RULES: Final = web.AppKey("rules", Rules)


def add_routes(app: web.Application, edge: Edge, routes: Iterable[Route]) -> None:
    """Register routes, each behind its rule."""
    admission = Admission(edge.limits)
    for each in routes:
        begin_route(each.method, each.path)
        handler = _behind(each, edge, admission)
        # RFC 9110, section 9.1: whatever answers GET answers HEAD
        for method in (each.method, "HEAD") if each.method == "GET" else (each.method,):
            app[RULES][app.router.add_route(method, each.path, handler)] = each.rule


def _behind(route: Route, edge: Edge, admission: Admission) -> Handler:
    """Give the handler of a route for those alone whom its rule lets in, while there are places."""
    rule, handler = route.rule, route.handler.handler
    if rule == OPEN and not route.handler.operation.bodies:
        return handler

    async def handle(request: web.Request) -> web.StreamResponse:
        place = request[PLACE] = admission.enter()
        try:
            if rule == OPEN:
                return await handler(request)
            if rule.signed and is_signed(request):
                caller = await authenticate_sender(request, edge)
            else:
                caller = await authenticate(request, edge, rule.scope, tickets=rule.tickets)
            request[CALLER] = caller
            await count(request, edge, caller)
            return await handler(request)
        finally:
            place.leave()

    return handle


async def refuse_routes_without_rules(app: web.Application) -> None:
    """Stop the start-up if a route was registered past the table.

    Raises:
        RouteWithoutRuleError: It names the routes.
    """
    bare = [f"{each.method} {each.resource and each.resource.canonical}" for each in app.router.routes()
            if each not in app[RULES]]  # fmt: skip
    if bare:
        raise RouteWithoutRuleError(f"No rule says who may call: {', '.join(bare)}")
