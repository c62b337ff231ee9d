"""Folds the next generation of views beside the live one, and moves slots to it. It puts no card in debt.

The next generation follows the live one, view by view: each is folded again from its first event up to the version of
the live view. Events after that are the projector's, before and after the move; so each is folded in the generation
that is live, cards go into debt for it once, and an order's view never goes back. When nothing is stale the slot's
pointer moves, under a lock that keeps every projector from the slot: none folds for the old generation afterwards.
Appends take no part in this.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

import asyncpg
import msgspec

from events.postgres.errors import DEADLOCK, UNIQUE_VIOLATION, translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from projections.found import Found, found
from projections.lanes import Slots, filled, filled_slots, in_lanes
from projections.log_scan import events_between, events_of
from projections.order_list import mend_list
from projections.order_view import FOLD_VERSION
from projections.rebuild_ledger import SlotState, hold_slot, keep_rebuilds
from projections.view_row import COLUMNS, Stopped, ViewRow

CONNECTIONS: Final = 3
MOVES: Final = 2
"""At once."""
PAGE_SUBJECTS: Final = 500
# Below so many stale views the rest is left to the move, which holds the slot meanwhile.
FEW: Final = 20
ROUNDS: Final = 20
WHOLE: Final = "\U0010ffff"
"""Stands for the last subject, behind all others, once a slot was gone through to its end."""
_SERIALIZATION: Final = "40001"
Which = Literal["all", "newly stale"]
_RACED: Final = frozenset({_SERIALIZATION, UNIQUE_VIOLATION, DEADLOCK})


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild did.

    Attributes:
        orders: Views that were written.
        events: Events that were folded.
        changed: Views that are not what the live ones of the same version are.
        stopped: Subjects that were set aside.
        moved: Slots that went to their next generation.
        held_seconds: The longest time for which a slot was held for that.
    """

    slots: int = 0
    orders: int = 0
    events: int = 0
    changed: int = 0
    stopped: Found[Stopped] = Found()
    moved: int = 0
    held_seconds: float = 0.0

    def __add__(self, other: "Rebuilt") -> "Rebuilt":
        """Give both together."""
        return Rebuilt(
            slots=self.slots + other.slots,
            orders=self.orders + other.orders,
            events=self.events + other.events,
            changed=self.changed + other.changed,
            stopped=self.stopped + other.stopped,
            moved=self.moved + other.moved,
            held_seconds=max(self.held_seconds, other.held_seconds),
        )


async def build(
    pool: Pool,
    keyring: Keyring,
    *,
    slots: Slots | None = None,
    on_slot: Callable[[Rebuilt], None] | None = None,
) -> Rebuilt:
    """Bring the next generation of some slots up to the live one.

    Args:
        pool: Up to three connections are used.
        keyring: Opens and seals personal values.
        slots: All in which there is anything unless given; those without a next generation are passed over.
        on_slot: Called with what was done for each slot, or for all that are empty.

    Raises:
        StoreUnavailableError: Postgres is away; what is written stays, and the next call goes on from there.
    """
    total = Rebuilt()

    def add(done: Rebuilt) -> None:
        nonlocal total
        total += done
        if on_slot is not None:
            on_slot(done)

    async def one(slot: int) -> None:
        written = await _write_stale_views(pool, keyring, slot, "all")
        add(msgspec.structs.replace(written, slots=1))

    if slots is None:
        slots, empty = await filled_slots(pool)
        add(Rebuilt(slots=empty))
    await in_lanes(CONNECTIONS, slots, one)
    return total


async def move_all(pool: Pool, keyring: Keyring, slots: Iterable[SlotState]) -> Rebuilt:
    """Move those of the slots that have a move before them, a few at a time; all are on the disk in the end.

    Args:
        pool: Two connections are used.
        keyring: Opens and seals personal values.
        slots: Where they stand.

    Raises:
        StoreUnavailableError: Postgres is away, or a projector has held a slot for half a minute; which slots have
            moved is in the ledger.
    """
    going = [each.slot for each in slots if each.goes]
    with translated():
        total, rest = await _move_empty(pool, going)

    async def one(slot: int) -> None:
        nonlocal total
        done = await move(pool, keyring, slot)
        total += done

    await in_lanes(MOVES, Slots(rest), one)
    with translated():
        await pool.execute(statement("projections/await_moves"))
    return total


async def _move_empty(pool: Pool, slots: Sequence[int]) -> tuple[Rebuilt, list[int]]:
    """Move those slots at once in which there is nothing to be folded; give the others, too."""
    some = set(await filled(pool, slots))
    async with pool.acquire() as connection, connection.transaction():
        await keep_rebuilds(connection)
        rows = await connection.fetch(statement("projections/hold_free_slots"), [s for s in slots if s not in some])
        began = time.monotonic()
        held = [row["slot"] for row in rows]
        some = set(await filled(connection, held))
        empty = [slot for slot in held if slot not in some]
        moved = await _go(connection, empty)
    done = Rebuilt(moved=moved, held_seconds=time.monotonic() - began if held else 0.0)
    return done, sorted(set(slots) - set(empty))


