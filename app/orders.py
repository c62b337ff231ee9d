"""Reads an order as it stands: its head, its view and its cards."""

import asyncpg
import msgspec

from app.order_page import OrderCard, OrderPage
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from events.store import EventStore
from projections.customer_store import shared_by
from projections.errors import RenderError
from projections.view import drawn
from projections.view_store import ViewStore


class OrderReader:
    """Reads orders for people and for the API."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._store = EventStore(pool, keyring)
        self._views = ViewStore(keyring)

    async def read(self, order_id: str) -> OrderPage | None:
        """Read an order; None when nothing happened to it yet."""
        head = await self._store.read_head(order_id)
        if head is None:
            return None
        with translated():
            async with self._pool.acquire() as connection:
                stored = (await self._views.read(connection, [order_id])).get(order_id)
                rows = await _read_cards(connection, order_id)
        view = None if stored is None or stored.opened is None else stored.view
        content = None
        why_not = None if stored is None or stored.why_not is None else f"It cannot be read: {stored.why_not}."
        if view is not None and view.placed:
            try:
                content = msgspec.Raw(drawn(view))
            except RenderError as error:
                why_not = f"It cannot be drawn: {error}."
        return OrderPage(
            order_id=order_id,
            customer_id=None if view is None else view.customer_id,
            version=head.version,
            view_version=0 if stored is None else stored.version,
            status=view.status if view is not None and view.placed else None,
            over=view is not None and view.over,
            content_state=content,
            why_not=why_not,
            cards=tuple(
                OrderCard(
                    card_id=str(row["card_id"]),
                    device_id=row["device_id"],
                    attributes_type=row["attributes_type"],
                    phase=row["phase"],
                    considered_version=row["considered_version"],
                    accepted_version=row["accepted_version"],
                    outcome=row["outcome"],
                    why=row["why"],
                )
                for row in rows
            ),
            archived_at=head.archived_at,
            archived_to=head.archived_to,
        )


async def _read_cards(connection: Connection, order_id: str) -> list[asyncpg.Record]:
    """Read the cards of an order, and those that show it together with others."""
    shared = await shared_by(connection, order_id)
    subjects = [(order_id, None), *([] if shared is None else [(shared.subject_id, shared.begun_at)])]
    rows: list[asyncpg.Record] = []
    for subject_id, since in subjects:
        found = await connection.fetch(statement("projections/read_cards"), slot_of(subject_id), subject_id)
        rows += [each for each in found if since is None or each["created_at"] >= since]
    return rows
