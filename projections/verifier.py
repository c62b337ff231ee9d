"""Folds the log again and compares the result with the live views; it cannot push: it reads, in read-only transactions.

Each slot is read in one snapshot, subject by subject in the order of the primary keys. A view is compared at its own
version; what has been appended since is work of the projector, and is counted.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from events.errors import SecretKeyError
from events.postgres.pool import Connection, Pool
from events.sealing import Keyring, unseal
from events.slot import slot_of
from projections import log_scan
from projections.errors import MissingEventError
from projections.found import Found, found
from projections.lanes import Slots, in_lanes
from projections.order_view import FOLD_VERSION, OrderView, decode_view, encode_view, fingerprint_of
from projections.refold import Refold
from projections.view_store import view_context

CONNECTIONS: Final = 3
# In the collation "C" nothing lies between an id and that id with the lowest character, and this is the highest.
_LOWEST, _HIGHEST = "\x01", "\U0010ffff"


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """A subject whose live view is not the fold of its events.

    Attributes:
        version: The view's, at which the two were compared.
        paths: JSON pointers to the fields of the view that differ; `/events` if the log itself has gaps.
    """

    subject_id: str
    version: int
    paths: tuple[str, ...]


class OtherFold(msgspec.Struct, frozen=True, rename="camel"):
    """Views that another fold version made.

    Attributes:
        orders: How many they are.
        unlike: How many of them this release would fold to something else.
    """

    fold_version: int
    orders: int
    unlike: int


class Verified(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a comparison found in some slots.

    Attributes:
        orders: Subjects that were looked at.
        events: Events that were folded.
        different: Subjects whose view is not the fold of their events.
        behind: Subjects with events that their view does not have yet.
        quarantined: Subjects set aside, which are not compared.
        archived: Subjects whose events have left, which are not compared.
        later: Subjects whose view has events that were recorded later than asked for, which are not compared.
        other_folds: Views of slots that another version folded, by that version.
    """

    slots: int = 0
    orders: int = 0
    events: int = 0
    different: Found[Difference] = Found()
    behind: Found[str] = Found()
    quarantined: Found[str] = Found()
    archived: int = 0
    later: int = 0
    other_folds: tuple[OtherFold, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every view that was compared is the fold of its events."""
        return not self.different.count

    def __add__(self, other: "Verified") -> "Verified":
        """Give what both found."""
        return Verified(
            slots=self.slots + other.slots,
            orders=self.orders + other.orders,
            events=self.events + other.events,
            different=self.different + other.different,
            behind=self.behind + other.behind,
            quarantined=self.quarantined + other.quarantined,
            archived=self.archived + other.archived,
            later=self.later + other.later,
            other_folds=_together(self.other_folds + other.other_folds),
        )


def _together(folds: tuple[OtherFold, ...]) -> tuple[OtherFold, ...]:
    sums: dict[int, OtherFold] = {}
    for each in folds:
        one = sums.get(each.fold_version, OtherFold(each.fold_version, 0, 0))
        sums[each.fold_version] = OtherFold(each.fold_version, one.orders + each.orders, one.unlike + each.unlike)
    return tuple(sums[version] for version in sorted(sums))


async def verify(
    pool: Pool,
    keyring: Keyring,
    *,
    subject_id: str | None = None,
    slots: Slots | None = None,
    until: datetime | None = None,
    on_slot: Callable[[Verified], None] | None = None,
) -> Verified:
    """Fold every subject of some slots again, or one, and compare.

    Args:
        pool: Up to three connections are used.
        keyring: Opens personal values.
        subject_id: The one; all if None.
        slots: Where to look for them; everywhere unless given.
        until: Compare only views that have no event recorded after it.
        on_slot: Called with what was found in each slot.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    work = _Work(keyring, subject_id, until)
    total = Verified()

    async def one(slot: int) -> None:
        nonlocal total
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await _verify_slot(connection, work, slot)
        total += found
        if on_slot is not None:
            on_slot(found)

    if subject_id is not None:
        slots = Slots([slot_of(subject_id)])
    await in_lanes(CONNECTIONS, slots or Slots(), one)
    return total


class _Work(msgspec.Struct, frozen=True):
    """What is asked of each slot."""

    keyring: Keyring
    subject_id: str | None
    until: datetime | None


async def _verify_slot(connection: Connection, work: _Work, slot: int) -> Verified:
    """Verify a slot, or the one subject in it, within the transaction that the caller has begun."""
    first, last = ("", _HIGHEST) if work.subject_id is None else (work.subject_id, work.subject_id)
    # a slot that no projector has taken yet has no views
    tally = _Tally(await log_scan.fold_of(connection, slot) or FOLD_VERSION)
    while True:
        subjects = await log_scan.subjects_between(connection, slot, first, last)
        if not subjects:
            break
        end = subjects[-1]["subject_id"]
        known = {each["subject_id"]: _Subject(each, work) for each in subjects}
        async for subject_id, rows in log_scan.events_between(
            connection, slot, subjects[0]["subject_id"], end, until=work.until
        ):
            known[subject_id].take(rows)
        for each in known.values():
            each.judge(tally)
        if len(subjects) < log_scan.PAGE_SUBJECTS:
            break
        first = end + _LOWEST
    return tally.verified()


class _Tally:
    """What has been found in a slot so far.

    Args:
        made_by: The fold version of its views.
    """

    def __init__(self, made_by: int) -> None:
        self._made_by = made_by
        self.orders = self.events = self.archived = self.later = self.compared = 0
        self.different: list[Difference] = []
        self.behind: list[str] = []
        self.quarantined: list[str] = []

    def verified(self) -> Verified:
        mine = self._made_by == FOLD_VERSION
        other = OtherFold(self._made_by, self.compared, len(self.different))
        return Verified(
            slots=1,
            orders=self.orders,
            events=self.events,
            different=found(self.different) if mine else Found(),
            behind=found(self.behind),
            quarantined=found(self.quarantined),
            archived=self.archived,
            later=self.later,
            other_folds=() if mine or not self.compared else (other,),
        )


class _Subject:
    """A subject while its events are folded again.

    Args:
        row: Of `scan_subjects`.
        work: What is asked.
    """

    def __init__(self, row: asyncpg.Record, work: _Work) -> None:
        self._row = row
        self._keyring = work.keyring
        self._id: str = row["subject_id"]
        self._wanted: int = row["view_version"] or 0
        self._compared = not (row["quarantined"] or row["archived"])
        self._refold = Refold(self._id, self._wanted, row["wrapped"], work.keyring)

    def take(self, rows: Iterator[asyncpg.Record]) -> None:
        """Fold some more of its events, up to the version of its view."""
        if self._compared:
            self._refold.take(rows)

    def judge(self, tally: _Tally) -> None:
        """Compare its view with the fold, and count it."""
        row, refold = self._row, self._refold
        tally.orders += 1
        if row["quarantined"]:
            tally.quarantined.append(self._id)
            return
        if row["archived"]:
            tally.archived += 1
            return
        refold.end()
        tally.events += refold.folded
        if self._wanted < (row["head_version"] or 0):
            tally.behind.append(self._id)
        if refold.is_later:
            tally.later += 1
        # once erased, what the view of an earlier version showed can be folded by nobody
        elif self._wanted and not refold.erased_later:
            tally.compared += 1
            paths = self._differences()
            if paths:
                tally.different.append(Difference(self._id, self._wanted, paths))

    def _differences(self) -> tuple[str, ...]:
        failure, view = self._refold.failure, self._refold.view
        if isinstance(failure, MissingEventError):
            return ("/events",)
        if failure is not None:
            return (f"/ (the fold fails: {type(failure).__name__})",)
        row, (state, personal) = self._row, encode_view(view)
        columns = (row["customer_id"], row["status"], row["over"])
        stored_personal = self._stored_personal()
        if (
            row["fingerprint"] == fingerprint_of(state, personal, self._keyring.hash)
            and row["state"] == state
            and stored_personal == personal
            and columns == (view.customer_id, view.status, view.over)
        ):
            return ()
        return self._paths(row["state"], stored_personal, columns) or ("/fingerprint",)

    def _stored_personal(self) -> bytes | None:
        sealed, key = self._row["sealed"], self._refold.data_key
        if sealed is None or key is None:
            return None
        try:
            return unseal(key, sealed, context=view_context(self._id))
        except SecretKeyError:
            return b"(cannot be opened)"

    def _paths(self, state: bytes, personal: bytes | None, columns: tuple[Any, ...]) -> tuple[str, ...]:
        """Name the fields that differ, by their names in JSON."""
        try:
            stored = decode_view(state, personal)
        except (msgspec.DecodeError, ValueError):
            return ("/",)
        view = self._refold.view
        paths = list(unlike_fields(stored, view))
        names = ("customerId", "status", "over")
        ours = (view.customer_id, view.status, view.over)
        paths += [f"/{n}" for n, a, b in zip(names, columns, ours, strict=True) if a != b and f"/{n}" not in paths]
        return tuple(paths)


def unlike_fields(stored: OrderView, folded: OrderView) -> Iterator[str]:
    """Give a JSON pointer to each field in which two views differ."""
    for field in msgspec.structs.fields(OrderView):
        if getattr(stored, field.name) != getattr(folded, field.name):
            yield f"/{field.encode_name}"
