"""Nobody gets in: every route against everybody who may not, generated from the route table."""

import base64
import dataclasses
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from structlog.testing import capture_logs

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from app.http.routes import OPEN, ROUTES, Route
from app.logs import name_request
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from projections.projector import Projector
from tests.examples.events import FACTS
from tests.integration.http_api import CARD, CLOUD_EVENT, DEVICE, NOON, Api, cloud_event, order_page, running_api
from tests.integration.shop_sign_in import SignIn, reading, sign_in, unsigned

PLAIN: Final = {"type": "order.ready", "data": {}}
ASSET: Final = {"url": "https://shop.example/taverna.png", "sha256": "ab" * 32, "sizeBytes": 4_096}

REQUESTS: Final[dict[tuple[str, str], tuple[str, Any]]] = {
    ("POST", "/v1/events"): ("/v1/events", cloud_event()),
    ("GET", "/v1/events"): ("/v1/events", None),
    ("POST", "/v1/orders/{order_id}/events"): ("/v1/orders/order-1/events", PLAIN),
    ("PUT", "/v1/orders/{order_id}/eta"): ("/v1/orders/order-1/eta", {"deliveryTime": "2025-11-01T12:40:00Z"}),
    ("GET", "/v1/orders"): ("/v1/orders?customer=customer-7", None),
    ("GET", "/v1/orders/stream"): ("/v1/orders/stream?seconds=0&customer=customer-7", None),
    ("GET", "/v1/orders/{order_id}"): ("/v1/orders/order-1", None),
    ("GET", "/v1/orders/{order_id}/events"): ("/v1/orders/order-1/events", None),
    ("GET", "/v1/orders/{order_id}/explain"): ("/v1/orders/order-1/explain", None),
    ("GET", "/v1/orders/{order_id}/state"): ("/v1/orders/order-1/state?version=1", None),
    ("POST", "/v1/activities/{activity_id}/start"): ("/v1/activities/match-1/start", FACTS["activity.started"]),
    ("POST", "/v1/activities/{activity_id}/update"): ("/v1/activities/match-1/update", FACTS["activity.updated"]),
    ("POST", "/v1/activities/{activity_id}/end"): ("/v1/activities/match-1/end", {}),
    ("PUT", "/v1/definitions/{name}"): ("/v1/definitions/match", {"attributesType": "MatchAttributes"}),
    ("GET", "/v1/definitions/{name}"): ("/v1/definitions/match", None),
    ("DELETE", "/v1/definitions/{name}"): ("/v1/definitions/match", None),
    ("GET", "/v1/layouts"): ("/v1/layouts", None),
    ("PUT", "/v1/devices/{device_id}"): ("/v1/devices/phone-1", DEVICE),
    ("DELETE", "/v1/devices/{device_id}"): ("/v1/devices/phone-1", None),
    ("PUT", "/v1/devices/{device_id}/cards/{card_id}"): ("/v1/devices/phone-1/cards/activity-1", CARD),
    ("DELETE", "/v1/devices/{device_id}/cards/{card_id}"): ("/v1/devices/phone-1/cards/activity-1", None),
    ("PUT", "/v1/devices/{device_id}/assets"): ("/v1/devices/phone-1/assets", {"assets": []}),
    ("PUT", "/v1/assets/{key}"): ("/v1/assets/taverna", ASSET),
    ("GET", "/v1/assets/{key}"): ("/v1/assets/taverna", None),
    ("DELETE", "/v1/assets/{key}"): ("/v1/assets/taverna", None),
    ("GET", "/v1/orders/{order_id}/cards/counts"): ("/v1/orders/order-1/cards/counts", None),
    ("GET", "/v1/orders/{order_id}/stream"): ("/v1/orders/order-1/stream?seconds=0", None),
    ("POST", "/v1/orders/{order_id}/cards/resend"): ("/v1/orders/order-1/cards/resend", {}),
    ("POST", "/v1/orders/{order_id}/cards/end"): ("/v1/orders/order-1/cards/end", {}),
    ("POST", "/v1/orders/{order_id}/release"): ("/v1/orders/order-1/release", None),
    ("GET", "/v1/pauses"): ("/v1/pauses", None),
    ("DELETE", "/v1/pauses/{kind}/{name}"): ("/v1/pauses/app/com.example.nobody", None),
    ("GET", "/v1/cards/stream"): ("/v1/cards/stream?seconds=0", None),
    ("GET", "/v1/webhooks"): ("/v1/webhooks", None),
    ("PUT", "/v1/webhooks/{name}"): ("/v1/webhooks/crm", {"url": "https://crm.example.com/lockstep"}),
    ("GET", "/v1/webhooks/{name}"): ("/v1/webhooks/crm", None),
    ("DELETE", "/v1/webhooks/{name}"): ("/v1/webhooks/crm", None),
    ("POST", "/v1/webhooks/{name}/secret"): ("/v1/webhooks/crm/secret", {}),
    ("GET", "/v1/webhooks/{name}/deliveries"): ("/v1/webhooks/crm/deliveries", None),
    ("POST", "/v1/webhooks/{name}/resend"): ("/v1/webhooks/crm/resend", {"dead": True}),
    ("PUT", "/v1/customers/{customer_id}/tags"): ("/v1/customers/customer-7/tags", {"tags": ["vip"]}),
    ("GET", "/v1/customers/{customer_id}/tags"): ("/v1/customers/customer-7/tags", None),
    ("GET", "/v1/segments"): ("/v1/segments", None),
    ("PUT", "/v1/segments/{name}"): ("/v1/segments/regulars", {"customers": ["customer-7"]}),
    ("GET", "/v1/segments/{name}"): ("/v1/segments/regulars", None),
    ("DELETE", "/v1/segments/{name}"): ("/v1/segments/regulars", None),
    ("POST", "/v1/segments/{name}/ids"): ("/v1/segments/regulars/ids", {"add": ["customer-8"]}),
    ("GET", "/v1/activities/{activity_id}/audience"): ("/v1/activities/match-1/audience", None),
    ("GET", "/v1/activities/{activity_id}/audience/phones"): ("/v1/activities/match-1/audience/phones", None),
    ("POST", "/v1/activities/{activity_id}/audience/stop"): ("/v1/activities/match-1/audience/stop", {}),
    ("POST", "/v1/activities/{activity_id}/audience/resume"): ("/v1/activities/match-1/audience/resume", {}),
    ("POST", "/v1/audiences/count"): (
        "/v1/audiences/count",
        {"attributesType": "OrderAttributes", "audience": {"everybody": True}},
    ),
    ("POST", "/v1/tickets"): ("/v1/tickets", {"customerId": "customer-7"}),
    ("DELETE", "/v1/console/sessions/current"): ("/v1/console/sessions/current", None),
    ("GET", "/v1/me"): ("/v1/me", None),
    ("GET", "/v1/health/figures"): ("/v1/health/figures", None),
    ("GET", "/metrics"): ("/metrics", None),
}
"""A request for each guarded route that its owner may make; a new route without one fails."""

