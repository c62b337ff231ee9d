"""The feed on a real Postgres: nothing is skipped, whoever commits when, and versions keep their order."""

import asyncio
from collections import Counter

import pytest

from events.cloud_event import Personal
from events.feed import Feed
from events.feed_writer import SWEPT_SUBJECTS, FeedWriter
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.store import EventStore
from projections.projector import Projector
from tests.conftest import Clock
from tests.examples.log import fact, group, note
from tests.integration.feeding import Copy, number, of_slot
from tests.integration.flow import from_a_newer_release, raw_append
from tests.scale import scaled

CANARY = "Please ring twice for Eleni Papadaki"


async def test_what_happened_before_the_feed_was_opened_is_in_it(
    pool: Pool, keyring: Keyring, store: EventStore, writer: FeedWriter
) -> None:
    """Settled or not; nothing is numbered before somebody asks."""
    await store.append([group(fact(f"e{n}", subject_id=f"order-{n % 40}")) for n in range(100)])
    await pool.execute("UPDATE heads SET settled_at = now() WHERE subject_id < 'order-2'")
    before = await number(writer)
    made = Copy(Feed(pool, keyring), keyring)
    await made.catch_up()
    numbered = await number(writer)
    await made.catch_up()

    assert (before, numbered, len(made.events)) == (0, 100, 100)
    made.assert_in_order()


async def test_a_slot_with_many_subjects_is_swept_page_by_page(
    pool: Pool, keyring: Keyring, store: EventStore, writer: FeedWriter
) -> None:
    """Where a page ends the next begins, also where it ends with the last subject."""
    subjects = of_slot(7, SWEPT_SUBJECTS)
    await store.append([group(fact(subject_id=each)) for each in subjects])
    await pool.execute("UPDATE heads SET settled_at = now()")
    made = Copy(Feed(pool, keyring), keyring)
    await made.catch_up()
    await number(writer)

    assert sorted(subject for subject, _ in await made.catch_up()) == sorted(subjects)


