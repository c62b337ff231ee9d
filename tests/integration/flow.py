"""The stages from an event to a card in debt, moved by hand on a real Postgres."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import asyncpg

from app.devices.device import LaunchAnswer
from app.devices.registry import DeviceRegistry
from events.codec import encode_new
from events.envelope import NewEvent
from events.postgres.pool import Connection, Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.store import EventStore, Group
from projections.card_store import CardStore, Claimed
from projections.matcher import Matcher
from projections.pause import Route
from projections.projector import Projected, Projector
from tests.examples.devices import device
from tests.examples.events import FACTS, NOON

ROUTES: Final[tuple[Route, ...]] = (("*", "sandbox", "KEY1234567"), ("*", "production", "KEY1234567"))
"""One key for everything."""


@dataclass
class Flow:
    """One worker of each kind, none of which runs by itself."""

    pool: Pool
    keyring: Keyring
    due: list[int] = field(default_factory=list)
    flagged: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = EventStore(self.pool, self.keyring)
        self.projector = self.new_projector()
        self.matcher = Matcher(self.pool, self.keyring, self.due.extend)
        self.cards = CardStore(self.pool)
        self.registry = DeviceRegistry(
            self.pool, self.keyring, ring_matcher=lambda: self.flagged.append(True), ring_due=self.due.append
        )

    def new_projector(self) -> Projector:
        """Give one more projector."""
        return Projector(self.pool, self.keyring, self._folded)

    def _folded(self, slots: Collection[int], matching: bool) -> None:  # noqa: FBT001 - the projector's callback
        self.due.extend(slots)
        self.flagged.append(matching)

    def event(
        self, subject_id: str, type_: str, data: dict[str, Any] | None = None, *, extensions: bytes | None = None
    ) -> NewEvent:
        """Give an event of a subject with an id of its own; without a customer's word the card appears at once."""
        facts = FACTS[type_] if data is None else data
        if type_ == "order.placed" and data is None:
            facts = {"customerId": "customer-7", "merchantName": "Taverna Ilios"}
        return encode_new(
            subject_id=subject_id,
            source="shop",
            event_id=uuid4().hex,
            type=type_,
            data=facts,
            occurred_at=NOON,
            key=self.keyring.hash,
            extensions=extensions,
        )

    async def append(self, *events: NewEvent) -> None:
        """Append events of any subjects in one transaction."""
        by_subject: dict[str, list[NewEvent]] = {}
        for event in events:
            by_subject.setdefault(event.subject_id, []).append(event)
        await self.store.append([Group(slot_of(name), name, group) for name, group in by_subject.items()])

    async def happen(self, subject_id: str, *types: str) -> None:
        """Append events of one subject, with example data."""
        await self.append(*(self.event(subject_id, type_) for type_ in types))

    async def place(self, subject_id: str = "order-1", customer_id: str = "customer-7", **data: Any) -> None:
        """Append an order's first event."""
        facts = {"customerId": customer_id, "merchantName": "Taverna Ilios", **data}
        await self.append(self.event(subject_id, "order.placed", facts))

    async def project(self, *subject_ids: str) -> Projected:
        """Adopt the slots and fold these subjects."""
        await self.projector.adopt()
        return await self.projector.project(subject_ids)

    async def match(self) -> None:
        """Match until there is nothing left to match."""
        while await self.matcher.match_views() + await self.matcher.match_devices():
            pass

    async def settle(self, *subject_ids: str) -> None:
        """Fold these subjects and match whatever is flagged."""
        await self.project(*subject_ids)
        await self.match()

    async def register(
        self, device_id: str = "phone-1", customer_id: str | None = "customer-7", **changes: Any
    ) -> LaunchAnswer:
        """Let an app launch, with a start token of its device's own."""
        fields = {"start_tokens": {"OrderAttributes": device_id.encode().hex()}, **changes}
        return await self.registry.register(device_id, device(customer_id, **fields))

    async def rows(self, subject_id: str | None = None) -> list[asyncpg.Record]:
        """Read cards as they stand in the table, by subject, device and generation."""
        return await self.pool.fetch(
            "SELECT * FROM cards WHERE $1::text IS NULL OR subject_id = $1 ORDER BY subject_id, device_id, generation",
            subject_id,
        )

    async def wanted(self) -> asyncpg.Record:
        """Let a phone register and an order be placed, and give the card that is wanted."""
        await self.register()
        await self.place()
        await self.settle("order-1")
        return await self.card()

    async def card(self) -> asyncpg.Record:
        """Read the one card there is."""
        [row] = await self.rows()
        return row

    async def pairs(self) -> list[tuple[str, str, str]]:
        """Give subject, device and customer of each card."""
        return [(row["subject_id"], row["device_id"], row["customer_id"]) for row in await self.rows()]

    async def claim(
        self, *, most: int = 100, lease_seconds: float = 60.0, keys: Sequence[Route] = ROUTES, **limits: Any
    ) -> list[Claimed]:
        """Claim what is due in any slot."""
        return await self.cards.claim(ALL_SLOTS, most=most, lease_seconds=lease_seconds, keys=keys, **limits)

    async def views(self, subject_ids: Sequence[str]) -> dict[str, int]:
        """Give the version of each subject's view."""
        rows = await self.pool.fetch("SELECT subject_id, version FROM views WHERE subject_id = ANY ($1)", subject_ids)
        return {row["subject_id"]: row["version"] for row in rows}


async def raw_append(connection: Connection, subject_id: str, version: int) -> None:
    """Append as another process would, within a transaction that the test ends."""
    await connection.execute(
        "UPDATE heads SET version = $2, settled_at = NULL, last_recorded_at = lockstep_now() WHERE subject_id = $1",
        subject_id,
        version,
    )
    await connection.execute(
        "INSERT INTO events "
        "SELECT slot, subject_id, $2::text::bigint, 'shop', 'late-' || $2::text, 'order.ready', 1, '\\x00', '{}', "
        "NULL, lockstep_now(), lockstep_now(), NULL FROM heads WHERE subject_id = $1",
        subject_id,
        str(version),
    )


async def from_a_newer_release(pool: Pool, subject_id: str, version: int) -> None:
    """Append an event of a type that this release does not know."""
    async with pool.acquire() as connection, connection.transaction():
        await raw_append(connection, subject_id, version)
        await connection.execute(
            "ALTER TABLE events DISABLE TRIGGER events_are_facts; "
            f"UPDATE events SET type = 'order.teleported' WHERE subject_id = '{subject_id}' AND version = {version}; "
            "ALTER TABLE events ENABLE TRIGGER events_are_facts"
        )
