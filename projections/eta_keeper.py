"""Takes the delivery times that are put, and makes events of those that move the card.

The latest time of each order is a row, written before anything is decided, that says when it is to be looked at. So
nothing is lost with a process: whoever looks next, in another process or the one that took it, judges by the row. The
event is appended and the row told so in one transaction, under the row's lock: no time becomes two events.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, assert_never

import asyncpg
import msgspec
import structlog

from events.envelope import effective_at
from events.errors import StoreUnavailableError
from events.metrics import count_appended
from events.outcome import Appended, Archived, Duplicate, IdReused, Outcome
from events.postgres.deadlocks import commit_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.store import EventStore, Group
from events.waiting import first_of
from projections.definition import ORDER
from projections.eta import (
    FORGOTTEN_AFTER,
    Became,
    Eta,
    EtaRules,
    Expected,
    Hold,
    Judgement,
    Known,
    NotAnOrder,
    Over,
    Overtaken,
    Record,
    Recorded,
    Unchanged,
    eta_event,
    folded_time,
    is_same,
    judge,
)
from projections.view import made_by

log = structlog.get_logger()

BATCH: Final = 200
BATCH_A_SLOT: Final = 8
BATCHES: Final = 2
WAITING: Final = 20_000
POLL_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 0.5
REST: Final = timedelta(hours=1)
"""How long a row is left alone that has nothing to say."""

_Refused = Over | Archived | NotAnOrder
Key = tuple[int, str]
"""Slot and order."""


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    """A time, and the caller who waits for what becomes of it."""

    eta: Eta
    answer: asyncio.Future[Became]


class _Settled(msgspec.Struct, frozen=True):
    """What became of an order's latest time.

    Attributes:
        appended: An event was made of it now.
    """

    eta: Eta
    became: Became
    appended: bool


class EtaKeeper:
    """Keeps the latest delivery time of each order.

    Args:
        pool: Connections; two are used for what is put, one for what is due.
        keyring: Keys the events' digests.
        store: The log.
        hint: Called with orders that have a new event; must not block.
        rules: Which times are worth an event.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        store: EventStore,
        hint: Callable[[Collection[str]], None],
        *,
        rules: EtaRules | None = None,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._store = store
        self._hint = hint
        self._rules = rules or EtaRules()
        self._waiting: deque[_Waiting] = deque()
        self._batches: set[asyncio.Task[None]] = set()
        self._writing = 0

    async def put(self, eta: Eta) -> Became:
        """Take a delivery time, and tell what became of it; the same again changes nothing.

        Raises:
            StoreUnavailableError: Postgres is away or too many callers wait; the same may be put again.
        """
        if len(self._waiting) >= WAITING:
            raise StoreUnavailableError("Too many delivery times wait to be stored; ask again.")
        mine = _Waiting(eta, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        # counted apart from the tasks: one that has ended stays in the set until the loop's next round
        if self._writing < BATCHES:
            self._writing += 1
            # it starts on the loop's next round: whoever is ready in this one rides along
            batch = asyncio.get_running_loop().create_task(self._run_batches())
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)
        return await mine.answer

    async def run(self, stop: asyncio.Event) -> None:
        """Look after what waits until told to stop."""
        while not stop.is_set():
            wait_seconds = POLL_SECONDS
            try:
                if await self.sweep() == BATCH:
                    continue
            except StoreUnavailableError as error:
                log.warning("eta_keeper_waits_for_postgres", reason=str(error))
                wait_seconds = AWAY_SECONDS
            await first_of(stop, seconds=wait_seconds)

    async def sweep(self) -> int:
        """Look at what is due, and return how many orders that were."""
        with translated():
            rows = await self._pool.fetch(statement("projections/find_due_etas"), ALL_SLOTS, BATCH, BATCH_A_SLOT)
        if rows:
            await self._settle(sorted((row["slot"], row["subject_id"]) for row in rows))
        return len(rows)

    async def _run_batches(self) -> None:
        try:
            while self._waiting:
                await self._run([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])
        finally:
            self._writing -= 1

    async def _run(self, taken: Sequence[_Waiting]) -> None:
        try:
            became = await self._take(latest_of([each.eta for each in taken]))
        except Exception as error:  # noqa: BLE001 - handed to those who wait for it
            for each in taken:
                if not each.answer.done():
                    each.answer.set_exception(error)
            return
        for each in taken:
            if not each.answer.done():
                each.answer.set_result(_answer(each.eta, *became[each.eta.subject_id]))

    async def _take(self, etas: Sequence[Eta]) -> dict[str, tuple[Eta, Became]]:
        """Write the latest times, judge them, and make events of those that are worth one now."""
        # whichever is due sooner of what a time may wait for
        look_seconds = min(self._rules.apart, self._rules.stands)
        with translated():
            rows = await self._pool.fetch(
                statement("projections/put_etas"),
                [slot_of(each.subject_id) for each in etas],
                [each.subject_id for each in etas],
                [each.delivery_time for each in etas],
                [each.at for each in etas],
                [each.source for each in etas],
                look_seconds,
            )
        put = {each.subject_id: each for each in etas}
        became: dict[str, tuple[Eta, Became]] = {}
        worth: list[Key] = []
        for row in rows:
            subject_id = row["subject_id"]
            judged = (
                self._judge(row, put[subject_id]) if row["taken"] or row["over"] or row["archived"] else Overtaken()
            )
            if isinstance(judged, Record):
                worth.append((slot_of(subject_id), subject_id))
            else:
                became[subject_id] = put[subject_id], judged
        if worth:
            settled = await self._settle(sorted(worth))
            for _, subject_id in worth:
                # one whose row went meanwhile was over by then
                one = settled.get(subject_id) or _Settled(put[subject_id], Over(), appended=False)
                became[subject_id] = one.eta, one.became
        return became

    async def _settle(self, keys: Sequence[Key]) -> dict[str, _Settled]:
        """Judge the rows of orders under their locks, append, and note what became of each; by order."""
        with translated():
            # whoever archives locks heads before these rows
            settled = await commit_through_deadlocks(self._pool, lambda on: self._settle_within(on, keys))
        appended = [subject_id for subject_id, each in settled.items() if each.appended]
        if appended:
            count_appended(len(appended))
            self._hint(appended)
        return settled

    async def _settle_within(self, connection: Connection, keys: Sequence[Key]) -> dict[str, _Settled]:
        slots, subjects = [slot for slot, _ in keys], [subject_id for _, subject_id in keys]
        rows = await connection.fetch(statement("projections/lock_etas"), slots, subjects)
        judged = {row["subject_id"]: self._judge(row, _eta(row)) for row in rows}
        worth = [_eta(row) for row in rows if isinstance(judged[row["subject_id"]], Record)]
        outcomes = await self._append(connection, worth)
        became = {name: _became(each, outcomes.get(name)) for name, each in judged.items()}
        appended = {name: each for name, each in outcomes.items() if isinstance(each, Appended)}
        await connection.execute(
            statement("projections/settle_etas"),
            [row["slot"] for row in rows],
            list(became),
            [_due_at(row, became[row["subject_id"]]) for row in rows],
            [each.version if isinstance(each, Recorded) else None for each in became.values()],
            [appended[name].recorded_at if name in appended else None for name in became],
        )
        return {
            row["subject_id"]: _Settled(_eta(row), became[row["subject_id"]], row["subject_id"] in appended)
            for row in rows
        }

    def _judge(self, row: asyncpg.Record, eta: Eta) -> Judgement | _Refused:
        if row["archived"]:
            return Archived()
        if row["state"] is not None and (kind := made_by(row["state"]).kind) != ORDER:
            return NotAnOrder(kind)
        return Over() if row["over"] else judge(eta, _known(row), self._rules)

    async def _append(self, connection: Connection, etas: Sequence[Eta]) -> dict[str, Outcome]:
        if not etas:
            return {}
        events = [eta_event(each, self._keyring.hash) for each in etas]
        groups = [Group(slot_of(each.subject_id), each.subject_id, (each,)) for each in events]
        outcomes = await self._store.append_within(connection, groups)
        return {event.subject_id: outcome for event, [outcome] in zip(events, outcomes, strict=True)}


