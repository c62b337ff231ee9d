"""The HTTP edge on a real port and a real Postgres, and a client that knows its keys."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import msgspec
from multidict import CIMultiDictProxy

from app.access.api_key import Scope
from app.access.caller import Customer
from app.access.console_sessions import ConsoleSessions
from app.access.key_store import KeyStore
from app.access.personal_reads import PersonalReads
from app.access.quota import Quota, TicketQuota
from app.access.quota_keeper import QuotaKeeper
from app.access.senders import Senders
from app.access.ticket import mint
from app.apns.dispatch_rules import DispatchRules
from app.card_counts import CardCounter
from app.card_stream import CardStream
from app.deeds import Deeds
from app.definitions import DefinitionStore
from app.devices.pictures import Pictures
from app.devices.registry import DeviceRegistry
from app.explanations import Explainer
from app.http.edge import Edge
from app.http.limits import USUAL, HttpLimits
from app.http.routes import Route
from app.http.server import build_app, serving
from app.metrics.health import HealthReader
from app.metrics.page import MetricsPage
from app.order_follower import OrderFollower
from app.order_page import OrderCard, OrderPage
from app.order_states import StateReader
from app.plan_waiter import PlanWaiter
from app.tracking.tracker import Tracker
from app.webhooks.address import AddressRules
from app.webhooks.webhook_store import WebhookStore
from events.appender import Appender
from events.feed import Feed
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.store import EventStore
from projections.audience_store import AudienceStore
from projections.eta_keeper import EtaKeeper
from projections.freshness import FreshnessRules
from projections.order_list import OrderList
from projections.segment_store import SegmentStore
from tests.integration.documented import faults_of

NOON: Final = datetime(2025, 11, 1, 12, tzinfo=UTC)
PROBLEM: Final = "application/problem+json"
CLOUD_EVENT: Final = "application/cloudevents+json"
CLOUD_EVENTS: Final = "application/cloudevents-batch+json"
DEVICE: Final = {"app": "com.example.shop", "environment": "sandbox", "iosVersion": "18.2"}
CARD: Final = {"subject": "order-1", "attributesType": "OrderAttributes", "activityId": "activity-1"}


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return msgspec.json.decode(self.body)

    @property
    def problem(self) -> str:
        """The word of the problem, which must be one."""
        assert self.headers["Content-Type"] == PROBLEM, self
        assert self.json["status"] == self.status
        assert self.json["instance"] == self.headers["X-Request-Id"]
        word: str = self.json["type"].removeprefix("urn:lockstep:problem:")
        return word


@dataclass
class Api:
    """A running edge."""

    port: int
    session: aiohttp.ClientSession
    edge: Edge
    keys: dict[str, str]
    orders: dict[str, OrderPage] = field(default_factory=dict)
    not_ready: list[str] = field(default_factory=list)

    def ticket(self, customer_id: str | None, order: str | None = None) -> str:
        """Mint a ticket."""
        text, _ = mint(Customer(customer_id, order), self.edge.keyring.tickets, now=NOON, ttl_seconds=600)
        return text

    async def send(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        token: str | None = None,
        media_type: str = "application/json",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request, whose answer must be a documented one; `token` names one of `keys`, or is one."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {self.keys.get(token, token)}"
        if document is not None:
            body = msgspec.json.encode(document)
        if body is not None and media_type:
            sent["Content-Type"] = media_type
        async with self.session.request(
            method, f"http://127.0.0.1:{self.port}{path}", data=body, headers=sent,
            skip_auto_headers=("Content-Type",),
        ) as response:  # fmt: skip
            reply = Reply(response.status, response.headers, await response.read())
            asked = response.url.raw_path  # `/.` is `/` to whoever sends it
        assert [*faults_of(method, asked, reply.status, reply.headers, reply.body)] == []
        return reply


def cloud_event(**changes: Any) -> dict[str, Any]:
    """Give an example of a CloudEvent; a change to None leaves the attribute out."""
    event = {
        "specversion": "1.0",
        "id": "event-1",
        "source": "shop",
        "subject": "order-1",
        "type": "order.placed",
        "time": "2025-11-01T11:59:00Z",
        "data": {"customerId": "customer-7", "merchantName": "Taverna Ilios"},
        **changes,
    }
    return {name: value for name, value in event.items() if value is not None}


def order_page(order_id: str = "order-1", customer_id: str | None = "customer-7") -> OrderPage:
    """Give an example of an order as it stands."""
    card = OrderCard(
        card_id="card-1", device_id="phone-1", attributes_type="OrderAttributes", phase="shown", considered_version=1
    )
    return OrderPage(
        order_id=order_id,
        customer_id=customer_id,
        version=1,
        view_version=1,
        status="placed",
        over=False,
        content_state=msgspec.Raw(b'{"status":"placed"}'),
        cards=(card,),
    )


@asynccontextmanager
async def running_api(
    pool: Pool,
    keyring: Keyring,
    *,
    limits: HttpLimits = USUAL,
    more: Sequence[Route] = (),
    **changes: Any,
) -> AsyncIterator[Api]:
    """Run an edge with a key for each scope, and some routes more."""
    orders: dict[str, OrderPage] = {}
    not_ready: list[str] = []

    async def read_order(order_id: str) -> OrderPage | None:
        return orders.get(order_id)

    async def ready() -> Sequence[str]:
        return not_ready

    store = EventStore(pool, keyring)
    appender = Appender(store, lambda _: None)
    key_store = KeyStore(pool, keyring)
    edge = Edge(
        appender=appender,
        store=store,
        history=store,
        etas=EtaKeeper(pool, keyring, store, lambda _: None),
        definitions=DefinitionStore(pool),
        feed=Feed(pool, keyring),
        pictures=Pictures(pool, lambda: None),
        registry=DeviceRegistry(pool, keyring, ring_matcher=lambda: None, ring_due=lambda _: None),
        segments=SegmentStore(pool),
        audiences=AudienceStore(pool),
        ring_matcher=lambda: None,
        read_order=read_order,
        explain_order=Explainer(pool, keyring, DispatchRules(), lambda: None).explain,
        read_state=StateReader(pool, keyring, keep_receipts_days=30).read,
        deeds=Deeds(pool),
        count_cards=CardCounter(pool).count,
        order_list=OrderList(pool),
        order_follower=OrderFollower(OrderList(pool)),
        card_stream=CardStream(pool),
        plan_waiter=PlanWaiter(pool),
        tracker=Tracker(pool, keyring, FreshnessRules()),
        key_store=key_store,
        console_sessions=ConsoleSessions(pool, keyring),
        quotas=QuotaKeeper(pool, Quota()),
        ticket_quotas=QuotaKeeper(pool, TicketQuota()),
        reads=PersonalReads(pool),
        senders=Senders(pool, keyring),
        webhooks=WebhookStore(pool, keyring, AddressRules()),
        ring_facts=lambda: None,
        keyring=keyring,
        ready=ready,
        read_health=HealthReader(pool).read,
        write_metrics=MetricsPage(pool).write,
        clock=lambda: NOON,
        limits=limits,
    )
    edge = replace(edge, **changes)
    made = {scope.value: await key_store.create(name="test", environment="test", scopes=[scope]) for scope in Scope}
    keys = {name: key for name, (key, _) in made.items()}
    app = build_app(edge, more)
    async with serving(app, "127.0.0.1", 0, limits) as port, aiohttp.ClientSession() as session:
        yield Api(port, session, edge, keys, orders, not_ready)
    await appender.drain()


async def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes on a fresh connection and give everything that comes until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