async def move(pool: Pool, keyring: Keyring, slot: int, *, monotonic: Callable[[], float] = time.monotonic) -> Rebuilt:
    """Bring a slot's next generation up to the live one and make it the live one.

    Args:
        pool: One connection is used.
        keyring: Opens and seals personal values.
        slot: One without a next generation stays as it is.
        monotonic: Seconds that never go back.
    """
    total, patient = Rebuilt(), False
    while True:
        total += await _write_stale_views(pool, keyring, slot, "all")
        if patient:
            total += await _follow(pool, keyring, slot)
        with _again_if_raced():
            async with pool.acquire() as connection, connection.transaction():
                await hold_slot(connection, slot)
                began = monotonic()
                done, complete = await _catch_up(connection, keyring, slot, patient=patient)
                moved = await _go(connection, [slot]) if complete else 0
            total += done
            if complete:
                total += Rebuilt(moved=moved, held_seconds=monotonic() - began)
                await mend_list(pool, [slot])
                return total
            patient = True


async def _go(connection: Connection, slots: Sequence[int]) -> int:
    """Move slots that are held; give how many had a way before them."""
    moved: int = await connection.fetchval(statement("projections/move_slots"), slots, FOLD_VERSION)
    return moved


async def _catch_up(connection: Connection, keyring: Keyring, slot: int, *, patient: bool) -> tuple[Rebuilt, bool]:
    """Write what has become stale while the slot is held, and tell whether that is all; no more than a few at first.

    Nothing is all while there is a build that was not brought to its end: what is settled is looked at by that alone.
    """
    claimed = await _claim(connection, slot)
    if claimed is None or claimed["built_to"] != WHOLE:
        return Rebuilt(), claimed is None
    total, after, most = Rebuilt(), "", PAGE_SUBJECTS if patient else FEW
    while True:
        done, last = await _write_page(connection, keyring, slot, claimed, after, which="newly stale", most=most)
        total += done
        if last is None or not patient:
            return total, last is None
        after = last


async def _follow(pool: Pool, keyring: Keyring, slot: int) -> Rebuilt:
    """Write what is stale while others make more of it, until that is so little that the rest is left to the move."""
    total = Rebuilt()
    for _ in range(ROUNDS):
        done = await _write_stale_views(pool, keyring, slot, "newly stale")
        total += done
        if done.orders <= FEW:
            break
    return total


async def _write_stale_views(pool: Pool, keyring: Keyring, slot: int, which: Which) -> Rebuilt:
    """Go once through a slot, a page in each snapshot.

    Two rebuilds of the same slot take turns; one that comes too late for its snapshot takes another.

    Args:
        pool: One connection is used.
        keyring: Opens and seals personal values.
        slot: The slot.
        which: Every view once, going on from where that was broken off; or what has become stale since, at any time.
    """
    total, after = Rebuilt(), ""
    async with pool.acquire() as connection:
        while True:
            with _again_if_raced():
                async with connection.transaction(isolation="repeatable_read"):
                    await keep_rebuilds(connection)
                    claimed = await _claim(connection, slot)
                    if claimed is None or (which == "all" and claimed["built_to"] == WHOLE):
                        return total
                    done, last = await _write_page(
                        connection, keyring, slot, claimed, after, which=which, most=PAGE_SUBJECTS
                    )
                total += done
                if last is None:
                    return total
                after = last


@contextmanager
def _again_if_raced() -> Iterator[None]:
    """Let the loop around go on when somebody was faster."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate not in _RACED:
            raise


async def _claim(connection: Connection, slot: int) -> asyncpg.Record | None:
    """Take a slot's rebuild until the transaction ends; None: it has none before it."""
    return await connection.fetchrow(statement("projections/claim_rebuild"), slot, FOLD_VERSION)


async def _write_page(
    connection: Connection,
    keyring: Keyring,
    slot: int,
    claimed: asyncpg.Record,
    after: str,
    *,
    which: Which,
    most: int,
) -> tuple[Rebuilt, str | None]:
    """Write the next stale views, and say which was the last; None: there are no more."""
    live, following, now = claimed["live_generation"], claimed["generation"], claimed["now"]
    is_new = which == "all" and not claimed["back"]
    if which == "all":
        after = max(after, claimed["built_to"])
    if is_new:
        rows = await connection.fetch(statement("projections/scan_views"), slot, live, after, most)
    else:
        name = "projections/find_stale_views" if which == "all" else "projections/find_newly_stale_views"
        rows = await connection.fetch(statement(name), slot, live, following, after, most)
    last = rows[-1]["subject_id"] if len(rows) == most else None
    if which == "all":
        await connection.execute(statement("projections/note_built"), slot, WHOLE if last is None else last)
    if not rows:
        return Rebuilt(), None
    ids = [row["subject_id"] for row in rows]
    await connection.execute(statement("projections/drop_views"), slot, following, ids)
    subjects = {row["subject_id"]: ViewRow(row, keyring) for row in rows if row["live_version"] is not None}
    events = (
        events_between(connection, slot, ids[0], ids[-1]) if is_new else events_of(connection, slot, list(subjects))
    )
    async for subject_id, mine in events:
        if subject_id in subjects:
            subjects[subject_id].refold.take(mine)
    await connection.copy_records_to_table(
        "views", records=[each.record(slot, following, now) for each in subjects.values()], columns=COLUMNS
    )
    done = Rebuilt(
        orders=len(subjects),
        events=sum(each.refold.folded for each in subjects.values()),
        changed=sum(each.changed for each in subjects.values()),
        stopped=found([each.stopped for each in subjects.values() if each.stopped is not None]),
    )
    return done, last