async def test_an_event_that_commits_late_is_not_skipped(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """It was written before others of its slot that have been read, and came to be seen after them."""
    late, early = of_slot(7, 2)
    await store.append([group(fact(subject_id=late))])
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await raw_append(connection, late, 2)
        await store.append([group(fact(subject_id=early))])
        await number(writer)
        first = await copy.catch_up()
        await transaction.commit()
    await number(writer)

    assert first == [(late, 1), (early, 1)]
    assert await copy.catch_up() == [(late, 2)]


async def test_a_rollback_is_not_in_it(pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter) -> None:
    """What did not commit never happened."""
    await store.append([group(fact())])
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await raw_append(connection, "order-1", 2)
        await number(writer)
        await transaction.rollback()
    await number(writer)

    assert await copy.catch_up() == [("order-1", 1)]


async def test_numbers_that_did_not_commit_hide_nothing(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """A writer that holds a slot delays it for others; one that is gone leaves no gap and no repeat."""
    await store.append([group(fact())])
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT FROM feed_slots WHERE slot = $1 FOR UPDATE", slot_of("order-1"))
        held = await writer.number_news()
        await transaction.rollback()
    freed = await writer.number_news()

    assert (held, freed) == (0, 1)
    assert await copy.catch_up() == [("order-1", 1)]


@pytest.mark.parametrize("limit", [1, 2, 7, 500])
async def test_pages_of_any_size_give_the_same(
    limit: int, pool: Pool, keyring: Keyring, store: EventStore, writer: FeedWriter
) -> None:
    """Each event once, also when every slot has some and a slot has more than a page."""
    made = Copy(Feed(pool, keyring), keyring, limit=limit)
    await made.catch_up()
    await store.append([group(fact(f"e{n}", subject_id=f"order-{n % 30}")) for n in range(60)])
    await store.append([group(*(fact(f"e{n}", subject_id="long") for n in range(20)))])
    await number(writer)
    await made.catch_up()

    assert len(made.events) == 80
    made.assert_in_order()


async def test_no_slot_is_read_last_for_ever(copy: Copy, store: EventStore, writer: FeedWriter) -> None:
    """One that always has more than a page does not keep the others from their turn."""
    busy, quiet = of_slot(3, 1)[0], of_slot(200, 1)[0]
    await store.append([group(fact(subject_id=quiet)), group(*(fact(f"e{n}", subject_id=busy) for n in range(9)))])
    await number(writer)
    pages = [await copy.feed.read(copy.cursor, limit=3, personal=False)]
    pages.append(await copy.feed.read(pages[0].cursor, limit=3, personal=False))

    assert [each.subject for each in pages[0].events] == [busy] * 3
    assert [each.subject for each in pages[1].events] == [quiet, busy, busy]


async def test_nothing_is_missed_while_many_write_number_and_read(
    pool: Pool, keyring: Keyring, copy: Copy, store: EventStore
) -> None:
    """Writers race for orders, two of the feed for slots, and readers follow all the while."""
    subjects, turns, crowd = 12, scaled(25, 400), 8
    done = asyncio.Event()
    readers = [copy, Copy(Feed(pool, keyring), keyring, limit=7)]

    async def write(me: int) -> None:
        for turn in range(turns):
            names = {(me * turn) % subjects, (me + turn) % subjects}
            await store.append([group(fact(f"{me}-{turn}", subject_id=f"order-{n}")) for n in sorted(names)])

    async def number_on() -> None:
        own = FeedWriter(pool, lambda: None)
        while not done.is_set():
            await own.number_news()
            await own.sweep_some()

    async def follow(reader: Copy) -> None:
        while not done.is_set():
            await reader.catch_up()

    numbering = [asyncio.create_task(number_on()) for _ in range(2)]
    following = [asyncio.create_task(follow(reader)) for reader in readers]
    await asyncio.gather(*(write(me) for me in range(crowd)))
    done.set()
    await asyncio.gather(*numbering, *following)
    await number(FeedWriter(pool, lambda: None))
    stored = await pool.fetchval("SELECT count(*) FROM events")
    for reader in readers:
        await reader.catch_up()

        assert len(reader.events) == stored
        reader.assert_in_order()


async def test_a_head_that_the_feed_lacks_is_not_set_aside(
    pool: Pool, keyring: Keyring, copy: Copy, store: EventStore, writer: FeedWriter, clock: Clock
) -> None:
    """However long nobody numbers; once it is in the feed, it may be."""
    projector = Projector(pool, keyring, lambda _slots, _matching: None)
    await projector.adopt()
    await store.append([group(fact())])
    await projector.project(["order-1"])
    await clock.advance(minutes=10)
    await projector.sweep(ALL_SLOTS)
    kept = await pool.fetchval("SELECT count(*) FROM heads WHERE settled_at IS NULL")
    await writer.number_news()
    await projector.sweep(ALL_SLOTS)

    assert kept == 1
    assert await pool.fetchval("SELECT count(*) FROM heads WHERE settled_at IS NULL") == 0
    assert await copy.catch_up() == [("order-1", 1)]


async def test_a_head_that_was_set_aside_all_the_same_is_found_again(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """As an older release does beside this one: each start of a process looks at all heads."""
    await number(writer)
    await store.append([group(fact())])
    await pool.execute("UPDATE heads SET settled_at = now()")
    lost = await number(writer)
    await writer.sweep_anew()

    assert (lost, await number(writer)) == (0, 1)
    assert await copy.catch_up() == [("order-1", 1)]


async def test_archived_events_are_passed_over(pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter) -> None:
    """They left before the reader came by; the rest follows, and the place moves on."""
    await store.append([group(fact(), fact("e2")), group(fact(subject_id="order-2"))])
    await number(writer)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lockstep.archiving = 'on'")
        await connection.execute("DELETE FROM events WHERE subject_id = 'order-1'")
        await connection.execute("UPDATE heads SET archived_at = now() WHERE subject_id = 'order-1'")

    assert await copy.catch_up() == [("order-2", 1)]
    assert await number(writer) == 0


async def test_personal_values_are_opened_for_who_may_have_them(
    pool: Pool, keyring: Keyring, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """Otherwise they are null, as those of an erased order are for everybody."""
    await store.append([group(note(CANARY)), group(note(CANARY, subject_id="order-2"))])
    await store.erase("order-2")
    await number(writer)
    may = Copy(Feed(pool, keyring), keyring, personal=True)
    await may.catch_up()
    await copy.catch_up()
    seen = {each.subject: (each.personal, each.data) for each in may.events if each.version == 1}
    withheld = {each.subject: (each.personal, each.data) for each in copy.events if each.version == 1}

    assert seen == {
        "order-1": (Personal.OPEN, {"text": CANARY}),
        "order-2": (Personal.ERASED, {"text": None}),
    }
    assert withheld["order-1"] == (Personal.WITHHELD, {"text": None})


async def test_an_event_of_a_newer_release_does_not_stop_the_feed(
    pool: Pool, copy: Copy, store: EventStore, writer: FeedWriter
) -> None:
    """It comes as it is stored."""
    await store.append([group(fact())])
    await from_a_newer_release(pool, "order-1", 2)
    await store.append([group(fact("e3"))])
    await number(writer)

    assert await copy.catch_up() == [("order-1", 1), ("order-1", 2), ("order-1", 3)]
    assert copy.events[1].type == "order.teleported"


async def test_who_waits_does_not_keep_a_process_from_leaving(copy: Copy) -> None:
    """They are answered with what there is: nothing, and the same place."""
    waiting = asyncio.create_task(copy.feed.follow(copy.cursor, limit=500, personal=False, wait_seconds=3_600))
    await asyncio.sleep(0)  # it has begun, and waits for Postgres or for news
    copy.feed.wake()
    page = await waiting

    assert (page.events, page.cursor, page.more) == ([], copy.cursor, False)


async def test_a_running_writer_numbers_and_leaves_when_told(pool: Pool, copy: Copy, store: EventStore) -> None:
    """It tells that there is news, and needs nobody to tell it."""
    news = asyncio.Event()
    stop = asyncio.Event()
    running = asyncio.create_task(FeedWriter(pool, news.set).run(stop))
    await store.append([group(fact())])
    await news.wait()
    stop.set()
    await running

    assert Counter(await copy.catch_up()) == {("order-1", 1): 1}
