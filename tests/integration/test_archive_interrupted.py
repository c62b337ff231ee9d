"""An archive that is killed goes on, and an event that comes meanwhile wins: no order is ever in neither place."""

import asyncio

import pytest

from events.archive_file import ENDING, read_archive
from events.outcome import Appended, Archived
from events.slot import slot_of
from events.store import Group
from tests.integration.archiving import LIFE, Archiving
from tests.integration.command_line import begin, lockstep
from tests.integration.flow import raw_append
from tests.integration.holding import killed_when, locked
from tests.integration.rebuilding import Rebuilding
from tests.integration.wire import backend_that_waits

ORDERS = [f"order-{number}" for number in range(1, 31)]
FIRST, LAST = min(ORDERS, key=slot_of), max(ORDERS, key=slot_of)


@pytest.fixture
async def finished(archiving: Archiving) -> Archiving:
    """Thirty orders that are finished."""
    await archiving.finish(*ORDERS)
    return archiving


def command(archiving: Archiving) -> tuple[str, ...]:
    """Give the words of the command."""
    return "archive", "--before", "2100-01-01", "--to", str(archiving.folder), "--json"


async def in_the_log(archiving: Archiving) -> set[str]:
    """Name the orders whose events the log has, all of them."""
    rows = await archiving.flow.pool.fetch(
        "SELECT subject_id FROM heads AS h WHERE archived_at IS NULL AND version = (SELECT count(*) FROM events AS e "
        "WHERE e.slot = h.slot AND e.subject_id = h.subject_id)"
    )
    return {row["subject_id"] for row in rows}


def in_files(archiving: Archiving) -> set[str]:
    """Name the orders that whole files have, with all of their events."""
    files = [archiving.folder / each for each in archiving.names() if each.endswith(ENDING)]
    filed = [one for each in files for one in read_archive(each, archiving.flow.keyring)]
    return {order.id for order, events in filed if len(events) == order.version}


async def assert_goes_on(archiving: Archiving, dsn: str, left: int) -> None:
    """Run the command again, and see that all is archived, in one file that is as it should be."""
    done = await lockstep(*command(archiving), dsn=dsn)
    [name] = archiving.names()
    found = await lockstep("replay", "verify", "--archive", str(archiving.folder / name), "--json", dsn=dsn)

    assert (done.code, done.json["orders"], done.json["files"]) == (0, left, [name])
    assert (found.code, found.json["orders"], found.json["events"]) == (0, 30, 120)
    assert await archiving.archived() == in_files(archiving) == set(ORDERS)
    assert await archiving.rows() == {"events": 0, "views": 0, "cards": 0, "receipts": 0, "feed": 0}
    assert (await archiving.put_back(name)).orders == 30
    assert (await archiving.verify()).same


async def test_killed_while_it_writes(finished: Archiving, dsn: str) -> None:
    """What is half is no file of the archive, and is removed; nothing had left the log."""

    async def writing() -> bool:
        return finished.folder.exists() and len(finished.names()) == 1

    async with finished.flow.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE events")
        await killed_when(writing, *command(finished), dsn=dsn)
    [half] = finished.names()

    assert half.endswith(".partial")
    assert await in_the_log(finished) == set(ORDERS)
    await assert_goes_on(finished, dsn, 30)


async def test_killed_with_a_whole_file(finished: Archiving, dsn: str) -> None:
    """Every order is in both places, and leaves with the next run; no second file is written."""

    async def written() -> bool:
        return finished.folder.exists() and any(each.endswith(ENDING) for each in finished.names())

    async with locked(finished.flow.pool, "slots", slot_of(FIRST)):
        await killed_when(written, *command(finished), dsn=dsn)

    assert await in_the_log(finished) == in_files(finished) == set(ORDERS)
    await assert_goes_on(finished, dsn, 30)


async def test_killed_while_orders_leave(finished: Archiving, dsn: str) -> None:
    """Some have left and others have not: each is somewhere, and the rest follows."""
    staying = {each for each in ORDERS if slot_of(each) == slot_of(LAST)}

    async def leaving() -> bool:
        return len(await finished.archived()) == 30 - len(staying)

    async with locked(finished.flow.pool, "slots", slot_of(LAST)):
        await killed_when(leaving, *command(finished), dsn=dsn)

    assert await in_the_log(finished) == staying
    assert in_files(finished) == set(ORDERS)
    await assert_goes_on(finished, dsn, len(staying))


