"""Erases customers: their orders lose their personal values, their phones and cards go.

An erasure takes what had been recorded when it was asked for, and nothing that comes later. That it was asked for is
written down first. Whatever is left of the customer, and may go by now, goes with each look; a loop takes one at once
and then every hour, until nothing is found any more. So it may be broken off anywhere, and ends all the same.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Literal

import asyncpg
import msgspec
import structlog

from app.devices.registry import DeviceRegistry
from events.errors import StoreUnavailableError
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from events.store import EventStore
from events.waiting import first_of

log = structlog.get_logger()

HOUR_SECONDS = 3_600.0
AWAY_SECONDS = 5.0
EVER = datetime.max.replace(tzinfo=UTC)
SETTLED_SECONDS = 300.0
"""Whatever was being written when an erasure was asked for has been written, or given up, so long after."""


class Extent(msgspec.Struct, frozen=True, rename="camel"):
    """What an erasure takes.

    Attributes:
        orders: Those that lose their personal values.
        events: Of these orders.
        erased_orders: Those that have lost them already.
        phones: Those that are signed out.
        tokens: Of these phones, for starts and for ordinary notifications.
        open_cards: Those that are not over: of a customer they end, of an order they go on without personal values.
    """

    orders: int
    events: int
    erased_orders: int = 0
    phones: int = 0
    tokens: int = 0
    open_cards: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything is known of what is to be erased."""
        return bool(self.orders or self.erased_orders or self.phones or self.open_cards)


class Asked(msgspec.Struct, frozen=True):
    """An erasure of a customer that was asked for.

    Attributes:
        settled: That is so long ago that nothing of before can still appear.
    """

    customer_id: str
    asked_at: datetime
    settled: bool = False


class Erasure(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An erasure as it is listed.

    Attributes:
        id: Of the order or the customer.
        erased_at: When; of a customer, when it was asked for. None in the answer to an erasure.
        done_at: When nothing was found any more; None: something may be left.
    """

    kind: Literal["order", "customer"]
    id: str
    erased_at: datetime | None = None
    done_at: datetime | None = None


class Eraser:
    """Erases orders and customers.

    Every method raises StoreUnavailableError while Postgres is away; every call may be repeated.

    Args:
        pool: Connections; one is used at a time.
        store: The log.
        registry: Signs phones out.
        ring_behind: Called with orders that were erased, for the projectors; must not block.
    """

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        registry: DeviceRegistry,
        ring_behind: Callable[[Collection[str]], None] = lambda _: None,
    ) -> None:
        self._pool = pool
        self._store = store
        self._registry = registry
        self._ring_behind = ring_behind

    async def run(self, stop: asyncio.Event) -> None:
        """Bring erasures to their end until told to stop."""
        while not stop.is_set():
            wait_seconds = HOUR_SECONDS
            try:
                await self.go_on()
            except StoreUnavailableError as error:
                log.warning("eraser_waits_for_postgres", reason=str(error))
                wait_seconds = AWAY_SECONDS
            await first_of(stop, seconds=wait_seconds)

    async def go_on(self) -> None:
        """Take what is left of each customer whose erasure is not known to be done."""
        with translated():
            rows = await self._pool.fetch(statement("app/find_erasures"), SETTLED_SECONDS)
        for row in rows:
            await self.carry_out(Asked(row["customer_id"], row["asked_at"], row["settled"]))

    async def extent_of_order(self, order_id: str) -> Extent | None:
        """Say what the erasure of an order would take; None when nothing is known of it."""
        head = await self._store.read_head(order_id)
        if head is None:
            return None
        return Extent(1, head.version, open_cards=await self._count_cards([slot_of(order_id)], order_id, None))

    async def extent_of_customer(self, customer_id: str) -> Extent:
        """Say what the erasure of a customer would take."""
        orders = [row for slot in ALL_SLOTS for row in await self._orders(slot, customer_id, EVER)]
        left = [row for row in orders if not row["erased"]]
        with translated():
            [held] = await self._pool.fetch(statement("app/count_phones"), customer_id)
        return Extent(
            orders=len(left),
            events=sum(row["version"] for row in left),
            erased_orders=len(orders) - len(left),
            phones=held["phones"],
            tokens=held["tokens"],
            open_cards=await self._count_cards(ALL_SLOTS, None, customer_id),
        )

    async def erase_order(self, order_id: str) -> None:
        """Erase an order; one of which nothing is known yet keeps nothing personal once it comes."""
        await self._store.erase(order_id)
        self._ring_behind([order_id])

    async def ask(self, customer_id: str) -> Asked:
        """Write down that a customer is to be erased, with all that was recorded until now."""
        with translated():
            [row] = await self._pool.fetch(statement("app/ask_erasure"), customer_id)
        return Asked(row["customer_id"], row["asked_at"])

    async def carry_out(self, asked: Asked) -> int:
        """Take what is left of a customer and may go by now; give the number of cards that are still to end."""
        # first, so that cards end and nothing more is begun for them
        phones = await self._registry.forget_customer(asked.customer_id, asked.asked_at)
        with translated():
            await self._pool.execute(statement("app/forget_customer_traits"), asked.customer_id, asked.asked_at)
        erased, open_cards = 0, 0
        for slot in ALL_SLOTS:
            for row in await self._orders(slot, asked.customer_id, asked.asked_at):
                if not row["erased"]:
                    await self.erase_order(row["subject_id"])
                    erased += 1
            with translated():
                open_cards += await self._pool.fetchval(
                    statement("projections/drop_cards_of_customer"), slot, asked.customer_id, asked.asked_at
                )
        await self._forget_facts(asked)
        if asked.settled and not (phones or erased or open_cards):
            with translated():
                await self._pool.execute(statement("app/end_erasure"), asked.customer_id, asked.asked_at)
            log.info("customer_was_erased")
        return open_cards

    async def _forget_facts(self, asked: Asked) -> None:
        """Take a customer out of what is told of cards, one slot after the other: no lock is held over several."""
        with translated():
            told = await self._pool.fetch(statement("projections/find_facts_of_customer"), ALL_SLOTS, asked.customer_id)
            for row in told:
                await fetch_through_deadlocks(
                    self._pool,
                    "projections/forget_customer_of_facts",
                    row["slot"],
                    asked.customer_id,
                    asked.asked_at,
                )

    async def erasures(self, since: datetime) -> Sequence[Erasure]:
        """List what was erased at a time or later, orders first."""
        orders = await self._store.list_erased(since=since)
        with translated():
            rows = await self._pool.fetch(statement("app/list_erasures"), since)
        return [Erasure("order", order_id, erased_at, erased_at) for order_id, erased_at in orders] + [
            Erasure("customer", row["customer_id"], row["asked_at"], row["done_at"]) for row in rows
        ]

    async def _orders(self, slot: int, customer_id: str, until: datetime) -> list[asyncpg.Record]:
        with translated():
            return await self._pool.fetch(statement("projections/find_orders_of_customer"), slot, customer_id, until)

    async def _count_cards(self, slots: Sequence[int], order_id: str | None, customer_id: str | None) -> int:
        with translated():
            cards: int = await self._pool.fetchval(
                statement("projections/count_cards_of"), slots, order_id, customer_id
            )
        return cards
