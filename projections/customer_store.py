"""Reads and writes the views of customers, and gathers the orders in them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from events.errors import LockstepError
from events.postgres.deadlocks import commit_through_deadlocks, fetch_through_deadlocks
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from projections.customer_view import (
    Gathering,
    Member,
    OrderAlert,
    compose,
    fingerprint_of,
    gather,
    subject_of,
)
from projections.registry import CARDS
from projections.view import View
from projections.view_store import StoredView, ViewStore

_members: Final = msgspec.json.Decoder(tuple[Member, ...]).decode
_alerts: Final = msgspec.json.Decoder(tuple[OrderAlert, ...]).decode
_encode: Final = msgspec.json.Encoder().encode


class Gathered(msgspec.Struct, frozen=True):
    """What became of customers whose orders were gathered.

    Attributes:
        owing: The slots in which cards were put in debt.
        unread: Customers who were left as they were: an order of theirs cannot be read here.
    """

    owing: frozenset[int]
    unread: frozenset[str]


class SharedCards(msgspec.Struct, frozen=True):
    """The cards of a customer, which show several orders.

    Attributes:
        begun_at: Those that were made before are of other orders.
    """

    subject_id: str
    begun_at: datetime


class CustomerStore:
    """Views of customers in Postgres.

    Args:
        keyring: Opens views of orders, and keys fingerprints.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._views = ViewStore(keyring)
        self._key = keyring.hash

    async def read(self, connection: Connection, subject_ids: Collection[str]) -> dict[str, StoredView]:
        """Read views of customers, with the orders in them; customers without one are left out."""
        rows = await _read(connection, subject_ids)
        kept = {row["subject_id"]: _kept(row) for row in rows}
        orders = await self._views.read(connection, sorted(set().union(*(each.named() for each in kept.values()))))
        return {row["subject_id"]: _stored(row, kept[row["subject_id"]], orders) for row in rows}

    async def gather(self, pool: Pool, customer_ids: Collection[str]) -> Gathered:
        """Bring the views of customers up to the orders that they have now, and then put their cards in debt.

        Who dies in between leaves the flags of the orders raised, and the next who gathers finds what is owed. An order
        that cannot be read may be open: without it the card would end, or begin anew.

        Raises:
            StoreUnavailableError: Postgres is away; nothing was written, or the views alone.
        """
        wanted = sorted({(slot_of(subject_of(each)), subject_of(each), each) for each in customer_ids})
        unread = await commit_through_deadlocks(pool, lambda connection: self._gather(connection, wanted))
        # in a statement that begins after the commit: whatever card comes later is planned by what was written
        owing = await fetch_through_deadlocks(
            pool, "projections/owe_customers", [slot for slot, _, _ in wanted], [name for _, name, _ in wanted]
        )
        return Gathered(frozenset(row["slot"] for row in owing), unread)

    async def _gather(self, connection: Connection, wanted: Sequence[tuple[int, str, str]]) -> frozenset[str]:
        """Do so for slot, subject and customer of each; give the customers who were left as they were."""
        # from here on whoever comes for one of them waits, and reads the orders after us
        rows = await connection.fetch(statement("projections/take_customers"), *map(list, zip(*wanted, strict=True)))
        kept = {row["customer_id"]: _kept(row) for row in rows}
        whose = {member.subject_id: customer for customer, each in kept.items() for member in each.members}
        whose |= await self._find_orders(connection, list(kept))
        orders = await self._views.read(connection, sorted(whose))
        unread = frozenset(whose[name] for name, each in orders.items() if each.opened is None)
        theirs = _by_customer(kept, orders)
        now = max((each.read_at for each in orders.values()), default=None)
        changed: list[tuple[asyncpg.Record, Gathering]] = []
        for row in rows:
            before = kept[row["customer_id"]]
            after = gather(before, theirs[row["customer_id"]], now or before.begun_at)
            if after != before and row["customer_id"] not in unread:
                changed.append((row, after))
        await self._write(connection, changed)
        return unread

    async def orders_of(self, connection: Connection, customer_ids: Sequence[str]) -> dict[str, dict[str, View]]:
        """Read the open orders of customers, those that wait for their time included: by customer, by order."""
        whose = await self._find_orders(connection, customer_ids)
        return _by_customer(customer_ids, await self._views.read(connection, sorted(whose)))

    async def _find_orders(self, connection: Connection, customer_ids: Sequence[str]) -> dict[str, str]:
        """Find the open orders of customers that one card is to show, with whose each is."""
        rows = await connection.fetch(statement("projections/find_orders_to_gather"), ALL_SLOTS, customer_ids)
        return {row["subject_id"]: row["customer_id"] for row in rows if CARDS.gathering(row["kind"]) is not None}

    async def _write(self, connection: Connection, changed: Collection[tuple[asyncpg.Record, Gathering]]) -> None:
        if not changed:
            return
        await connection.execute(
            statement("projections/write_customer_views"),
            [row["slot"] for row, _ in changed],
            [row["subject_id"] for row, _ in changed],
            [each.version for _, each in changed],
            [each.status_version for _, each in changed],
            [_encode(each.members) for _, each in changed],
            [fingerprint_of(each.members, self._key) for _, each in changed],
            [_encode(each.alerts) for _, each in changed],
            [each.last for _, each in changed],
            [each.over for _, each in changed],
            [each.begun_at for _, each in changed],
            [each.joined_at for _, each in changed],
        )


