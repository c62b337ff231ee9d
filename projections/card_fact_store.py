"""What became of cards, in Postgres: written with their settlements, read by those who listen."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
import msgspec

from events.codec import RESERVED_SUBJECTS
from events.feed_cursor import FeedCursor
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from projections.card import Card
from projections.card_fact import CardFact, FactData, FactDocument, FactPlace, FactType, fact_id
from projections.erased_customers import read_erased


class FactPage(msgspec.Struct, frozen=True):
    """Some facts, those of a slot in their order.

    Attributes:
        cursor: The place after them.
    """

    facts: Sequence[FactDocument]
    cursor: FeedCursor


async def add_facts(connection: Connection, facts: Sequence[CardFact]) -> None:
    """Write facts, and whom they are to be told, within the transaction that settles their cards.

    Of a card from before its customer's erasure was asked for, neither customer nor phone is named.
    """
    customers = {each.card.customer_id for each in facts if each.card.customer_id is not None}
    asked_at = await read_erased(connection, customers)
    named = [not _is_erased(each.card, asked_at) for each in facts]
    await connection.execute(
        statement("projections/add_card_facts"),
        [each.card.slot for each in facts],
        [each.card.subject_id if name else _unnamed(each.card) for each, name in zip(facts, named, strict=True)],
        [each.card.card_id for each in facts],
        [each.type for each in facts],
        [each.code for each in facts],
        [each.reason for each in facts],
        [each.card.device_id if name else None for each, name in zip(facts, named, strict=True)],
        [each.card.customer_id if name else None for each, name in zip(facts, named, strict=True)],
        [each.card.app for each in facts],
        [each.card.attributes_type for each in facts],
        [each.card.generation for each in facts],
    )


def _is_erased(card: Card, asked_at: Mapping[str, datetime]) -> bool:
    at = None if card.customer_id is None else asked_at.get(card.customer_id)
    return at is not None and card.created_at <= at


def _unnamed(card: Card) -> str:
    """Give the subject of a card without its customer, for whom a card of all of a customer's orders is named."""
    is_customers = card.subject_id == f"{RESERVED_SUBJECTS}{card.customer_id}"
    return RESERVED_SUBJECTS if is_customers else card.subject_id


async def leap_facts(pool: Pool) -> None:
    """Number on from far ahead, after a restore: what a lost future has numbered is not numbered again."""
    await pool.execute(statement("projections/leap_card_facts"))


class FactStore:
    """Facts, for those who read them all.

    Args:
        pool: Connections; one is used at a time.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def listen(self) -> None:
        """Note that somebody reads: from now on facts are written."""
        await self._pool.execute(statement("projections/note_card_stream"))

    async def newest(self) -> FeedCursor:
        """Give the place after all facts there are."""
        places = await self._places()
        return FeedCursor(tuple(places.get(slot, 0) for slot in ALL_SLOTS))

    async def read(self, cursor: FeedCursor, limit: int) -> FactPage:
        """Read what follows a place, at the most so much."""
        newest = await self._places()
        behind = [slot for slot, position in newest.items() if position > cursor.positions[slot]]
        # in turn from the cursor's first on, so that no slot is read last for ever
        slots = sorted(behind, key=lambda slot: (slot - cursor.first) % len(ALL_SLOTS))
        if not slots:
            return FactPage((), cursor)
        rows = await self._pool.fetch(
            statement("projections/read_card_facts"), slots, [cursor.positions[slot] for slot in slots], limit
        )
        places = list(cursor.positions)
        for row in rows:
            places[row["slot"]] = row["position"]
        if len(rows) < limit:
            # every one up to the newest was to be seen: what is not there is too old
            for slot in slots:
                places[slot] = max(places[slot], newest[slot])
        first = (rows[-1]["slot"] + 1) % len(ALL_SLOTS) if rows else cursor.first
        return FactPage([document_of(row) for row in rows], FeedCursor(tuple(places), first))

    async def _places(self) -> Mapping[int, int]:
        rows = await self._pool.fetch(statement("projections/read_card_fact_places"), ALL_SLOTS)
        return {row["slot"]: row["position"] for row in rows}


def document_of(row: asyncpg.Record) -> FactDocument:
    """Give the fact of a row that has its columns."""
    return FactDocument(
        id=fact_id(FactPlace(row["slot"], row["position"]), row["card_id"]),
        type=FactType(row["type"]),
        timestamp=row["at"],
        data=FactData(
            subject=row["subject_id"],
            card_id=row["card_id"],
            customer_id=row["customer_id"],
            device_id=row["device_id"],
            app=row["app"],
            attributes_type=row["attributes_type"],
            generation=row["generation"],
            code=row["code"],
            reason=row["reason"],
        ),
    )