THERE: Final = ("Taverna", "taverna", "order-1", "phone-1", "activity-1", "card-1", "customer-7", "com.example.shop")
"""What the service holds, and no refusal may show, not even that it was asked for."""

GUARDED: Final = [route for route in ROUTES if route.rule != OPEN]
WITH_TICKETS: Final = [route for route in GUARDED if route.rule.tickets]
LACKING: Final = {
    (route.method, route.path): (404, "not-found")
    for route in GUARDED
    if ("{name}" in route.path and route.method != "PUT")
    or route.path.endswith(("/release", "/sessions/current"))
    or ("/audience" in route.path and "{activity_id}" in route.path)
}
"""What is not there for its own key either, where nobody has made it in these tests."""
MAKING: Final = {("PUT", "/v1/devices/{device_id}")}
"""What makes a thing that is not there."""
OF_THE_REQUEST: Final = {"x-request-id", "date", "ratelimit"}
NAMING: Final = [route for route in WITH_TICKETS if (route.method, route.path) not in MAKING]


def named(route: Route) -> str:
    """Name a route in a test's id."""
    return f"{route.method} {route.path}"


@pytest.fixture
async def shop() -> AsyncIterator[SignIn]:
    """The shop's own sign-in, whose tokens are taken too."""
    async with sign_in() as running:
        yield running


