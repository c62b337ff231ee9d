"""The stream of what becomes of cards, for those who stay on the line."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

from app.lines import LINE_SECONDS, QUIET_SECONDS
from events.errors import LockstepError
from events.feed_cursor import FeedCursor
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.waiting import first_of
from projections.card_fact_store import FactPage, FactStore

PAGE_FACTS: Final = 100
LOOK_SECONDS: Final = 2.0
"""How often facts are looked for without a hint."""
LISTEN_SECONDS: Final = 60.0
"""How often it is noted that somebody follows."""


class StreamAheadError(LockstepError):
    """A place is ahead of the facts: the database was put back to a time before it; begin anew."""


class CardStream:
    """Follows what becomes of cards.

    Args:
        pool: Connections; one is used at a time by each who follows.
    """

    def __init__(self, pool: Pool) -> None:
        self._facts = FactStore(pool)
        self._news = asyncio.Event()
        self._closing = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Wake those who follow, if something became of cards."""
        if ring.facts:
            self._news.set()
            self._news = asyncio.Event()

    def close(self) -> None:
        """Let those who follow hang up: they go on elsewhere from where they are."""
        self._closing.set()

    async def begin(self, cursor: FeedCursor | None) -> FeedCursor:
        """Have facts written from now on, and give the place to follow from: that of a cursor, or now.

        Raises:
            StreamAheadError: There has never been such a place, as far as this database knows.
            StoreUnavailableError: Postgres is away.
        """
        with translated():
            await self._facts.listen()
            newest = await self._facts.newest()
        if cursor is None:
            return newest
        if any(mine > theirs for mine, theirs in zip(cursor.positions, newest.positions, strict=True)):
            raise StreamAheadError("The place is ahead of this database: it was restored to an earlier time.")
        return cursor

    async def follow(self, cursor: FeedCursor, *, seconds: float = LINE_SECONDS) -> AsyncIterator[FactPage]:
        """Give what follows, page by page, and an empty page now and then while nothing does.

        Args:
            cursor: From `begin`, or of the last page.
            seconds: When to end, once there is nothing more; at the latest after `LINE_SECONDS`, or with the service.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        began = said = listened = time.monotonic()
        while True:
            news = self._news
            with translated():
                page = await self._facts.read(cursor, PAGE_FACTS)
            cursor, now = page.cursor, time.monotonic()
            if page.facts or now - said >= QUIET_SECONDS:
                yield page
                said = now
            left = (LINE_SECONDS if page.facts else min(seconds, LINE_SECONDS)) - (now - began)
            if self._closing.is_set() or left <= 0:
                return
            if page.facts:
                continue
            await first_of(news, self._closing, seconds=min(LOOK_SECONDS, left))
            if now - listened >= LISTEN_SECONDS:
                listened = now
                with translated():
                    await self._facts.listen()
