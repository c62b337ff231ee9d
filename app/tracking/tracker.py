"""Tells those who follow a subject what it shows, whenever that changes.

Each state is whole, so whoever was away is told the newest and has missed nothing: there is no place in a log to keep.
Many may follow one subject: it is read once for all of them. Hints tell which slots were folded; whatever a lost hint
hides is found by a look at the versions of all that is followed.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from app.access.caller import Caller
from app.errors import TooManyLinesError
from app.lines import LINE_SECONDS, QUIET_SECONDS
from app.slot_hints import SlotHints
from app.tracking.tracked import Look, Moment, Tracked
from events.errors import StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from events.store import EventStore
from events.waiting import first_of
from projections.customer_view import CustomerView
from projections.errors import RenderError
from projections.face import face_of
from projections.freshness import FreshnessRules
from projections.view import android_face_of, web_face_of
from projections.view_store import StoredView, ViewStore

log = structlog.get_logger()

LOOK_SECONDS: Final = 2.0
"""How often versions are looked at without a hint."""
KNOWN_SECONDS: Final = 60.0
"""What was read is read again after so long, whatever the version."""
MOST_LINES: Final = 10_000
"""In a process; whoever comes beyond that is asked to come again."""


class _Followed:
    """A subject that somebody follows.

    Attributes:
        lines: How many do.
        version: Of the view that was seen last; None before the first look.
        news: Set, and replaced, once there is another version.
        read_for: The news for which `tracked` was read, and `then`: the database's time.
    """

    def __init__(self, subject_id: str) -> None:
        self.subject_id = subject_id
        self.slot = slot_of(subject_id)
        self.lines = 0
        self.version: int | None = None
        self.news = asyncio.Event()
        self.read_for: asyncio.Event | None = None
        self.lock = asyncio.Lock()
        self.read_at = time.monotonic()
        self.then = datetime.now(UTC)
        self.tracked = Tracked(order_id=subject_id)

    def tell(self, version: int) -> None:
        """Let those who follow read anew, if this is another version."""
        if version != self.version:
            self.version = version
            self.news.set()
            self.news = asyncio.Event()


class Tracker:
    """Follows subjects for those who have a ticket.

    Args:
        pool: Connections; one is used at a time for looking, and one by each subject that is read.
        keyring: Opens views, and keys the ids of states.
        rules: When news has grown old.
    """

    def __init__(self, pool: Pool, keyring: Keyring, rules: FreshnessRules) -> None:
        self._pool = pool
        self._keyring = keyring
        self._rules = rules
        self._store = EventStore(pool, keyring)
        self._views = ViewStore(keyring)
        self._followed: dict[str, _Followed] = {}
        self._lines = 0
        self._hints = SlotHints()
        self._closing = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.folded and self._followed:
            self._hints.add(ring.folded)

    def close(self) -> None:
        """Let those who follow hang up: they go on elsewhere."""
        self._closing.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look for news of what is followed, until told to stop."""
        while not stop.is_set():
            slots = await self._hints.take(stop, every_seconds=LOOK_SECONDS)
            try:
                await self._look([each.subject_id for each in self._followed.values() if each.slot in slots])
            except StoreUnavailableError as error:
                log.warning("tracker_waits_for_postgres", reason=str(error))

    async def follow(
        self, order_id: str, caller: Caller, *, look: Look, seconds: float
    ) -> AsyncGenerator[Moment | None]:
        """Give the newest state, then each that differs from the one before, and None while nothing changes.

        It ends with the last state, when the caller may not see it, when its time is over, and when the service stops.

        Args:
            order_id: The subject.
            caller: Who follows.
            look: Which face of it.
            seconds: When to end, once the newest was given; a line lasts no longer than `LINE_SECONDS`.

        Raises:
            StoreUnavailableError: Postgres is away.
            TooManyLinesError: No more can follow here.
        """
        ends = time.monotonic() + min(seconds, LINE_SECONDS)
        said, last_id = 0.0, ""
        with self._following(order_id) as followed:
            while True:
                news = followed.news
                tracked, now = await self._newest(followed)
                if not tracked.is_open_to(caller):
                    return
                moment = tracked.at(now, look, self._rules, self._keyring.hash)
                if moment.id != last_id or time.monotonic() - said >= QUIET_SECONDS:
                    yield None if moment.id == last_id else moment
                    said, last_id = time.monotonic(), moment.id
                if moment.is_last or self._closing.is_set() or time.monotonic() >= ends:
                    return
                left = min(said + QUIET_SECONDS, ends) - time.monotonic()
                if moment.until is not None:
                    left = min(left, (moment.until - now).total_seconds())
                await first_of(news, self._closing, seconds=max(0.0, left))

    async def _newest(self, followed: _Followed) -> tuple[Tracked, datetime]:
        """Give what a subject shows, read once for all who follow it, and what time it is for the database."""
        async with followed.lock:
            if followed.read_for is not followed.news or time.monotonic() - followed.read_at >= KNOWN_SECONDS:
                news = followed.news
                followed.tracked, followed.then = await self._read(followed.subject_id)
                followed.read_at, followed.read_for = time.monotonic(), news
            return followed.tracked, followed.then + timedelta(seconds=time.monotonic() - followed.read_at)

    async def _read(self, subject_id: str) -> tuple[Tracked, datetime]:
        head = await self._store.read_head(subject_id)
        with translated():
            async with self._pool.acquire() as connection:
                stored = (await self._views.read(connection, [subject_id])).get(subject_id)
        if stored is None:
            gone = head is not None and head.archived_at is not None
            return Tracked(order_id=subject_id, is_gone=gone), datetime.now(UTC)
        return _tracked(stored, self._keyring.hash), stored.read_at

    @contextmanager
    def _following(self, order_id: str) -> Iterator[_Followed]:
        if self._lines >= MOST_LINES:
            raise TooManyLinesError(f"{MOST_LINES:,} follow here already.")
        followed = self._followed.setdefault(order_id, _Followed(order_id))
        followed.lines += 1
        self._lines += 1
        try:
            yield followed
        finally:
            followed.lines -= 1
            self._lines -= 1
            if not followed.lines:
                del self._followed[order_id]

    async def _look(self, subject_ids: list[str]) -> None:
        if not subject_ids:
            return
        with translated():
            rows = await self._pool.fetch(
                statement("app/read_view_versions"), [slot_of(each) for each in subject_ids], subject_ids
            )
        for row in rows:
            if (followed := self._followed.get(row["subject_id"])) is not None:
                followed.tell(row["version"])


def _tracked(stored: StoredView, key: bytes) -> Tracked:
    """Draw a view; one that cannot be drawn says so."""
    view = stored.opened
    if view is None or isinstance(view, CustomerView):
        return Tracked(order_id=stored.subject_id, failure=True)
    face = face_of(view, key, stored.heard_at)
    page = android = None
    if face.placed and not face.is_blank and face.failure is None:
        try:
            page = web_face_of(view, face.content)
            android = android_face_of(view, page)
        except RenderError as error:
            log.warning("face_cannot_be_drawn", kind=view.kind, error=str(error))
    return Tracked(
        order_id=stored.subject_id,
        kind=view.kind if face.placed else None,
        status=view.status if face.placed else None,
        face=face,
        page=page,
        android=android,
    )
