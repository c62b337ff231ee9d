"""The card desk: what people look for and ask for, done by the dispatcher like everything else."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from projections.customer_store import shared_by


class ListedCard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A card as a person looks at it.

    Attributes:
        considered_version: What the last plan saw; less than `view_version` means that it is behind.
        asked: What a person asked for and the dispatcher has not done yet: `end`, or `resend`.
    """

    order_id: str
    card_id: str
    device_id: str
    app: str
    environment: str
    attributes_type: str
    generation: int
    carrier: str
    phase: str
    reported_state: str | None
    considered_version: int
    accepted_version: int | None
    view_version: int | None
    outcome: str | None
    why: str | None
    outcome_at: datetime | None
    due_at: datetime | None
    blocked_until: datetime | None
    asked: str | None


_COLUMNS = [each.name for each in msgspec.structs.fields(ListedCard) if each.name not in ("order_id", "card_id")]


class Doubted(msgspec.Struct, frozen=True):
    """What became of cards whose newest writes may be lost.

    Attributes:
        cards: Cards that may have been started, and now count as starts without an answer.
        open: Cards that are not over.
    """

    cards: int
    open: int


class CardDesk:
    """Lists cards, and notes what people ask of them. Every method raises StoreUnavailableError without Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(
        self,
        *,
        order_id: str | None = None,
        device_id: str | None = None,
        phase: str | None = None,
        stuck_seconds: float | None = None,
        most: int = 100,
    ) -> list[ListedCard]:
        """List cards, the newest outcome first.

        Args:
            order_id: Of this order alone, or of it and others of its customer.
            device_id: Of this phone alone.
            phase: In this phase; those that are not over unless given.
            stuck_seconds: Due, or behind their view, for longer than this; or failed, or refused.
            most: At the most so many.
        """
        with translated():
            subjects = None if order_id is None else await self._subjects(order_id)
            slots = ALL_SLOTS if subjects is None else [slot_of(each) for each in subjects]
            rows = await self._pool.fetch(
                statement("projections/list_cards"), slots, subjects, device_id, phase, stuck_seconds, most
            )
        return [
            ListedCard(
                order_id=row["subject_id"],
                card_id=str(row["card_id"]),
                **{name: row[name] for name in _COLUMNS},
            )
            for row in rows
        ]

    async def ask(self, order_id: str, what: Literal["end", "resend"], *, card_id: UUID | None = None) -> list[str]:
        """Ask for an order's open cards, or one of them, to be ended or sent again; give those that were asked.

        A card that shows several orders is a card of each of them.
        """
        asked: list[str] = []
        with translated():
            for subject_id in await self._subjects(order_id):
                rows = await fetch_through_deadlocks(
                    self._pool, "projections/ask_of_cards", slot_of(subject_id), subject_id, card_id, what
                )
                asked += [str(row["card_id"]) for row in rows]
        return sorted(asked)

    async def _subjects(self, order_id: str) -> list[str]:
        shared = await shared_by(self._pool, order_id)
        return [order_id] if shared is None else [order_id, shared.subject_id]

    async def count_unmatched(self) -> int:
        """Count the orders and phones of which it is not known yet which cards there should be."""
        with translated():
            found: int = await self._pool.fetchval(statement("projections/count_flagged_devices"))
            for slot in ALL_SLOTS:
                found += await self._pool.fetchval(statement("projections/count_unmatched"), slot)
        return found

    async def doubt(self) -> Doubted:
        """Doubt every open card, after a restore or a failover that may have lost what was written last.

        Nothing may be sending meanwhile: pause everything before, and resume after.
        """
        cards = opened = 0
        for slot in ALL_SLOTS:
            with translated():
                [row] = await fetch_through_deadlocks(self._pool, "projections/doubt_cards", [slot])
                await fetch_through_deadlocks(self._pool, "projections/doubt_channels", [slot])
            cards, opened = cards + row["doubted"], opened + row["open"]
        return Doubted(cards, opened)