@pytest.fixture
async def api(pool: Pool, keyring: Keyring, shop: SignIn) -> AsyncIterator[Api]:
    """Run the edge, with an order, a phone and a card of customer-7."""
    async with reading(shop) as tokens, running_api(pool, keyring, shop_tokens=tokens) as running:
        placed = await running.send(
            "POST", "/v1/events", cloud_event(id="first"), token="events:write", media_type=CLOUD_EVENT
        )
        phone = await running.send(
            "PUT", "/v1/devices/phone-1", {**DEVICE, "customerId": "customer-7"}, token="devices:write"
        )
        card = await running.send("PUT", "/v1/devices/phone-1/cards/activity-1", CARD, token="devices:write")
        asset = await running.send("PUT", "/v1/assets/taverna", ASSET, token="events:write")
        assert [placed.status, phone.status, card.status, asset.status] == [200, 200, 200, 200]
        running.orders["order-1"] = order_page()
        projector = Projector(pool, keyring, lambda _slots, _matching: None)
        await projector.adopt()
        await projector.project(["order-1"])
        yield running


async def ask(api: Api, route: Route, token: str | None, **more: Any) -> tuple[int, str]:
    """Make the route's request and give status and problem; a refusal says nothing of what is there."""
    path, document = REQUESTS[route.method, route.path]
    reply = await api.send(route.method, path, document, token=token, **more)
    if reply.status in {401, 403, 404}:
        said = reply.body.decode() + str(reply.headers)
        assert [each for each in THERE if each in said] == []
    return reply.status, reply.problem if reply.status >= 400 else ""


async def refuse_everywhere(api: Api, *tokens: str | None) -> None:
    """See that each of these tokens is 401 on every guarded route; what is refused changes nothing for the next."""
    for route in GUARDED:
        for token in tokens:
            assert await ask(api, route, token) == (401, "unauthenticated"), (named(route), token)


def forged(claims: dict[str, Any], key: bytes, algorithm: str = "HS256") -> str:
    """Sign claims with the library itself."""
    return jwt.encode(claims, key, algorithm=algorithm)


def signed_with_what_is_public(shop: SignIn, claims: dict[str, Any]) -> str:
    """Make a token whose HMAC has the shop's public key for its secret, which the library refuses to make."""
    public = shop.keys["first"].public_key()
    text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = unsigned(claims, alg="HS256", kid="first").removesuffix(".")
    return f"{body}.{base64.urlsafe_b64encode(hmac.digest(text, body.encode(), 'sha256')).rstrip(b'=').decode()}"


def test_every_guarded_route_has_a_request_here() -> None:
    """A new route without a row fails."""
    assert {(route.method, route.path) for route in GUARDED} == set(REQUESTS)


def test_only_health_pages_descriptions_a_handshake_and_a_ticket_are_open() -> None:
    """Everything else has a scope; the page is the same for everybody, and what it follows is not."""
    assert {f"{route.method} {route.path}" for route in ROUTES if route.rule == OPEN} == {
        "GET /livez", "GET /readyz", "GET /track", "GET /track.css", "GET /track.js", "OPTIONS /v1/events",
        "GET /openapi.json", "GET /docs", "GET /docs/{file}",
        "GET /v1/schemas/events", "GET /v1/schemas/events/{type}", "POST /v1/console/sessions",
        "GET /", "GET /console/{file}",
    }  # fmt: skip


