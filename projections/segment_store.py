"""Segments and tags in Postgres: the only module with their statements."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from projections.audience import Who
from projections.errors import FilterError, SegmentUnknownError
from projections.segment_filter import parse_filter
from projections.segment_sql import EVERYBODY, NOBODY, Condition, condition_of, ids_of_segment, in_place, of_customers

LOOKED_THROUGH: Final = 5_000
"""Phones that one statement looks through: a few milliseconds."""
LISTED: Final = 1_000

IdsOf = Literal["customers", "devices"]


class Segment(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A segment as it is stored: a filter, or a list of ids.

    Attributes:
        ids: How many there are; None where they were not counted.
    """

    name: str
    filter: str | None = None
    ids_of: IdsOf | None = None
    ids: int | None = None
    changed_at: datetime


class Members(msgspec.Struct, frozen=True):
    """How to find the phones of an audience.

    Attributes:
        condition: Of the phone `d` and the tags `t` of its customer.
        revision: Of the segment that it came from; None: of none.
    """

    condition: Condition
    revision: UUID | None = None


class Counted(msgspec.Struct, frozen=True):
    """How many phones there are.

    Attributes:
        reachable: Those that can be sent a card of the attributes type now.
    """

    phones: int
    reachable: int


class SegmentStore:
    """Segments, tags, and who is in them.

    Every method raises StoreUnavailableError while Postgres is away; every call may be repeated.

    Args:
        pool: Connections; one is used at a time.
        looked_through: Phones that one statement looks through.
    """

    def __init__(self, pool: Pool, *, looked_through: int = LOOKED_THROUGH) -> None:
        self._pool = pool
        self._looked_through = looked_through

    async def put_filter(self, name: str, text: str) -> None:
        """Store a filter by a name, in place of what was there.

        Raises:
            FilterError: It is none.
        """
        parse_filter(text)
        await self._put(name, text, None, ())

    async def put_ids(self, name: str, ids_of: IdsOf, ids: Sequence[str]) -> None:
        """Store a list of ids by a name, in place of what was there."""
        await self._put(name, None, ids_of, ids)

    async def change_ids(self, name: str, *, add: Sequence[str], remove: Sequence[str]) -> bool:
        """Take ids out of a list, and add others; False: there is no list by this name."""
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(statement("projections/touch_segment"), name) is None:
                    return False
                await self._change_ids(connection, name, remove=remove, add=add)
        return True

    async def read(self, name: str) -> Segment | None:
        """Read a segment, with the number of its ids."""
        row = await self._row(name)
        if row is None:
            return None
        ids = None
        if row["ids_of"] is not None:
            with translated():
                ids = await self._pool.fetchval(statement("projections/count_segment_ids"), name)
        return _segment(row, ids)

    async def revisions(self, names: Collection[str]) -> dict[str, UUID]:
        """Read the revision of each of these segments that is there."""
        return {row["name"]: row["revision"] for row in await self._rows(sorted(names))}

    async def list_after(self, name: str = "") -> list[Segment]:
        """List segments by name, from one on."""
        with translated():
            rows = await self._pool.fetch(statement("projections/list_segments"), name, LISTED)
        return [_segment(row) for row in rows]

    async def drop(self, name: str) -> bool:
        """Delete a segment; False: there is none by this name. Who has a card because of it keeps that."""
        with translated():
            return await self._pool.fetchval(statement("projections/drop_segment"), name) is not None

    async def put_customer_tags(self, customer_id: str, tags: Sequence[str]) -> None:
        """Store a customer's tags, in place of those before; the matcher looks at the customer's phones."""
        with translated():
            await self._pool.execute(statement("projections/put_customer_tags"), customer_id, sorted(set(tags)))

    async def customer_tags(self, customer_id: str) -> list[str]:
        """Read a customer's tags."""
        with translated():
            tags: list[str] | None = await self._pool.fetchval(statement("projections/read_customer_tags"), customer_id)
        return tags or []

    async def members(self, who: Who, first: int) -> Members | None:
        """Tell how to find the phones of an audience, as it is now.

        Args:
            who: The audience.
            first: The number of the condition's first parameter.

        Returns:
            None: the segment is not there.
        """
        if who.customers is not None:
            return Members(of_customers(who.customers, first))
        if who.segment is None:
            return Members(EVERYBODY)
        row = await self._row(who.segment)
        if row is None:
            return None
        if row["ids_of"] is not None:
            return Members(ids_of_segment(who.segment, row["ids_of"], first), row["revision"])
        try:
            return Members(condition_of(parse_filter(row["filter"]), first), row["revision"])
        except FilterError:
            # a release that reads more has stored it: nobody is in it here
            return Members(NOBODY, row["revision"])

    async def members_among(self, who: Who, attributes_type: str, device_ids: Sequence[str]) -> set[str]:
        """Give those of some phones that belong to an audience and can be sent a card of a type now."""
        members = await self.members(who, 3)
        if members is None:
            return set()
        sql = in_place(statement("projections/find_members_among"), members.condition)
        with translated():
            rows = await self._pool.fetch(sql, attributes_type, device_ids, *members.condition.values)
        return {row["device_id"] for row in rows}

    async def count(self, who: Who, attributes_type: str) -> Counted:
        """Count the phones of an audience.

        Raises:
            SegmentUnknownError: There is no such segment.
        """
        members = await self.members(who, 4)
        if members is None:
            raise SegmentUnknownError(who.segment or "")
        return await self.count_where(members.condition, attributes_type)

    async def count_filter(self, text: str, attributes_type: str) -> Counted:
        """Count the phones that a filter takes.

        Raises:
            FilterError: It is none.
        """
        return await self.count_where(condition_of(parse_filter(text), 4), attributes_type)

    async def count_where(self, condition: Condition, attributes_type: str) -> Counted:
        """Count phones, some thousands a statement."""
        sql = in_place(statement("projections/count_members"), condition)
        phones, reachable, after = 0, 0, ""
        while True:
            with translated():
                [row] = await self._pool.fetch(sql, attributes_type, after, self._looked_through, *condition.values)
            if row["last"] is None:
                return Counted(phones, reachable)
            phones, reachable, after = phones + row["phones"], reachable + row["reachable"], row["last"]

    async def _put(self, name: str, text: str | None, ids_of: IdsOf | None, ids: Sequence[str]) -> None:
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(statement("projections/put_segment"), name, text, ids_of)
                await self._change_ids(connection, name, remove=None, add=ids)

    async def _change_ids(
        self, connection: Connection, name: str, *, remove: Sequence[str] | None, add: Sequence[str]
    ) -> None:
        """Change the ids of a segment whose row is ours until the transaction ends; None takes all of them out."""
        await connection.execute(statement("projections/drop_segment_ids"), name, remove)
        await connection.execute(statement("projections/add_segment_ids"), name, add)

    async def _row(self, name: str) -> asyncpg.Record | None:
        rows = await self._rows([name])
        return rows[0] if rows else None

    async def _rows(self, names: Sequence[str]) -> list[asyncpg.Record]:
        with translated():
            return await self._pool.fetch(statement("projections/read_segments"), names)


def _segment(row: asyncpg.Record, ids: int | None = None) -> Segment:
    return Segment(name=row["name"], filter=row["filter"], ids_of=row["ids_of"], ids=ids, changed_at=row["changed_at"])
