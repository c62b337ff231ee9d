"""The enroller: gives the phones of an audience their cards, a few at a time, at one pace for all bulk starts.

An audience is a row of its subject: who it is, and the last phone that was looked at. A step looks through the next
phones by id, adds the cards that are missing, and moves the row, these two in one transaction that goes on only if the
row stands where it was read. So a step may be broken off anywhere, and be made by several at once: a card is there
once, and no phone is passed over. Phones that come later, or change, are the matcher's; a segment that changes begins
its audiences anew.
"""

import asyncio
import time
from collections.abc import Callable, Collection

import asyncpg
import structlog

from events.errors import StoreUnavailableError
from events.postgres.deadlocks import commit_through_deadlocks, fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from events.waiting import first_of
from projections.audience import AudienceRules, Who
from projections.segment_sql import in_place
from projections.segment_store import Members, SegmentStore
from projections.wanted_cards import NO_CROWD, WantedCard, add_cards_within, mark_crowds, wanted_by

log = structlog.get_logger()

POLL_SECONDS = 1.0
AWAY_SECONDS = 0.5
CLOSING_SECONDS = 10.0
STEPS_A_SECOND = 4
MOST_A_STEP = 500
LOOKED_THROUGH = 2_000


class Enroller:
    """Adds the cards of audiences.

    Args:
        pool: Connections; one is used at a time.
        announce: Called with the slots that have cards in debt; must not block.
        rules: The pace.
        no_crowd: Cards of one subject that a fold puts in debt by itself.
        looked_through: Phones that one statement looks through.
    """

    def __init__(
        self,
        pool: Pool,
        announce: Callable[[Collection[int]], None],
        *,
        rules: AudienceRules | None = None,
        no_crowd: int = NO_CROWD,
        looked_through: int = LOOKED_THROUGH,
    ) -> None:
        self._pool = pool
        self._announce = announce
        self._rules = rules or AudienceRules()
        self._no_crowd = no_crowd
        self._looked_through = looked_through
        self._segments = SegmentStore(pool)
        self._most = max(1, min(MOST_A_STEP, int(self._rules.rate / STEPS_A_SECOND)))
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Say that an audience has begun or goes on; the poll finds it too."""
        self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Enrol until told to stop."""
        next_poll = next_closing = 0.0
        while not stop.is_set():
            self._work.clear()
            wait_seconds = POLL_SECONDS
            try:
                if time.monotonic() >= next_closing:
                    await self.close()
                    next_closing = time.monotonic() + CLOSING_SECONDS
                if time.monotonic() >= next_poll:
                    await self.follow_segments()
                    next_poll = time.monotonic() + POLL_SECONDS
                waits = await self.enrol_some()
                if waits == 0:
                    continue
                wait_seconds = POLL_SECONDS if waits is None else waits
            except StoreUnavailableError as error:
                log.warning("enroller_waits_for_postgres", reason=str(error))
                wait_seconds = AWAY_SECONDS
            await first_of(stop, self._work, seconds=wait_seconds)

    async def close(self) -> None:
        """Close audiences of subjects that are over."""
        with translated():
            await fetch_through_deadlocks(self._pool, "projections/close_audiences", ALL_SLOTS)

    async def follow_segments(self) -> None:
        """Begin audiences anew whose segments have changed since."""
        with translated():
            used = await self._pool.fetch(statement("projections/list_audience_segments"), ALL_SLOTS)
        if used:
            revisions = await self._segments.revisions({row["segment"] for row in used})
            changed = {row["segment"] for row in used if row["revision"] != revisions.get(row["segment"])}
            if changed:
                names = sorted(changed)
                with translated():
                    await fetch_through_deadlocks(
                        self._pool, "projections/restart_audiences", ALL_SLOTS, names, [revisions.get(n) for n in names]
                    )

    async def enrol_some(self) -> float | None:
        """Add the next cards of the audience whose turn it is.

        Returns:
            The seconds after which the next may be added; None: there is nothing to be done.
        """
        rate = self._rules.rate
        most_waiting = max(self._most, int(rate * self._rules.ahead))
        with translated():
            audience = await self._pool.fetchrow(statement("projections/find_due_audience"), ALL_SLOTS, most_waiting)
            if audience is None:
                return None
            if audience["waiting"] >= most_waiting:
                place = (audience["slot"], audience["subject_id"])
                await self._pool.execute(statement("projections/postpone_audience"), *place, POLL_SECONDS)
                return 0.0
            seconds = self._most / rate
            if not await self._pool.fetchval(statement("projections/take_pace"), seconds):
                return seconds
            added = 0
            try:
                added = await self._step(audience)
            finally:
                if added < self._most:
                    await self._pool.execute(statement("projections/return_pace"), (self._most - added) / rate)
        return added / rate

    async def _step(self, audience: asyncpg.Record) -> int:
        """Look through the next phones, and give the number of cards that were added."""
        who = Who(None if audience["customers"] is None else tuple(audience["customers"]), audience["segment"])
        members = await self._segments.members(who, 5)
        if (None if members is None else members.revision) != audience["revision"]:
            await self.follow_segments()
            return 0
        found = None if members is None else await self._find(audience, who, members)

        async def work(connection: Connection) -> list[asyncpg.Record]:
            place = (audience["slot"], audience["subject_id"])
            held = await connection.fetchval(
                statement("projections/hold_audience"), *place, audience["after"], audience["revision"]
            )
            if held is None:
                return []
            wanted = [] if found is None else _wanted(audience, found)
            rows = await add_cards_within(connection, wanted) if wanted else []
            last = None if found is None else found["last"]
            await connection.execute(statement("projections/move_audience"), *place, last)
            return rows

        rows = await commit_through_deadlocks(self._pool, work)
        if rows:
            await mark_crowds(self._pool, rows, self._no_crowd)
            self._announce({row["slot"] for row in rows})
        return sum(row["cards"] for row in rows)

    async def _find(self, audience: asyncpg.Record, who: Who, members: Members) -> asyncpg.Record:
        type_, after = audience["attributes_type"], audience["after"]
        if who.customers is not None:
            [found] = await self._pool.fetch(
                statement("projections/find_listed_members"), type_, after, who.customers, self._most
            )
            return found
        sql = in_place(statement("projections/find_members"), members.condition)
        [found] = await self._pool.fetch(sql, type_, after, self._looked_through, self._most, *members.condition.values)
        return found


def _wanted(audience: asyncpg.Record, found: asyncpg.Record) -> list[WantedCard]:
    phones = zip(
        found["device_ids"] or (),
        found["customer_ids"] or (),
        found["apps"] or (),
        found["environments"] or (),
        strict=True,
    )
    return [wanted_by(audience, *phone) for phone in phones]