async def test_nobody_unknown_gets_in(api: Api) -> None:
    """No key, a key that is none, one that was never made, another scheme: 401 with a challenge."""
    never_made = "lk_test_" + api.keys["admin"][8:-1] + ("a" if api.keys["admin"][-1] != "a" else "b")
    headers = {"Authorization": f"Basic {api.keys['admin']}"}
    await refuse_everywhere(api, None, "", "lk_test_", "nonsense", "a.b.c", never_made, "x" * 5_000)
    for route in GUARDED:
        assert await ask(api, route, None, headers=headers) == (401, "unauthenticated"), named(route)
        path, document = REQUESTS[route.method, route.path]
        reply = await api.send(route.method, path, document)
        assert reply.headers["WWW-Authenticate"].startswith("Bearer"), named(route)


async def test_whatever_answers_get_answers_head(api: Api) -> None:
    """To the same callers, with the same status and headers, and without a body."""
    for route in ROUTES:
        if route.method == "GET" and route.path not in {"/metrics", "/docs/{file}", "/v1/schemas/events/{type}"}:
            path, _ = REQUESTS.get((route.method, route.path), (route.path, None))
            for token in ("admin", None):
                whole, head = [await api.send(method, path, token=token) for method in ("GET", "HEAD")]
                assert (head.status, head.body) == (whole.status, b""), path
                assert set(head.headers) == set(whole.headers) - {"Transfer-Encoding"}, path
                assert head.headers.get("Content-Length") == whole.headers.get("Content-Length"), path
    reply = await api.send("HEAD", "/v1/tickets", token="admin")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


async def test_a_key_that_was_good_gets_in_no_more(api: Api, pool: Pool) -> None:
    """A revoked key and an expired key are 401; so is one whose row was copied from another installation."""
    scopes = [*Scope]
    revoked, stored = await api.edge.key_store.create(name="revoked", environment="test", scopes=scopes)
    assert await api.edge.key_store.revoke(stored.key_id)
    ended = await pool.fetchval("SELECT lockstep_now()") - timedelta(seconds=1)
    expired, _ = await api.edge.key_store.create(name="old", environment="test", scopes=scopes, expires_at=ended)
    stranger = KeyStore(pool, dataclasses.replace(api.edge.keyring, hash=b"the secret of somebody else here"))
    foreign, _ = await stranger.create(name="stranger", environment="test", scopes=scopes)
    await refuse_everywhere(api, revoked, expired, foreign)


@pytest.mark.parametrize("route", GUARDED, ids=named)
async def test_a_key_with_other_scopes_does_not_get_in(api: Api, route: Route) -> None:
    """Every other scope is 403; the right one and admin are let in, and get what they asked for if it is there."""
    right = {*Scope} if route.rule.any_key else {route.rule.scope, Scope.ADMIN}
    for scope in Scope:
        status, word = await ask(api, route, scope.value)
        assert (status == 403) == (scope not in right), scope
        if scope in right - {Scope.ADMIN}:
            assert status < 300 or (status, word) == LACKING.get((route.method, route.path)), (status, word)


async def test_a_ticket_that_is_not_ours_or_not_of_now_does_not_get_in(api: Api) -> None:
    """Expired, from the future, too long, another key, audience or algorithm, unsigned, for nobody: 401."""
    key = api.edge.keyring.tickets
    now = int(NOON.timestamp())
    good = {"sub": "customer-7", "aud": "lockstep", "iat": now, "exp": now + 60}
    await refuse_everywhere(
        api,
        forged({**good, "iat": now - 120, "exp": now}, key),
        forged({**good, "iat": now + 300, "exp": now + 600}, key),
        forged({**good, "exp": now + 90_000}, key),
        forged({**good, "aud": "elsewhere"}, key),
        forged({**good, "sub": ""}, key),
        forged({"aud": "lockstep", "iat": now, "exp": now + 60}, key),
        forged({"sub": "customer-7", "aud": "lockstep", "iat": now}, key),
        forged({**good, "exp": float(now + 60)}, key),
        forged(good, b"another key of thirty-two bytes.."),
        forged(good, key * 2, "HS512"),
        forged(good, key * 2, "HS384"),
        unsigned(good),
    )


