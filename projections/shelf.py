"""Reads what cards show: views of subjects, and those of customers."""

from collections.abc import Collection

from events.postgres.pool import Connection
from events.sealing import Keyring
from projections.customer_store import CustomerStore
from projections.customer_view import is_customer
from projections.view_store import StoredView, ViewStore


class Shelf:
    """Views as cards show them.

    Args:
        keyring: Opens them.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._views = ViewStore(keyring)
        self._customers = CustomerStore(keyring)

    async def read(self, connection: Connection, subject_ids: Collection[str]) -> dict[str, StoredView]:
        """Read what the cards of subjects show; subjects without a view are left out."""
        customers = [each for each in subject_ids if is_customer(each)]
        if not customers:
            return await self._views.read(connection, list(subject_ids))
        found = await self._views.read(connection, [each for each in subject_ids if not is_customer(each)])
        return found | await self._customers.read(connection, customers)
