"""Orders that are finished, and what an archive makes of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from events.archive_file import ArchiveFolder
from events.envelope import RecordedEvent
from events.slot import ALL_SLOTS
from projections.archiver import Archived, archive_orders
from projections.comparison import Verified
from projections.restorer import Restored, restore_orders
from projections.verifier import verify
from tests.conftest import Clock
from tests.integration.flow import Flow

LIFE = ("order.placed", "order.courier_assigned", "order.note", "order.delivered")
"""Of an order that ends; names and notes among it."""
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass
class Archiving:
    """What the command does."""

    flow: Flow
    clock: Clock
    folder: Path

    async def finish(self, *orders: str) -> None:
        """Let orders be delivered, be folded, and be settled."""
        for each in orders:
            await self.flow.happen(each, *LIFE)
        await self.settle(*orders)

    async def settle(self, *orders: str) -> None:
        """Fold, match and settle what happened to orders."""
        await self.flow.settle(*orders)
        await self.clock.advance(minutes=2)
        await self.flow.projector.sweep(ALL_SLOTS)

    async def run(self, before: datetime = FUTURE) -> Archived:
        """Archive what was recorded by then."""
        with self.held() as folder:
            return await archive_orders(
                self.flow.pool, self.flow.keyring, folder, before=before, on_step=lambda _: None
            )

    async def put_back(self, name: str, order_id: str | None = None) -> Restored:
        """Put back what is in a file."""
        return await restore_orders(
            self.flow.pool, self.flow.keyring, self.folder / name, order_id=order_id, on_step=lambda _: None
        )

    async def verify(self) -> Verified:
        """Compare the views with the log."""
        return await verify(self.flow.pool, self.flow.keyring)

    def held(self) -> AbstractContextManager[ArchiveFolder]:
        """Hold the folder, as who writes to it does."""
        return ArchiveFolder.held(self.folder)

    async def archived(self) -> set[str]:
        """Name the orders that are archived."""
        rows = await self.flow.pool.fetch("SELECT subject_id FROM heads WHERE archived_at IS NOT NULL")
        return {row["subject_id"] for row in rows}

    async def first_event(self, order: str) -> RecordedEvent:
        """Give an order's first event."""
        async for event in self.flow.store.read_subject(order):
            return event
        raise AssertionError(order)

    async def give_card(self, order: str, state: str) -> None:
        """Give an order a card that is over, and then that state."""
        await self.flow.pool.execute(
            "INSERT INTO cards (slot, subject_id, card_id, device_id, app, environment, attributes_type, generation, "
            "starter, created_at, phase) SELECT slot, subject_id, gen_random_uuid(), 'phone-1', 'shop', 'sandbox', "
            "'OrderAttributes', 1, 'server', now(), 'over' FROM heads WHERE subject_id = $1",
            order,
        )
        await self.flow.pool.execute(f"UPDATE cards SET {state} WHERE subject_id = $1", order)

    async def give_receipt(self, order: str) -> None:
        """Give the card of an order a receipt."""
        await self.flow.pool.execute(
            "INSERT INTO receipts (slot, subject_id, card_id, lease, sent_at, answered_at, kind, version, why, "
            "outcome, apns_id, timestamp, priority) SELECT slot, subject_id, card_id, 1, now(), now(), 'end', 4, "
            "'over', 'accepted', gen_random_uuid(), 1, 10 FROM cards WHERE subject_id = $1",
            order,
        )

    def names(self) -> list[str]:
        """Name what is in the folder."""
        return sorted(each.name for each in self.folder.iterdir())

    async def rows(self, tables: Sequence[str] = ("events", "views", "cards", "receipts", "feed")) -> dict[str, int]:
        """Count the rows of the tables of subjects."""
        return {each: await self.flow.pool.fetchval(f"SELECT count(*) FROM {each}") for each in tables}

    async def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Give log, heads and live views as they are, every column that says something of the order."""
        pool = self.flow.pool
        columns = "subject_id, version, state::text, fingerprint, customer_id, status, over, match_due_at, crowd"
        return {
            "events": [
                tuple(row) for row in await pool.fetch("SELECT * FROM events ORDER BY slot, subject_id, version")
            ],
            "heads": [
                tuple(row)
                for row in await pool.fetch(
                    "SELECT subject_id, version, last_recorded_at, archived_at FROM heads ORDER BY subject_id"
                )
            ],
            "views": [tuple(row) for row in await pool.fetch(f"SELECT {columns} FROM views ORDER BY subject_id")],
        }
