"""Gathers the orders of every customer again and compares with the view that was kept; it reads, and writes nothing."""

from typing import Final

from asyncpg import Record

from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from projections.comparison import Difference, Verified
from projections.customer_store import CustomerStore
from projections.customer_view import fingerprint_of, members_of
from projections.found import found

PAGE: Final = 500


async def verify_customers(pool: Pool, keyring: Keyring) -> Verified:
    """Compare the view of every customer with the orders; those with an order that is to be looked at are behind.

    Each page is read in one snapshot.

    Args:
        pool: One connection is used.
        keyring: Opens views, and keys fingerprints.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    store, total, after = CustomerStore(keyring), Verified(), (-1, "")
    with translated():
        while True:
            async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                rows = await connection.fetch(statement("projections/scan_customer_views"), *after, PAGE)
                if not rows:
                    return total
                total += await _verify_page(connection, store, keyring.hash, rows)
            after = rows[-1]["slot"], rows[-1]["subject_id"]


async def _verify_page(connection: Connection, store: CustomerStore, key: bytes, rows: list[Record]) -> Verified:
    flagged = await connection.fetch(statement("projections/find_flagged_customers"), ALL_SLOTS)
    behind = {row["customer_id"] for row in flagged}
    orders = await store.orders_of(connection, [row["customer_id"] for row in rows])
    different = [
        Difference(row["subject_id"], row["version"], ("/orders",))
        for row in rows
        if row["customer_id"] not in behind
        and fingerprint_of(members_of(orders[row["customer_id"]], row["now"]), key) != row["fingerprint"]
    ]
    return Verified(
        different=found(different), behind=found([row["subject_id"] for row in rows if row["customer_id"] in behind])
    )