async def test_a_token_that_is_not_the_shops_or_not_of_now_does_not_get_in(api: Api, shop: SignIn) -> None:
    """Expired, from the future, of another issuer, for another audience, by another key, unsigned: 401."""
    now = int(NOON.timestamp())
    claims = jwt.decode(shop.token("customer-7"), options={"verify_signature": False})
    stranger = SignIn()
    stranger.add("first")
    stranger.add("strange")
    await refuse_everywhere(
        api,
        shop.token("customer-7", exp=now),
        shop.token("customer-7", nbf=now + 300),
        shop.token("customer-7", iss="https://elsewhere.example/"),
        shop.token("customer-7", aud="elsewhere"),
        shop.token(None),
        stranger.token("customer-7"),
        stranger.token("customer-7", key_id="strange"),
        signed_with_what_is_public(shop, claims),
        unsigned(claims, kid="first"),
        unsigned(claims, alg="nOnE", kid="first"),
    )


async def test_a_ticket_of_another_customer_sees_nothing(api: Api, shop: SignIn) -> None:
    """What belongs to others is not there; where tickets are not taken at all it is 403."""
    tokens = (
        api.ticket("customer-8"),
        api.ticket(None, "order-2"),
        api.ticket("customer-8", "order-2"),
        shop.token("customer-8"),
    )
    for route in GUARDED:
        expected = (404, "not-found") if route.rule.tickets else (403, "forbidden")
        for token in tokens:
            assert await ask(api, route, token) == expected, named(route)


@pytest.mark.parametrize("route", NAMING, ids=named)
async def test_what_is_of_another_is_answered_like_what_is_not_there(api: Api, route: Route) -> None:
    """Nothing but the request id tells the two apart: neither status, nor words, nor headers."""
    path, document = REQUESTS[route.method, route.path]
    answers = []
    for asked in (path, path.replace("phone-1", "phone-404").replace("order-1", "order-404")):
        reply = await api.send(route.method, asked, document, token=api.ticket("customer-8"))
        headers = {name: value for name, value in reply.headers.items() if name.lower() not in OF_THE_REQUEST}
        answers.append((reply.status, {**reply.json, "instance": ""}, headers))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


async def test_without_postgres_nobody_is_let_in_and_nobody_refused(dsn: str, keyring: Keyring) -> None:
    """A key that cannot be looked up is 503 on every route, with the time to come back."""
    async with await open_pool(dsn, name="tests") as pool, running_api(pool, keyring) as api:
        await pool.close()
        for (method, _), (path, document) in REQUESTS.items():
            reply = await api.send(method, path, document, token="admin")
            assert (reply.status, reply.problem, reply.headers["Retry-After"]) == (503, "unavailable", "1")


@pytest.mark.parametrize("route", WITH_TICKETS, ids=named)
async def test_a_customer_reaches_what_is_theirs(api: Api, route: Route) -> None:
    """The customer's own ticket is let in everywhere that tickets are."""
    status, _ = await ask(api, route, api.ticket("customer-7"))
    assert status in {200, 204}


@pytest.mark.parametrize("route", WITH_TICKETS, ids=named)
async def test_a_customer_signed_in_at_the_shop_reaches_what_is_theirs(api: Api, shop: SignIn, route: Route) -> None:
    """The shop's own token does what a ticket for its customer does."""
    status, _ = await ask(api, route, shop.token("customer-7"))
    assert status in {200, 204}