def latest_of(etas: Sequence[Eta]) -> list[Eta]:
    """Give the latest time of each order, in key order; of two of the same moment the one that came later."""
    latest: dict[str, Eta] = {}
    for each in etas:
        known = latest.get(each.subject_id)
        if known is None or each.at >= known.at:
            latest[each.subject_id] = each
    return sorted(latest.values(), key=lambda each: (slot_of(each.subject_id), each.subject_id))


def _answer(eta: Eta, latest: Eta, became: Became) -> Became:
    """Say what became of a time, when that of its order's latest is known."""
    if isinstance(became, _Refused) or is_same(eta.delivery_time, latest.delivery_time):
        return became
    return Overtaken()


def _became(judged: Judgement | _Refused, outcome: Outcome | None) -> Became:
    """Say what became of a time that was judged, and appended if it was worth it."""
    if not isinstance(judged, Record):
        return judged
    match outcome:
        # one that the log has under its id is as good
        case Appended(version=version) | Duplicate(version=version) | IdReused(version=version):
            return Recorded(version)
        case Archived():
            return outcome
        case _:
            raise AssertionError(f"an event without a condition cannot end as {outcome}")


def _due_at(row: asyncpg.Record, became: Became) -> datetime | None:
    """Say when a row is to be looked at next; None: never."""
    now: datetime = row["now"]
    match became:
        case Hold(until=until):
            return until
        case Recorded():
            return now + REST
        case Unchanged() | Overtaken():
            return now + REST if now - row["changed_at"] < FORGOTTEN_AFTER else None
        case Over() | Archived() | NotAnOrder():
            return None
        case _:
            assert_never(became)


def _eta(row: asyncpg.Record) -> Eta:
    return Eta(subject_id=row["subject_id"], delivery_time=row["delivery_time"], at=row["at"], source=row["source"])


def _known(row: asyncpg.Record) -> Known:
    recorded = None
    if row["recorded_version"] is not None:
        of = effective_at(row["recorded_of"], row["recorded_of"])
        recorded = Expected(row["recorded_delivery_time"], (of, row["recorded_version"]))
    return Known(
        folded=None if row["state"] is None else folded_time(row["state"]),
        recorded=recorded,
        recorded_at=row["recorded_at"],
        changed_at=row["changed_at"],
        heard_at=row["heard_at"],
        now=row["now"],
    )
