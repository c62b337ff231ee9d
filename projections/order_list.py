"""The list of orders: a narrow row for each live view, written with the fold, and read by who looks for orders.

It is a table of its own, since views are found by their keys alone and their rows are changed in place. A row changes
when what it holds does; it is compared with its view once an hour, for what a release without the list has folded.
Whether a card has failed is noted with the settlement that changes that.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg
import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of

MENDED_AT_ONCE: Final = 500
_RELIST: Final = "projections/relist_orders"
_WRITE: Final = "projections/write_order_list"


class ListedOrder(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An order, or another subject, as lists give it.

    Attributes:
        status: By the steps of its kind; None before it was placed.
        over: Whether it is over.
        customer_id: Whose it is; None as long as nobody said.
        trouble: `quarantined` when its fold has failed, `held` when it waits for a worker that reads more, `failed`
            when a card of it could not be sent and a repetition does not mend that; else None.
        changed_at: When one of these changed last.
    """

    order_id: str
    kind: str
    status: str | None
    over: bool
    customer_id: str | None
    trouble: str | None
    changed_at: datetime


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders somebody looks for.

    Attributes:
        customer_id: Those of a customer; None: of anybody.
        order_id: One order; None: any.
        statuses: Those of one of these statuses; empty: of any.
        in_trouble: Those alone with which something is the matter.
        search: Those whose id begins so, or whose customer's id this is; None: any.
    """

    customer_id: str | None = None
    order_id: str | None = None
    statuses: tuple[str, ...] = ()
    in_trouble: bool = False
    search: str | None = None

    def admits(self, order: ListedOrder) -> bool:
        """Tell whether an order may be one of these, whatever its status and its trouble."""
        is_found = self.search is None or order.order_id.startswith(self.search) or order.customer_id == self.search
        return is_found and self.order_id in (None, order.order_id) and self.customer_id in (None, order.customer_id)

    def matches(self, order: ListedOrder) -> bool:
        """Tell whether an order is one of these."""
        has_status = not self.statuses or order.status in self.statuses
        return self.admits(order) and has_status and (order.trouble is not None or not self.in_trouble)


class Place(NamedTuple):
    """A place in a list: of its last order, when it had changed, and its id."""

    changed_at: datetime
    order_id: str


class Row(NamedTuple):
    """A row of the list, with the generation of its view; the status is empty for none."""

    slot: int
    generation: int
    subject_id: str
    kind: str
    status: str
    over: bool
    customer_id: str | None
    trouble: str | None


class OrderList:
    """Reads the list.

    Args:
        pool: Connections; one is used at a time.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, sought: Sought, *, after: Place | None, most: int) -> tuple[list[ListedOrder], Place | None]:
        """Give the next orders, those that changed last first, and the place of the last; None: nothing follows.

        An order that changes meanwhile is at the beginning then. What is found by `search` comes by its id, unless it
        is sought among the orders of a customer.

        Args:
            sought: Which orders.
            after: The place of the page before; None: from the beginning.
            most: How many at the most.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        with translated():
            rows = await self._rows(sought, after, most + 1)
        orders = [listed(row) for row in rows[:most]]
        return orders, Place(orders[-1].changed_at, orders[-1].order_id) if len(rows) > most else None

    async def newest(self, slots: Collection[int]) -> dict[int, datetime]:
        """Tell when the list changed last in each of some slots; those in which it never has are left out.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        with translated():
            rows = await self._pool.fetch(statement("projections/read_list_slots"), sorted(slots))
        return {row["slot"]: row["changed_at"] for row in rows}

    async def changed(self, after: Mapping[int, datetime], *, most: int) -> list[ListedOrder]:
        """Give the orders that have changed, the earliest first.

        Args:
            after: The slots to look at, each with the time after which.
            most: How many at the most.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        with translated():
            rows = await self._pool.fetch(
                statement("projections/find_changed_orders"),
                list(after),
                list(after.values()),
                min(after.values()),
                most,
            )
        return [listed(row) for row in rows]

    async def _rows(self, sought: Sought, after: Place | None, most: int) -> list[asyncpg.Record]:
        if sought.order_id is not None:
            name, key = "projections/read_listed_order", sought.order_id
            rows = await self._pool.fetch(statement(name), slot_of(key), key)
            return [row for row in rows if after is None and sought.matches(listed(row))]
        statuses = list(sought.statuses) or None
        place = (None, None) if after is None else after
        if sought.customer_id is not None:
            name = "projections/list_orders_of_customer"
            which = (sought.customer_id, statuses, sought.in_trouble)
            prefix = None if sought.search == sought.customer_id else sought.search
            return await self._pool.fetch(statement(name), ALL_SLOTS, *which, *place, most, prefix)
        if sought.search is not None:
            name, last = "projections/search_orders", None if after is None else after.order_id
            return await self._pool.fetch(
                statement(name), ALL_SLOTS, sought.search, statuses, sought.in_trouble, last, most
            )
        name = "projections/list_orders_in_trouble" if sought.in_trouble else "projections/list_orders"
        return await self._pool.fetch(statement(name), ALL_SLOTS, statuses, *place, most)


async def write_list(connection: Connection, rows: Sequence[Row]) -> None:
    """Write rows for views that the same transaction has written."""
    if rows:
        times = await _stamp(connection, {each.slot for each in rows})
        columns = map(list, zip(*rows, strict=True))
        await connection.execute(statement(_WRITE), *columns, [times[each.slot] for each in rows])


async def relist(connection: Connection, subject_ids: Sequence[str]) -> None:
    """Bring the list in step with the views of some subjects, in the transaction that changed them."""
    if subject_ids:
        await connection.execute(statement(_RELIST), [slot_of(each) for each in subject_ids], list(subject_ids))


async def list_failures(connection: Connection, subjects: Collection[tuple[int, str]]) -> None:
    """Note which of some subjects have a card that failed, in the transaction that settles their cards.

    Args:
        connection: In a transaction.
        subjects: Slot and subject id of each.
    """
    if not subjects:
        return
    at = await _stamp(connection, {slot for slot, _ in subjects})
    rows = sorted(subjects)
    await connection.execute(
        statement("projections/list_failures"),
        [slot for slot, _ in rows],
        [subject_id for _, subject_id in rows],
        [at[slot] for slot, _ in rows],
    )


async def _stamp(connection: Connection, slots: Collection[int]) -> dict[int, datetime]:
    """Give the time at which the list changes in each of some slots, which are held until the transaction ends."""
    rows = await connection.fetch(statement("projections/stamp_list_slots"), sorted(slots))
    return {row["slot"]: row["changed_at"] for row in rows}


async def mend_failures(pool: Pool, slots: Sequence[int]) -> int:
    """Bring the list in step with the cards of some slots that have failed, and return how many rows were not.

    Args:
        pool: One connection is used at a time.
        slots: The slots.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    with translated():
        async with pool.acquire() as connection, connection.transaction():
            found = await connection.fetch(statement("projections/find_unlisted_failures"), slots, MENDED_AT_ONCE)
            await list_failures(connection, [(row["slot"], row["subject_id"]) for row in found])
    return len(found)


async def mend_list(pool: Pool, slots: Sequence[int]) -> int:
    """Bring the list in step with all views of some slots, and return how many rows were not.

    Args:
        pool: One connection is used at a time.
        slots: The slots.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    total = 0
    while True:
        with translated():
            found = await pool.fetch(statement("projections/find_unlisted"), slots, MENDED_AT_ONCE)
            if not found:
                return total
            subject_ids = [row["subject_id"] for row in found]
            await fetch_through_deadlocks(pool, _RELIST, [slot_of(each) for each in subject_ids], subject_ids)
        total += len(found)
        if len(found) < MENDED_AT_ONCE:
            return total


def listed(row: asyncpg.Record) -> ListedOrder:
    """Give a row of the list as a value."""
    return ListedOrder(
        order_id=row["subject_id"],
        kind=row["kind"],
        status=row["status"] or None,
        over=row["over"],
        customer_id=row["customer_id"],
        trouble=row["trouble"],
        changed_at=row["changed_at"],
    )