async def test_while_the_shops_keys_are_not_to_be_had_its_tokens_are_not_refused(api: Api, shop: SignIn) -> None:
    """503, for they may be good; keys and tickets work on."""
    shop.answer = lambda: web.Response(status=500)
    reply = await api.send("GET", "/v1/orders/order-1", token=shop.token("customer-7"))
    assert (reply.status, reply.problem, reply.headers["Retry-After"]) == (503, "unavailable", "5")
    for token in (api.ticket("customer-7"), "orders:read"):
        assert (await api.send("GET", "/v1/orders/order-1", token=token)).status == 200


async def test_a_phone_changes_hands_by_a_ticket_of_the_new_customer_alone(api: Api) -> None:
    """Signing in needs one's own ticket; the latest signed-in user takes the phone."""
    ours, theirs = api.ticket("customer-7"), api.ticket("customer-8")
    path, report = "/v1/devices/phone-1", {**DEVICE, "customerId": "customer-8"}
    assert (await api.send("PUT", path, report, token=ours)).problem == "forbidden"
    assert (await api.send("PUT", path, report, token=api.ticket(None, "order-1"))).problem == "forbidden"
    assert (await api.send("PUT", path, report, token=theirs)).status == 200
    assert (await api.send("DELETE", path, token=ours)).problem == "not-found"
    assert await api.edge.registry.owner("phone-1") == "customer-8"


async def test_a_ticket_of_one_order_adds_a_phone_that_is_nobodys(api: Api) -> None:
    """An order ticket registers a phone without a customer, and reads its order."""
    ticket = api.ticket(None, "order-1")
    assert (await api.send("PUT", "/v1/devices/phone-9", DEVICE, token=ticket)).status == 200
    assert (await api.send("PUT", "/v1/devices/phone-9/cards/a-9", CARD, token=ticket)).status == 200
    assert (await api.send("GET", "/v1/orders/order-1", token=ticket)).status == 200


async def test_a_card_for_an_order_of_another_is_refused(api: Api) -> None:
    """A phone cannot follow somebody else's order; one that is not known yet is kept."""
    ticket = api.ticket("customer-7")
    api.orders["order-8"] = order_page("order-8", "customer-8")
    path = "/v1/devices/phone-1/cards/activity-8"
    assert (await api.send("PUT", path, {**CARD, "subject": "order-8"}, token=ticket)).problem == "not-found"
    assert (await api.send("PUT", path, {**CARD, "subject": "order-9"}, token=ticket)).status == 200


async def test_a_ticket_sees_no_cards_and_no_personal_values(api: Api) -> None:
    """Devices of an order and the personal fields of its events are for services."""
    named_courier = {"type": "order.courier_assigned", "data": {"courierName": "Anna Kaya"}}
    await api.send("POST", "/v1/orders/order-1/events", named_courier, token="events:write")
    ticket = api.ticket("customer-7")
    shown = [
        ((await api.send("GET", "/v1/orders/order-1", token=token)).json["cards"],
         (await api.send("GET", "/v1/orders/order-1/events", token=token)).json["events"][1]["data"]["courierName"])
        for token in ("orders:read", ticket)
    ]  # fmt: skip
    assert shown[0][0]
    assert shown[0][1] == "Anna Kaya"
    assert shown[1] == ([], None)


async def test_a_key_is_not_in_the_log(api: Api) -> None:
    """Neither keys, nor tickets, nor ids of a path, nor a query are logged."""
    ticket = api.ticket("customer-7")
    with capture_logs(processors=[name_request]) as entries:
        for token in (api.keys["admin"], ticket, "lk_live_secretsecret"):
            await api.send("GET", "/v1/orders/order-1?token=canary-query", token=token)
            await api.send("GET", "/nowhere/canary-path", token=token)
    logged = str(entries)
    assert len(entries) == 6
    assert "/v1/orders/{order_id}" in logged
    for secret in (api.keys["admin"], ticket, "secretsecret", "canary", "order-1", "customer-7"):
        assert secret not in logged
