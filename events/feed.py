"""The feed: every event of the log at least once, the versions of a subject in their order, from any place on.

The first reader opens it. Numbers come from `feed_writer`; a page is what follows those of a cursor, slot by slot.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import asyncpg
import msgspec

from events.cloud_event import GivenEvent, cloud_event
from events.errors import LockstepError
from events.event_sealing import SubjectOpener, had_sealed, recorded_event
from events.feed_cursor import SLOTS, FeedCursor
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from events.waiting import first_of


class CursorAheadError(LockstepError):
    """A cursor is ahead of the feed: the database was put back to a time before it; begin at the beginning."""


class FeedPage(msgspec.Struct, frozen=True):
    """A part of the feed.

    Attributes:
        cursor: The place after it.
        more: Whether something follows already.
    """

    events: list[GivenEvent]
    cursor: FeedCursor
    more: bool


class _End(msgspec.Struct, frozen=True):
    """Where a slot of the feed ends.

    Attributes:
        position: The newest number.
        leapt_from: After this one the last leap began.
        leapt_to: And after this one there are numbers again.
    """

    position: int
    leapt_from: int
    leapt_to: int

    def ahead_of(self, place: int) -> int:
        """Count the numbers after a place; those of earlier leaps too, so that there may be less."""
        if place >= self.leapt_to:
            return self.position - place
        return self.position - self.leapt_to + max(0, self.leapt_from - place)


class Feed:
    """Reads the feed.

    Args:
        pool: Connections; one is used at a time.
        keyring: Opens personal values.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring
        self._news = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Wake those who wait, if events were numbered."""
        if ring.feed:
            self.wake()

    def wake(self) -> None:
        """Have those who wait look again, and be answered whatever they find."""
        self._news.set()
        self._news = asyncio.Event()

    async def read(self, cursor: FeedCursor, *, limit: int, personal: bool) -> FeedPage:
        """Read what follows; the first call of an installation opens the feed.

        Args:
            cursor: The place to go on from.
            limit: Events at the most.
            personal: Whether to open personal values.

        Raises:
            CursorAheadError: The feed has never been where the cursor is, as far as this database knows.
            StoreUnavailableError: Postgres is away.
        """
        with translated():
            newest = await self._places()
            if len(newest) < SLOTS:
                await self._pool.execute(statement("events/open_feed"))
                newest = await self._places()
            if any(cursor.positions[slot] > end.position for slot, end in newest.items()):
                raise CursorAheadError("The cursor is ahead of this database: it was restored to an earlier time.")
            slots = _chosen(cursor, newest, limit)
            rows: Sequence[asyncpg.Record] = ()
            if slots:
                places = [cursor.positions[slot] for slot in slots]
                rows = await self._pool.fetch(statement("events/read_feed"), slots, places, limit)
        after = _after(cursor, newest, slots, rows, limit)
        opener = SubjectOpener(self._keyring)
        events = [self._event(row, opener, personal=personal) for row in rows[:limit] if row["source"] is not None]
        return FeedPage(events, after, any(end.ahead_of(after.positions[slot]) for slot, end in newest.items()))

    async def follow(self, cursor: FeedCursor, *, limit: int, personal: bool, wait_seconds: float) -> FeedPage:
        """Read what follows, and where nothing does, wait for it for a while; the rest as `read`."""
        news = self._news
        page = await self.read(cursor, limit=limit, personal=personal)
        if page.events or page.more or not wait_seconds:
            return page
        await first_of(news, seconds=wait_seconds)
        return await self.read(page.cursor, limit=limit, personal=personal)

    @staticmethod
    def _event(row: asyncpg.Record, opener: SubjectOpener, *, personal: bool) -> GivenEvent:
        key = opener.open(row["subject_id"], row["wrapped"]) if personal else None
        return cloud_event(
            recorded_event(row["subject_id"], row, key),
            had_personal=had_sealed(row),
            erased=row["erased"],
            withhold=not personal,
            as_stored=True,
        )

    async def _places(self) -> dict[int, _End]:
        rows = await self._pool.fetch(statement("events/read_feed_places"), ALL_SLOTS)
        return {row["slot"]: _End(row["position"], row["leapt_from"], row["leapt_to"]) for row in rows}


def _chosen(cursor: FeedCursor, newest: dict[int, _End], limit: int) -> list[int]:
    """Choose the slots that a page is read from: in turn from the cursor's first on, until there is enough."""
    chosen: list[int] = []
    waiting = 0
    for step in range(SLOTS):
        slot = (cursor.first + step) % SLOTS
        ahead = newest[slot].ahead_of(cursor.positions[slot])
        if ahead and waiting < limit:
            chosen.append(slot)
            waiting += ahead
    return chosen


def _after(
    cursor: FeedCursor, newest: dict[int, _End], slots: Sequence[int], rows: Sequence[asyncpg.Record], limit: int
) -> FeedCursor:
    """Give the place after a page.

    Args:
        cursor: The place before it.
        newest: Where each slot ended before the rows were asked for.
        slots: What was read, in this order.
        rows: What came, of each slot at the most `limit`.
        limit: How many of the rows are given.
    """
    places = list(cursor.positions)
    found = Counter(row["slot"] for row in rows)
    left = limit
    for slot in slots:
        if found[slot] < limit and found[slot] <= left:
            # every number up to the newest one was to be seen: what is not there was leapt over
            places[slot] = newest[slot].position
        left -= found[slot]
    for row in rows[:limit]:
        places[row["slot"]] = max(places[row["slot"]], row["position"])
    first = (rows[limit - 1]["slot"] + 1) % SLOTS if len(rows) >= limit else cursor.first
    return FeedCursor(tuple(places), first)
