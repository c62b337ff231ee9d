"""What the HTTP edge needs from the rest, and where a handler finds it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from app.access.caller import Caller
from app.access.key_store import KeyStore
from app.devices.registry import DeviceRegistry
from app.point import Point
from events.appender import Appender
from events.feed import Feed
from events.sealing import Keyring
from events.store import EventStore
from projections.explanation import Explanation
from projections.order_state import OrderState


class OrderCard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A card of an order, for those who look after it.

    Attributes:
        phase: `wanted`, `starting`, `shown`, `ending` or `over`.
        considered_version: What the last plan for this card saw.
        accepted_version: What APNs took last.
        outcome: How the last plan ended, and `why`.
    """

    card_id: str
    device_id: str
    attributes_type: str
    phase: str
    considered_version: int
    accepted_version: int | None = None
    outcome: str | None = None
    why: str | None = None


class OrderPage(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An order as it stands.

    Attributes:
        customer_id: Whose it is; None as long as nobody said.
        version: Of the log.
        view_version: Of what we folded and show.
        content_state: What a card shows, as JSON; None when there is nothing to show.
    """

    order_id: str
    customer_id: str | None
    version: int
    view_version: int
    status: str | None
    over: bool
    content_state: msgspec.Raw | None = None
    cards: tuple[OrderCard, ...] = ()


@dataclass(frozen=True)
class Edge:
    """What the HTTP edge needs.

    Attributes:
        read_order: Reads an order; None when nothing happened to it yet.
        explain_order: Explains why its cards did not move, with the state after each event if it is told to; None
            likewise.
        read_state: Tells what an order was; None likewise.
        ready: Names what keeps us from serving; empty when nothing does.
        clock: The time, aware.
        body_seconds: How long a caller may take to send a body.
    """

    appender: Appender
    store: EventStore
    feed: Feed
    registry: DeviceRegistry
    read_order: Callable[[str], Awaitable[OrderPage | None]]
    explain_order: Callable[[str, bool], Awaitable[Explanation | None]]
    read_state: Callable[[str, Point], Awaitable[OrderState | None]]
    key_store: KeyStore
    keyring: Keyring
    ready: Callable[[], Awaitable[Sequence[str]]]
    clock: Callable[[], datetime]
    body_seconds: float = 15.0


EDGE: Final = web.AppKey("edge", Edge)
CALLER: Final[web.RequestKey[Caller]] = web.RequestKey("caller")


def edge_of(request: web.Request) -> Edge:
    """Give the handler what it needs."""
    return request.app[EDGE]


def caller_of(request: web.Request) -> Caller:
    """Give the caller that was let in."""
    return request[CALLER]
