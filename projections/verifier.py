"""Folds the log again and compares the result with the live views; it cannot push: it reads, in read-only transactions.

Each slot is read in one snapshot, subject by subject in the order of the primary keys. A view is compared at its own
version; what has been appended since is work of the projector, and is counted.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from events.postgres.pool import Connection, Pool
from events.sealing import Keyring
from events.slot import slot_of
from projections import log_scan
from projections.comparison import Comparison, Tally, Verified
from projections.lanes import Slots, filled_slots, in_lanes
from projections.order_view import FOLD_VERSION

CONNECTIONS: Final = 3
# In the collation "C" nothing lies between an id and that id with the lowest character, and this is the highest.
_LOWEST, _HIGHEST = "\x01", "\U0010ffff"


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
        slots: Where to look for them; wherever there is anything unless given.
        until: Compare only views that have no event recorded after it.
        on_slot: Called with what was found in each slot, or in all that are empty.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    work = _Work(keyring, subject_id, until)
    total = Verified()

    def add(found: Verified) -> None:
        nonlocal total
        total += found
        if on_slot is not None:
            on_slot(found)

    async def one(slot: int) -> None:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await _verify_slot(connection, work, slot)
        add(found)

    if subject_id is not None:
        slots = Slots([slot_of(subject_id)])
    if slots is None:
        slots, empty = await filled_slots(pool)
        add(Verified(slots=empty))
    await in_lanes(CONNECTIONS, slots, one)
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
    tally = Tally(await log_scan.fold_of(connection, slot) or FOLD_VERSION)
    while True:
        subjects = await log_scan.subjects_between(connection, slot, first, last)
        if not subjects:
            break
        end = subjects[-1]["subject_id"]
        known = {each["subject_id"]: Comparison(each, work.keyring) for each in subjects}
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
