"""Folds the log again and compares the result with the live views; it cannot push: it reads, in read-only transactions.

Each slot is read in one snapshot, subject by subject in the order of the primary keys. A view is compared at its own
version; what has been appended since is work of the projector, and is counted.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import asyncpg
import msgspec

from events.envelope import RecordedEvent
from events.errors import LockstepError, SecretKeyError
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring, unseal
from events.slot import slot_of
from events.store import event_context
from projections.order_view import EMPTY, FOLD_VERSION, OrderView, decode_view, encode_view, fingerprint_of, fold
from projections.view_store import view_context

CONNECTIONS: Final = 3
PAGE_SUBJECTS: Final = 1_000
PAGE_EVENTS: Final = 5_000
SLOTS: Final = 256
# In the collation "C" nothing lies between an id and that id with the lowest character, and this is the highest.
_LOWEST, _HIGHEST = "\x01", "\U0010ffff"


class OtherFoldError(LockstepError):
    """Live views were made by another fold version; verify with the release that made them."""


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """A subject whose live view is not the fold of its events.

    Attributes:
        version: The view's, at which the two were compared.
        paths: JSON pointers to the fields of the view that differ; `/events` if the log itself has gaps.
    """

    subject_id: str
    version: int
    paths: tuple[str, ...]


class Verified(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a comparison found.

    Attributes:
        orders: Subjects that were looked at.
        events: Events that were folded.
        different: Subjects whose view is not the fold of their events.
        behind: Subjects with events that their view does not have yet.
        quarantined: Subjects set aside, which are not compared.
        archived: Subjects whose events have left, which are not compared.
        seconds: How long it took.
    """

    orders: int
    events: int
    different: tuple[Difference, ...]
    behind: tuple[str, ...]
    quarantined: tuple[str, ...]
    archived: int
    seconds: float

    @property
    def same(self) -> bool:
        """Whether every view that was compared is the fold of its events."""
        return not self.different


class Progress(msgspec.Struct, frozen=True):
    """How far a comparison is."""

    slots_done: int
    slots: int
    orders: int
    events: int


class _Tally:
    """What has been found so far."""

    def __init__(self) -> None:
        self.orders = self.events = self.archived = self.slots = 0
        self.different: list[Difference] = []
        self.behind: list[str] = []
        self.quarantined: list[str] = []


async def verify(
    pool: Pool,
    keyring: Keyring,
    *,
    subject_id: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Verified:
    """Fold every subject again, or one, and compare.

    Args:
        pool: Up to three connections are used.
        keyring: Opens personal values.
        subject_id: The one; all if None.
        on_progress: Called after each slot.
        monotonic: Seconds that never go back.

    Raises:
        OtherFoldError: Live views were made by another fold version.
        StoreUnavailableError: Postgres is away.
    """
    began = monotonic()
    tally = _Tally()
    slots = range(SLOTS) if subject_id is None else (slot_of(subject_id),)
    ids = ("", _HIGHEST) if subject_id is None else (subject_id, subject_id)
    with translated():
        await _check_folds(pool, slots)
        waiting = iter(slots)
        report = partial(_report, tally, len(slots), on_progress or _say_nothing)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(CONNECTIONS, len(slots))):
                    group.create_task(_verify_slots(pool, keyring, waiting, ids, tally, report))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
    return Verified(
        orders=tally.orders,
        events=tally.events,
        different=tuple(sorted(tally.different, key=lambda each: each.subject_id)),
        behind=tuple(sorted(tally.behind)),
        quarantined=tuple(sorted(tally.quarantined)),
        archived=tally.archived,
        seconds=monotonic() - began,
    )


async def _check_folds(pool: Pool, slots: Sequence[int]) -> None:
    rows = await pool.fetch(statement("projections/read_folds"))
    # None: no projector has run yet, so there are no views either
    others = {row["fold_version"] for row in rows if row["slot"] in slots} - {FOLD_VERSION, None}
    if others:
        made = ", ".join(str(each) for each in sorted(others))
        raise OtherFoldError(
            f"Live views were folded by version {made}, and this release folds by version {FOLD_VERSION}: they cannot "
            "be compared. Verify with the release that folded them."
        )


async def _verify_slots(
    pool: Pool,
    keyring: Keyring,
    waiting: Iterator[int],
    ids: tuple[str, str],
    tally: _Tally,
    report: Callable[[], None],
) -> None:
    """Verify slots until none waits; several of these keep Postgres busy while one of them folds."""
    async with pool.acquire() as connection:
        for slot in waiting:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await _verify_slot(connection, keyring, slot, *ids, tally)
            tally.slots += 1
            report()


def _report(tally: _Tally, slots: int, on_progress: Callable[[Progress], None]) -> None:
    on_progress(Progress(tally.slots, slots, tally.orders, tally.events))


def _say_nothing(_: Progress) -> None:
    """Take progress that nobody wants to hear."""


