"""Customers who were to be erased: what was told of them before must not come back."""

from collections.abc import Collection
from datetime import datetime

from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement


async def read_erased(on: Pool | Connection, customer_ids: Collection[str]) -> dict[str, datetime]:
    """Tell when it was asked last to erase each of some customers; the others are left out."""
    rows = await on.fetch(statement("projections/find_erased_customers"), sorted(customer_ids))
    return {row["customer_id"]: row["asked_at"] for row in rows}
