"""What the HTTP edge needs from the rest, and where a handler finds it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from app.access.caller import Caller
from app.access.console_sessions import ConsoleSessions
from app.access.key_store import KeyStore
from app.access.personal_reads import PersonalReads
from app.access.quota_keeper import QuotaKeeper
from app.access.senders import Senders
from app.access.shop_tokens import ShopTokens
from app.card_counts import CardCounts
from app.card_stream import CardStream
from app.deeds import Deeds
from app.definitions import DefinitionStore
from app.devices.pictures import Pictures
from app.devices.registry import DeviceRegistry
from app.http.limits import USUAL, HttpLimits
from app.order_follower import OrderFollower
from app.order_page import OrderPage
from app.plan_waiter import PlanWaiter
from app.point import Point
from app.tracking.tracker import Tracker
from app.webhooks.webhook_store import WebhookStore
from events.appender import Appender
from events.feed import Feed
from events.sealing import Keyring
from events.store import EventStore
from projections.audience_store import AudienceStore
from projections.eta_keeper import EtaKeeper
from projections.explanation import Explanation
from projections.order_list import OrderList
from projections.order_state import OrderState
from projections.segment_store import SegmentStore


@dataclass(frozen=True)
class Edge:
    """What the HTTP edge needs.

    Attributes:
        read_order: Reads an order; None when nothing happened to it yet.
        explain_order: Explains why its cards did not move, with the state after each event if it is told to; None
            likewise.
        read_state: Tells what an order was; None likewise.
        count_cards: Counts what became of the cards of a subject.
        ring_facts: Called when a webhook is to be told something; must not block.
        ring_matcher: Called after somebody's cards are to be looked for; must not block.
        ready: Names what keeps us from serving; empty when nothing does.
        write_metrics: Gives the metrics of this process, as Prometheus reads them.
        clock: The time, aware.
        shop_tokens: Reads the shop's own tokens; None where none are taken.
        limits: What callers may take.
        note_request: Called after an answer with the request's `traceparent`, its method, route, status and seconds.
    """

    appender: Appender
    store: EventStore
    etas: EtaKeeper
    definitions: DefinitionStore
    feed: Feed
    registry: DeviceRegistry
    segments: SegmentStore
    audiences: AudienceStore
    ring_matcher: Callable[[], None]
    pictures: Pictures
    read_order: Callable[[str], Awaitable[OrderPage | None]]
    explain_order: Callable[[str, bool], Awaitable[Explanation | None]]
    read_state: Callable[[str, Point], Awaitable[OrderState | None]]
    deeds: Deeds
    count_cards: Callable[[str], Awaitable[CardCounts]]
    order_list: OrderList
    order_follower: OrderFollower
    card_stream: CardStream
    plan_waiter: PlanWaiter
    tracker: Tracker
    key_store: KeyStore
    console_sessions: ConsoleSessions
    quotas: QuotaKeeper
    reads: PersonalReads
    senders: Senders
    webhooks: WebhookStore
    ring_facts: Callable[[], None]
    keyring: Keyring
    ready: Callable[[], Awaitable[Sequence[str]]]
    write_metrics: Callable[[], Awaitable[bytes]]
    clock: Callable[[], datetime]
    shop_tokens: ShopTokens | None = None
    limits: HttpLimits = USUAL
    note_request: Callable[[str | None, str, str | None, int, float], None] | None = None


EDGE: Final = web.AppKey("edge", Edge)
CALLER: Final[web.RequestKey[Caller]] = web.RequestKey("caller")


def edge_of(request: web.Request) -> Edge:
    """Give the handler what it needs."""
    return request.app[EDGE]


def caller_of(request: web.Request) -> Caller:
    """Give the caller that was let in."""
    return request[CALLER]