async def _verify_slot(
    connection: Connection, keyring: Keyring, slot: int, first: str, last: str, tally: _Tally
) -> None:
    while True:
        subjects = await connection.fetch(statement("projections/scan_subjects"), slot, first, last, PAGE_SUBJECTS)
        if not subjects:
            return
        end = subjects[-1]["subject_id"]
        known = {row["subject_id"]: _Subject(row, keyring) for row in subjects}
        async for subject_id, rows in _event_pages(connection, slot, subjects[0]["subject_id"], end):
            known[subject_id].take(rows)
        for each in known.values():
            each.judge(tally)
        if len(subjects) < PAGE_SUBJECTS:
            return
        first = end + _LOWEST


async def _event_pages(
    connection: Connection, slot: int, first: str, last: str
) -> AsyncIterator[tuple[str, Iterator[asyncpg.Record]]]:
    """Give the events of some subjects in order; a subject at the end of a page comes again with the next."""
    after = (first, 0)
    while True:
        rows = await connection.fetch(statement("projections/scan_events"), slot, *after, last, PAGE_EVENTS)
        for subject_id, mine in groupby(rows, itemgetter(0)):
            yield subject_id, mine
        if len(rows) < PAGE_EVENTS:
            return
        after = (rows[-1]["subject_id"], rows[-1]["version"])


class _Subject:
    """A subject while its events are folded again.

    Args:
        row: Of `scan_subjects`.
        keyring: Opens its data key.
    """

    def __init__(self, row: asyncpg.Record, keyring: Keyring) -> None:
        self._row = row
        self._keyring = keyring
        self._id: str = row["subject_id"]
        self._wanted: int = row["view_version"] or 0
        self._compared = not (row["quarantined"] or row["archived"])
        self._key: bytes | None = None
        self._view = EMPTY
        self._folded = 0
        self._failure: str | None = None
        try:
            self._key = None if row["wrapped"] is None else keyring.unwrap_key(row["wrapped"], self._id)
        except SecretKeyError as error:
            self._failure = type(error).__name__
        self._erased_later = False

    def take(self, rows: Iterator[asyncpg.Record]) -> None:
        """Fold some more of its events, up to the version of its view."""
        if not self._compared or self._failure is not None:
            return
        try:
            events = list(self._events(rows))
            self._folded += len(events)
            self._view = fold(self._view, events)
        except Exception as error:  # noqa: BLE001 - whatever the fold cannot do now is what we are here to tell
            self._failure = type(error).__name__

    def _events(self, rows: Iterator[asyncpg.Record]) -> Iterator[RecordedEvent]:
        """Give the events up to the version of the view, opened."""
        for _, version, source, event_id, type_, schema_version, data, sealed, occurred_at, recorded_at in rows:
            if version > self._wanted:
                self._erased_later = self._erased_later or type_ == "order.erased"
                continue
            personal = None
            if sealed is not None and self._key is not None:
                personal = unseal(self._key, sealed, context=event_context(self._id, source, event_id))
            yield RecordedEvent(
                self._id, version, source, event_id, type_, schema_version, data, personal, occurred_at, recorded_at
            )

    def judge(self, tally: _Tally) -> None:
        """Compare its view with the fold, and count it."""
        row = self._row
        tally.orders += 1
        if row["quarantined"]:
            tally.quarantined.append(self._id)
            return
        if row["archived"]:
            tally.archived += 1
            return
        tally.events += self._folded
        if self._wanted < (row["head_version"] or 0):
            tally.behind.append(self._id)
        # once erased, what the view of an earlier version showed can be folded by nobody
        if self._wanted and not self._erased_later:
            paths = self._differences()
            if paths:
                tally.different.append(Difference(self._id, self._wanted, paths))

    def _differences(self) -> tuple[str, ...]:
        if self._failure is not None:
            return (f"/ (the fold fails: {self._failure})",)
        if self._folded != self._wanted:
            return ("/events",)
        row, (state, personal) = self._row, encode_view(self._view)
        columns = (row["customer_id"], row["status"], row["over"])
        stored_personal = self._stored_personal()
        if (
            row["fingerprint"] == fingerprint_of(state, personal, self._keyring.hash)
            and row["state"] == state
            and stored_personal == personal
            and columns == (self._view.customer_id, self._view.status, self._view.over)
        ):
            return ()
        return self._paths(row["state"], stored_personal, columns) or ("/fingerprint",)

    def _stored_personal(self) -> bytes | None:
        sealed = self._row["sealed"]
        if sealed is None or self._key is None:
            return None
        try:
            return unseal(self._key, sealed, context=view_context(self._id))
        except SecretKeyError:
            return b"(cannot be opened)"

    def _paths(self, state: bytes, personal: bytes | None, columns: tuple[Any, ...]) -> tuple[str, ...]:
        """Name the fields that differ, by their names in JSON."""
        try:
            stored = decode_view(state, personal)
        except (msgspec.DecodeError, ValueError):
            return ("/",)
        paths = list(_unlike_fields(stored, self._view))
        names = ("customerId", "status", "over")
        ours = (self._view.customer_id, self._view.status, self._view.over)
        paths += [f"/{n}" for n, a, b in zip(names, columns, ours, strict=True) if a != b and f"/{n}" not in paths]
        return tuple(paths)


def _unlike_fields(stored: OrderView, folded: OrderView) -> Iterator[str]:
    for field in msgspec.structs.fields(OrderView):
        if getattr(stored, field.name) != getattr(folded, field.name):
            yield f"/{field.encode_name}"
