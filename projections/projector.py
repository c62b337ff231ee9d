"""The projector: subjects whose head is ahead go in, views and debt come out.

It keeps no cursor. Its work is whatever a hint or the sweep says is behind; the slot's lock spares two projectors the
same work, and compare-and-set makes it right even where the lock is ignored.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import structlog

from events.envelope import RecordedEvent
from events.errors import NewerEventError, SecretKeyError, StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.errors import DEADLOCK, translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.vocabulary import is_known, named, vocabulary
from events.waiting import first_of
from projections.activity import matched_by
from projections.errors import EvolveError
from projections.metrics import EVENTS_FOLDED, FOLD_SECONDS, FOLDED
from projections.order_view import FOLD_VERSION
from projections.registry import CARDS
from projections.view import View, fold
from projections.view_store import FOLD_EVENTS, FoldedView, ViewStore, Won, Work, fold_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


log = structlog.get_logger()

BATCH_SUBJECTS = 250
SWEEP_SECONDS = 1.0
SETTLED_A_SWEEP = 5_000
# A sweep may cost one twentieth of a core.
SWEEP_SHARE = 20
# A slot that is held for longer is projected without its lock: compare-and-set is enough.
PATIENCE_SECONDS = 5.0
LANES = 2
RETRY_SECONDS = 0.02
AWAY_SECONDS = 0.5


class Projected(msgspec.Struct, frozen=True):
    """What one batch did.

    Attributes:
        won: Subjects whose view was written by us.
        due: Slots with cards in debt.
        matching: Whether a view was flagged for the matcher.
        crowd: Whether the spreader has work.
        again: Subjects to look at again at once: another worker was faster, or there was more than one read.
        events: How many events are in the views that were written, and were not before.
        traces: Of each subject that was written, the version and the `traceparent`s of its news, the newest last.
    """

    won: list[str]
    due: set[int]
    matching: bool
    crowd: bool
    again: set[str]
    events: int = 0
    traces: dict[str, tuple[int, list[str]]] = {}


class _Lane:
    """The backlog of some slots; lanes never share a slot, so their batches never wait for one another."""

    def __init__(self) -> None:
        self.behind: dict[str, None] = {}
        self.work = asyncio.Event()

    def add(self, subject_id: str) -> None:
        self.behind[subject_id] = None
        self.work.set()

    def take(self, most: int) -> list[str]:
        taken = list(islice(self.behind, most))
        for each in taken:
            del self.behind[each]
        return taken


class Projector:
    """Folds what is behind.

    Args:
        pool: Connections; one a lane is used at a time, and one for the sweep.
        keyring: Opens and seals personal values.
        announce: Called after each commit with slots in debt, and whether the matcher has work; must not block.
        crowded: Called after a commit that leaves the spreader work; must not block.
        folded: Called after each commit with the slots of the views that were written; must not block.
        traced: Called after each commit with each view's subject and version, the `traceparent`s of its news (the
            newest last), and the seconds that it took; must not block.
        lanes: Batches under way at once: one folds while Postgres works for another.
        sweep_seconds: The least time between two sweeps.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        announce: Callable[[Collection[int], bool], None],
        *,
        crowded: Callable[[], None] = lambda: None,
        folded: Callable[[Collection[int]], None] = lambda _: None,
        traced: Callable[[str, int, Sequence[str], float], None] | None = None,
        lanes: int = LANES,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._views = ViewStore(keyring)
        self._announce = announce
        self._crowded = crowded
        self._folded = folded
        self._traced = traced
        self._sweep_seconds = sweep_seconds
        self._lanes = [_Lane() for _ in range(lanes)]
        self._slots_to_sweep: set[int] = set()
        self._sweep_now = asyncio.Event()
        self._held_since: dict[int, float] = {}

    @property
    def waiting(self) -> int:
        """Tell how many subjects are known to be behind."""
        return sum(len(lane.behind) for lane in self._lanes)

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        self._add(ring.behind)
        if ring.behind_slots:
            self._slots_to_sweep.update(ring.behind_slots)
            self._sweep_now.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Project until told to stop; what is under way is finished."""
        await self.adopt(stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run_sweep(stop))
            for lane in self._lanes:
                group.create_task(self._run_lane(lane, stop))

    async def adopt(self, stop: asyncio.Event | None = None) -> None:
        """Say that a new installation's slots are folded by this version; waits for Postgres, unless told to stop."""
        stop = stop or asyncio.Event()
        while not stop.is_set():
            try:
                with translated():
                    await self._pool.execute(statement("projections/adopt_slots"), FOLD_VERSION)
            except StoreUnavailableError:
                await first_of(stop, seconds=AWAY_SECONDS)
            else:
                return

    async def sweep(self, slots: Sequence[int]) -> float:
        """Find what lost hints hid and set aside what is settled; return the seconds it took."""
        began = time.monotonic()
        with translated():
            rows = await self._pool.fetch(
                statement("projections/find_behind"), slots, FOLD_VERSION, 10 * BATCH_SUBJECTS, vocabulary()
            )
            self._add(row["subject_id"] for row in rows)
            await self._pool.execute(statement("projections/settle_heads"), slots, SETTLED_A_SWEEP)
        return time.monotonic() - began

    async def project(self, subject_ids: Collection[str]) -> Projected:
        """Bring these subjects up to date, as far as nobody else is at it.

        Raises:
            StoreUnavailableError: Postgres is away; nothing was written.
        """
        slots, began = sorted({slot_of(each) for each in subject_ids}), time.monotonic()
        with translated(), FOLD_SECONDS.time():
            async with self._slots(slots) as (connection, held, taken):
                mine = [each for each in subject_ids if slot_of(each) in held]
                done = await self._fold_and_write(connection, mine)
        left = {each for each in subject_ids if slot_of(each) not in taken}
        FOLDED.inc(len(done.won))
        EVENTS_FOLDED.inc(done.events)
        if self._traced is not None:
            for subject_id, (version, traces) in done.traces.items():
                self._traced(subject_id, version, traces, time.monotonic() - began)
        if done.won:
            self._announce(done.due, done.matching)
            self._folded({slot_of(each) for each in done.won})
        if done.crowd:
            self._crowded()
        return msgspec.structs.replace(done, again=done.again | left)

    def _add(self, subject_ids: Iterable[str]) -> None:
        for each in subject_ids:
            self._lanes[slot_of(each) % len(self._lanes)].add(each)

    async def _run_sweep(self, stop: asyncio.Event) -> None:
        """Sweep every slot from time to time, and at once the slots that a hint could not name subjects of."""
        next_sweep = 0.0
        while not stop.is_set():
            try:
                if time.monotonic() >= next_sweep:
                    cost = await self.sweep(ALL_SLOTS)
                    next_sweep = time.monotonic() + max(self._sweep_seconds, SWEEP_SHARE * cost)
                slots, self._slots_to_sweep = sorted(self._slots_to_sweep), set()
                if slots:
                    await self.sweep(slots)
            except StoreUnavailableError as error:
                log.warning("projector_waits_for_postgres", reason=str(error))
                next_sweep = time.monotonic() + AWAY_SECONDS
            self._sweep_now.clear()
            if not self._slots_to_sweep:
                await first_of(stop, self._sweep_now, seconds=max(0.0, next_sweep - time.monotonic()))

    async def _run_lane(self, lane: _Lane, stop: asyncio.Event) -> None:
        while not stop.is_set():
            batch = lane.take(BATCH_SUBJECTS)
            if not batch:
                lane.work.clear()
                await first_of(stop, lane.work)
                continue
            try:
                done = await self.project(batch)
            except asyncpg.PostgresError as error:
                lane.behind.update(dict.fromkeys(batch))
                if error.sqlstate != DEADLOCK:
                    raise
                continue
            except StoreUnavailableError:
                lane.behind.update(dict.fromkeys(batch))
                await first_of(stop, seconds=AWAY_SECONDS)
                continue
            lane.behind.update(dict.fromkeys(done.again))
            if done.again and not done.won:
                # another worker holds these slots and will be done in a moment
                await first_of(stop, seconds=RETRY_SECONDS)

    @asynccontextmanager
    async def _slots(self, slots: Sequence[int]) -> "AsyncIterator[tuple[Connection, set[int], set[int]]]":
        """Hold the locks of the slots that are free, for one transaction.

        Yields:
            The connection; the slots that are ours to fold; and all that were free, those that another version folds
            included.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = list(await connection.fetch(statement("projections/claim_slots"), slots))
            now = time.monotonic()
            taken = {row["slot"] for row in rows}
            for slot in taken:
                self._held_since.pop(slot, None)
            overdue = [
                s for s in slots if s not in taken and now - self._held_since.setdefault(s, now) > PATIENCE_SECONDS
            ]
            if overdue:
                rows += await connection.fetch(statement("projections/read_slots"), overdue)
            held = {row["slot"] for row in rows if row["fold_version"] == FOLD_VERSION}
            yield connection, held, {row["slot"] for row in rows}

    async def _fold_and_write(self, connection: Connection, subject_ids: Sequence[str]) -> Projected:
        if not subject_ids:
            return Projected([], set(), matching=False, crowd=False, again=set())
        folded: list[FoldedView] = []
        again: set[str] = set()
        traces: dict[str, tuple[int, list[str]]] = {}
        for work in await self._views.read_work(connection, subject_ids, vocabulary()):
            if len(work.news.events) == FOLD_EVENTS:
                again.add(work.subject_id)
            one = await self._fold(connection, work)
            if one is None:
                continue
            folded.append(one)
            if self._traced is not None and (found := [each.trace for each in work.news.events if each.trace]):
                traces[one.subject_id] = (one.version, found)
        won = await self._views.write(connection, folded) if folded else {}
        return Projected(
            won=list(won),
            due={slot_of(subject_id) for subject_id, what in won.items() if what is Won.OWING},
            crowd=Won.CROWD in won.values(),
            matching=any(each.match_due_at is not None and each.subject_id in won for each in folded),
            again=again | {each.subject_id for each in folded if each.subject_id not in won},
            events=sum(each.version - each.prev_version for each in folded if each.subject_id in won),
            traces={name: found for name, found in traces.items() if name in won},
        )

    async def _fold(self, connection: Connection, work: Work) -> FoldedView | None:
        """Fold a subject's news, or set it aside: held at an event that we do not read, quarantined by a failure."""
        subject_id, news = work.subject_id, work.news
        readable = _readable(news.events)
        held_for = None
        if len(readable) < len(news.events):
            newer = news.events[len(readable)]
            held_for = named(newer.type, newer.schema_version)
            log.warning("subject_held_for_newer_version", subject_id=subject_id, type=newer.type)
            if not readable:
                await self._hold(connection, work, held_for)
                return None
        try:
            after = _fold_whole(work.view, readable, news.damage)
        except NewerEventError as error:
            # another worker has kept it in the view, until the event came that opens the subject
            log.warning("subject_held_for_newer_version", subject_id=subject_id, type=error.type)
            await self._hold(connection, work, named(error.type, error.schema_version))
            return None
        except Exception as error:  # noqa: BLE001 - a bug or a damaged row must stop one subject, not all of them
            sealed = fold_error(subject_id, error, news.data_key)
            await self._views.set_aside(connection, subject_id, work.generation, error=sealed, held_for=None)
            log.error(  # noqa: TRY400 - a traceback would carry personal values
                "subject_quarantined",
                subject_id=subject_id,
                error=str(error) if isinstance(error, EvolveError) else type(error).__name__,
            )
            return None
        return FoldedView(
            slot=slot_of(subject_id),
            generation=work.generation,
            subject_id=subject_id,
            prev_version=work.view_version,
            version=after.version,
            view=after,
            data_key=news.data_key,
            match_due_at=_match_due_at(work.view, after, readable),
            held_for=held_for,
            relisted=work.held or held_for is not None or _listed(work.view) != _listed(after),
        )

    async def _hold(self, connection: Connection, work: Work, held_for: str) -> None:
        """Leave a subject to a worker that reads more than we: a newer one, or one with the module of its card."""
        await self._views.set_aside(connection, work.subject_id, work.generation, error=None, held_for=held_for)


def _fold_whole(before: View, events: Sequence[RecordedEvent], damage: SecretKeyError | None) -> View:
    """Fold events that nothing damaged hides the next of."""
    if damage is not None:
        raise damage
    return fold(before, events)


def _readable(events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
    for place, event in enumerate(events):
        if not is_known(event.type, event.schema_version):
            return events[:place]
    return events


def _listed(view: View) -> tuple[object, ...]:
    """Give what the list of orders holds of a view; of one without events, nothing."""
    return (view.kind, view.status, view.over, view.customer_id) if view.version else ()


def _match_due_at(before: View, after: View, events: Iterable[RecordedEvent]) -> datetime | None:
    """Say when the matcher should look, if who should see the subject, or from when, has changed."""
    if not after.placed:
        return None
    heard_at = min(event.recorded_at for event in events)
    if CARDS.gathering(after.kind) is not None and (
        after.changed_version > before.changed_version or after.show_at != before.show_at
    ):
        return heard_at
    if after.over or (before.placed and matched_by(before) == matched_by(after)):
        return None
    return after.show_at or heard_at
