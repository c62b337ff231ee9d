"""The feed of a database that was put back to an earlier time: readers who know more than it skip nothing."""

import pytest

from events.feed import CursorAheadError, Feed
from events.feed_cursor import FeedCursor
from events.feed_writer import FeedWriter, disown_feed
from events.postgres.pool import Pool
from events.slot import slot_of
from events.store import EventStore
from tests.conftest import Clock
from tests.examples.log import fact, group
from tests.integration.feeding import Copy, number


async def take_back(pool: Pool, subject_id: str, version: int) -> None:
    """Put log and feed of a subject back to a version, as a restore does."""
    slot = slot_of(subject_id)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lockstep.archiving = 'on'")
        await connection.execute("DELETE FROM events WHERE subject_id = $1 AND version > $2", subject_id, version)
        await connection.execute("UPDATE heads SET version = $2 WHERE subject_id = $1", subject_id, version)
        await connection.execute("DELETE FROM feed WHERE subject_id = $1 AND version > $2", subject_id, version)
        await connection.execute(
            "UPDATE feed_slots SET position = (SELECT max(position) FROM feed WHERE slot = $1) WHERE slot = $1", slot
        )


@pytest.mark.parametrize("told", ["by the history of the database", "by an operator"])
async def test_a_restore_skips_nothing_that_happens_after_it(
    told: str, pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """A reader had events that the restored database has lost; whatever comes after gets higher numbers than those."""
    await store.append([group(*(fact(f"e{n}") for n in range(5)))])
    await number(writer)
    await copy.catch_up()
    await take_back(pool, "order-1", 2)
    if told == "by an operator":
        await disown_feed(pool)
    else:
        await pool.execute("UPDATE feed_slots SET origin = 'another/00000001/1'")
    await store.append([group(fact("after-it"), fact("and-more"))])
    await number(writer)

    assert await copy.catch_up() == [("order-1", 3), ("order-1", 4)]
    assert copy.events[-2].id == "after-it"


async def test_a_second_restore_of_the_same_backup_skips_nothing(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter, clock: Clock
) -> None:
    """The first began a future of its own, in which the reader went on; its numbers are not given again either."""
    await store.append([group(*(fact(f"e{n}") for n in range(5)))])
    await number(writer)
    [backup] = await pool.fetch(
        "SELECT slot, position, leapt_from, leapt_to FROM feed_slots WHERE slot = $1", slot_of("order-1")
    )
    for attempt in range(2):
        await clock.advance(minutes=10)
        await take_back(pool, "order-1", 5)
        await pool.execute(
            "UPDATE feed_slots SET position = $2, leapt_from = $3, leapt_to = $4, origin = 'backup' WHERE slot = $1",
            *backup.values(),
        )
        await store.append([group(fact(f"after-{attempt}"))])
        await number(writer)
        await copy.catch_up()

    assert [each.id for each in copy.events[-2:]] == ["after-0", "after-1"]


async def test_a_feed_that_is_opened_again_skips_nothing(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter, clock: Clock
) -> None:
    """The backup is older than the feed: a reader's cursor from before is behind whatever is numbered now."""
    await store.append([group(fact())])
    await number(writer)
    await copy.catch_up()
    await pool.execute("DELETE FROM feed_slots; DELETE FROM feed")
    await clock.advance(minutes=10)
    await Feed(pool, copy.keyring).read(FeedCursor(), limit=1, personal=False)
    await store.append([group(fact("later"))])
    await number(writer)

    assert await copy.catch_up() == [("order-1", 1), ("order-1", 2)]


async def test_a_leap_with_nothing_behind_it_is_leapt_over(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """Nobody is told for ever that there is more, after two leaps as little as after one."""
    await store.append([group(fact())])
    await number(writer)
    await disown_feed(pool)
    await writer.sweep_anew()
    await number(writer)
    await disown_feed(pool)
    await writer.sweep_anew()
    await number(writer)

    assert await copy.catch_up() == [("order-1", 1)]
    assert (await copy.feed.read(copy.cursor, limit=500, personal=False)).cursor == copy.cursor


async def test_a_cursor_from_a_lost_future_is_told(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """As long as nothing was numbered since, it is ahead of all there is."""
    await store.append([group(*(fact(f"e{n}") for n in range(5)))])
    await number(writer)
    await copy.catch_up()
    await take_back(pool, "order-1", 2)
    with pytest.raises(CursorAheadError):
        await copy.catch_up()