async def shared_by(connection: Connection | Pool, order_id: str) -> SharedCards | None:
    """Name the cards that show an order together with others, or showed it last; None: there are none."""
    if not CARDS.gathers:
        return None
    customer_id = await connection.fetchval(statement("projections/read_customer_of"), slot_of(order_id), order_id)
    if customer_id is None:
        return None
    subject_id = subject_of(customer_id)
    rows = await _read(connection, [subject_id])
    return next((SharedCards(subject_id, row["begun_at"]) for row in rows if order_id in _kept(row).shown), None)


async def _read(connection: Connection | Pool, subject_ids: Collection[str]) -> list[asyncpg.Record]:
    slots = [slot_of(each) for each in subject_ids]
    return await connection.fetch(statement("projections/read_customer_views"), slots, list(subject_ids))


def _by_customer(customer_ids: Iterable[str], orders: Mapping[str, StoredView]) -> dict[str, dict[str, View]]:
    """Sort the orders that one card is to show together; one that cannot be read is none of them."""
    theirs: dict[str, dict[str, View]] = {each: {} for each in customer_ids}
    for subject_id, stored in orders.items():
        if stored.opened is None:
            continue
        view = stored.view
        if view.customer_id in theirs and CARDS.gathering(view.kind) is not None:
            theirs[view.customer_id][subject_id] = view
    return theirs


def _kept(row: asyncpg.Record) -> Gathering:
    return Gathering(
        version=row["version"],
        status_version=row["status_version"],
        members=_members(row["orders"]),
        alerts=_alerts(row["alerts"]),
        last=row["last_order"],
        begun_at=row["begun_at"],
        joined_at=row["joined_at"],
    )


def _stored(row: asyncpg.Record, kept: Gathering, orders: Mapping[str, StoredView]) -> StoredView:
    """Give a customer's view with its orders; if one of them cannot be read, neither can it."""
    mine = {each: orders[each] for each in kept.named() if each in orders}
    failure: LockstepError | None = next((each.why_not for each in mine.values() if each.opened is None), None)
    views = {name: each.view for name, each in mine.items() if each.opened is not None}
    shown = [each for each in kept.shown if each in views]
    return StoredView(
        slot=row["slot"],
        generation=0,
        subject_id=row["subject_id"],
        version=row["version"],
        opened=compose(row["customer_id"], kept, views) if len(views) == len(mine) else None,
        folded_at=row["gathered_at"],
        heard_at=max((views[each].heard_since(mine[each].heard_at) for each in shown), default=row["gathered_at"]),
        read_at=row["now"],
        fingerprint=row["fingerprint"],
        data_key=None,
        why_not=failure,
    )