async def test_an_event_that_comes_before_the_order_leaves_wins(finished: Archiving, dsn: str) -> None:
    """The order stays as it is now, and says what it was in the file; it leaves when it is finished again."""
    async with locked(finished.flow.pool, "slots", slot_of(LAST)):
        process = await begin(*command(finished), dsn=dsn)
        while len(await finished.archived()) < 30 - sum(slot_of(each) == slot_of(LAST) for each in ORDERS):
            assert process.returncode is None
            await asyncio.sleep(0.02)
        await finished.flow.happen(LAST, "order.note")
    await process.communicate()
    [name] = finished.names()

    assert process.returncode == 0
    assert await finished.archived() == set(ORDERS) - {LAST}
    assert await in_the_log(finished) == {LAST}
    assert (await finished.put_back(name, LAST)).known == 1
    await finished.settle(LAST)
    assert (await finished.run()).orders == 1
    [refused] = (await finished.put_back(name, LAST)).refused.first
    assert refused.why.startswith("it was archived at version 5")


async def test_events_race_an_archive(finished: Archiving) -> None:
    """Each order takes the event or is archived, and whoever sent the event is told which."""
    flow = finished.flow

    async def happen(order: str) -> Appended | Archived:
        event = flow.event(order, "order.note")
        [[outcome]] = await flow.store.append([Group(slot_of(order), order, (event,))])
        assert isinstance(outcome, Appended | Archived)
        return outcome

    results = await asyncio.gather(finished.run(), *(happen(each) for each in ORDERS * 2))
    outcomes = dict[str, list[Appended | Archived]]()
    for order, outcome in zip(ORDERS * 2, results[1:], strict=True):
        assert isinstance(outcome, Appended | Archived)
        outcomes.setdefault(order, []).append(outcome)
    archived = await finished.archived()

    for order, some in outcomes.items():
        kinds = {type(each) for each in some}
        assert kinds == ({Archived} if order in archived else {Appended}), order
    assert await in_the_log(finished) == set(ORDERS) - archived
    assert in_files(finished) >= archived
    await flow.project(*ORDERS)
    assert (await finished.verify()).same


async def test_two_archives_race(finished: Archiving) -> None:
    """Each order leaves once, whichever file says where."""
    other = Archiving(finished.flow, finished.clock, finished.folder.with_name("other"))
    one, two = await asyncio.gather(finished.run(), other.run())

    assert one.orders + two.orders == 30
    assert in_files(finished) | in_files(other) == await finished.archived() == set(ORDERS)
    assert len(LIFE) * 30 == one.events + two.events


async def test_a_page_of_a_rebuild_that_is_being_written_goes_too(finished: Archiving) -> None:
    """An archive waits for it, so that no view of an order that has left comes up with the next generation."""
    pool = finished.flow.pool
    rebuilding = Rebuilding(pool, finished.flow.keyring)
    await rebuilding.begin()
    async with locked(pool, "rebuilds", slot_of(LAST)):
        archiving = asyncio.ensure_future(finished.run())
        async with pool.acquire() as connection:
            await backend_that_waits(connection)
            await connection.execute(
                "INSERT INTO views (slot, generation, subject_id, version, prev_version, state, fingerprint, "
                "folded_at) SELECT slot, 2, subject_id, version, 0, state, fingerprint, folded_at FROM views "
                "WHERE subject_id = $1",
                LAST,
            )
    done = await archiving

    assert (done.orders, await rebuilding.stored()) == (30, {})
    assert (await rebuilding.run()).moved == 256


async def test_a_file_from_before_a_restore_takes_no_other_events_out(finished: Archiving, dsn: str) -> None:
    """A killed archive left it, the database went back to a backup, and an order came to the same version again."""

    async def written() -> bool:
        return finished.folder.exists() and any(each.endswith(ENDING) for each in finished.names())

    async with locked(finished.flow.pool, "slots", slot_of(FIRST)):
        await killed_when(written, *command(finished), dsn=dsn)
    pool = finished.flow.pool
    await pool.execute(
        "SET lockstep.archiving = 'on'; "
        f"DELETE FROM events WHERE subject_id = '{LAST}'; DELETE FROM views WHERE subject_id = '{LAST}'; "
        f"DELETE FROM heads WHERE subject_id = '{LAST}'; RESET lockstep.archiving"
    )
    await finished.finish(LAST)
    done = await finished.run()

    assert (done.orders, done.stayed, len(done.files)) == (30, 1, 2)
    [refused] = (await finished.put_back(done.files[0])).refused.first
    assert (refused.order_id, (await finished.put_back(done.files[1])).orders) == (LAST, 1)
    assert (await finished.verify()).same


async def test_an_append_that_has_not_committed_is_not_waited_for(finished: Archiving) -> None:
    """Its order stays, whatever becomes of it; the others of its slot and all other slots go on."""
    pool = finished.flow.pool
    async with pool.acquire() as connection, connection.transaction():
        await raw_append(connection, LAST, 5)
        done = await finished.run()
    await finished.settle(LAST)

    assert (done.orders, done.stayed) == (29, 1)
    assert await in_the_log(finished) == {LAST}
    assert (await finished.run()).orders == 1
