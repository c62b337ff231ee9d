"""Group commit on a real Postgres: a crowd shares its round trips, and nobody pays for a neighbour."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest
from msgspec.structs import replace

from events.appender import Appender
from events.envelope import NewEvent
from events.errors import StoreUnavailableError, TooManyWaitingError
from events.outcome import Appended, Duplicate, IdReused, Outcome, VersionConflict, Withheld
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.store import EventStore
from tests.examples.log import fact, group
from tests.integration.wire import backend_that_waits
from tests.scale import scaled


class Hints(list[str]):
    """The subjects that were hinted at."""

    def __call__(self, subject_ids: Sequence[str]) -> None:
        """Take the hints of a batch."""
        self.extend(subject_ids)


@pytest.fixture
def hints() -> Hints:
    """What the appender hinted at."""
    return Hints()


@pytest.fixture
def appender(store: EventStore, hints: Hints) -> Appender:
    """An appender with a single writer, so that whatever waits shares a batch."""
    return Appender(store, hints, writers=1)


@asynccontextmanager
async def busy(appender: Appender, store: EventStore, pool: Pool) -> AsyncIterator[None]:
    """Keep the only writer waiting, so that requests gather until the end of the block."""
    await store.append([group(fact("held-0", subject_id="held"))])
    async with pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM heads WHERE subject_id = 'held' FOR UPDATE")
        held = asyncio.create_task(appender.append([fact("held-1", subject_id="held")]))
        await backend_that_waits(blocker)
        yield
    await held


def same_ids() -> list[NewEvent]:
    """Give 1,000 events of 100 subjects."""
    return [fact(f"event-{n}", subject_id=f"order-{n % 100}") for n in range(1_000)]


async def test_sixty_four_clients_with_the_same_ids(store: EventStore, keyring: Keyring, pool: Pool) -> None:
    """1,000 ids, posted by each twice or ten times, by two appenders: 1,000 rows, and all hear one version of each."""
    appenders = [Appender(store, Hints()), Appender(EventStore(pool, keyring), Hints())]
    events = same_ids()
    heard: dict[str, set[int]] = {event.event_id: set() for event in events}
    stored = 0

    async def post(client: int) -> None:
        nonlocal stored
        for turn in range(scaled(2, 10)):
            for start in range(0, 1_000, 100):
                shift = (start + 100 * client + 300 * turn) % 1_000
                page = events[shift : shift + 100]
                for event, outcome in zip(page, await appenders[client % 2].append(page), strict=True):
                    assert isinstance(outcome, Appended | Duplicate)
                    heard[event.event_id].add(outcome.version)
                    stored += isinstance(outcome, Appended)

    await asyncio.gather(*(post(client) for client in range(64)))
    rows = await pool.fetch("SELECT event_id, version FROM events")

    assert stored == len(rows) == 1_000
    assert heard == {row["event_id"]: {row["version"]} for row in rows}
    assert await pool.fetchval("SELECT count(*) FROM heads WHERE version = 10") == 100


async def test_the_same_id_with_other_content_is_refused_to_everybody(appender: Appender, pool: Pool) -> None:
    """Of 64 clients with an id and two contents, one is stored and half of them learn that the id is taken."""
    contents = [fact("a"), fact("a", type_="order.ready", data={})]
    outcomes = await asyncio.gather(*(appender.append([contents[client % 2]]) for client in range(64)))

    kinds = [type(outcome) for [outcome] in outcomes]
    assert (kinds.count(Appended), kinds.count(Duplicate), kinds.count(IdReused)) == (1, 31, 32)
    assert await pool.fetchval("SELECT count(*) FROM events") == 1


async def test_a_caller_who_asks_again_at_once_is_served(appender: Appender) -> None:
    """A request that comes in the moment its writer ends finds a writer."""
    for n in range(50):
        [outcome] = await appender.append([fact(f"event-{n}")])
        assert isinstance(outcome, Appended)


async def test_a_batch_carries_whatever_waits(
    appender: Appender, store: EventStore, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred requests that gathered behind one transaction share the next."""
    sizes = []
    append = store.append

    async def counted(*args: object, **options: object) -> list[list[Outcome]]:
        sizes.append(len(args[0]))  # type: ignore[arg-type]  # the groups, passed on as they came
        return await append(*args, **options)  # type: ignore[arg-type]  # the same

    async with busy(appender, store, pool):
        monkeypatch.setattr(store, "append", counted)
        requests = [asyncio.create_task(appender.append([fact(subject_id=f"order-{n}")])) for n in range(100)]
        await asyncio.sleep(0)
    await asyncio.gather(*requests)

    assert sizes == [100]


async def test_a_request_over_many_subjects_is_answered_in_its_order(appender: Appender) -> None:
    """Each subject is stored or refused by itself; the answers stand where the events stood."""
    await appender.append([fact("taken", subject_id="order-2")])
    taken = fact("taken", subject_id="order-2", type_="order.ready", data={})
    outcomes = await appender.append([fact("a"), taken, fact("b"), fact("c", subject_id="order-2")])

    assert [type(outcome) for outcome in outcomes] == [Appended, IdReused, Appended, Withheld]
    assert [outcome.version for outcome in outcomes if isinstance(outcome, Appended)] == [1, 2]


async def test_two_that_expect_the_same_version_in_one_crowd(appender: Appender, store: EventStore, pool: Pool) -> None:
    """They wait together, and still exactly one wins."""
    await appender.append([fact("first")])
    async with busy(appender, store, pool):
        rivals = [asyncio.create_task(appender.append([fact(name)], expected=1)) for name in ("a", "b")]
        await asyncio.sleep(0)
    [[first], [second]] = await asyncio.gather(*rivals)

    assert isinstance(first, Appended)
    assert second == VersionConflict(2)


async def test_a_stale_neighbour_fails_nobody(appender: Appender, store: EventStore, pool: Pool) -> None:
    """Requests without an expected version are stored, whatever stands before and after them."""
    await appender.append([fact("first")])
    async with busy(appender, store, pool):
        requests = [
            asyncio.create_task(appender.append([fact(f"event-{n}")], expected=9 if n % 2 else None)) for n in range(6)
        ]
        await asyncio.sleep(0)
    outcomes = [outcome for [outcome] in await asyncio.gather(*requests)]

    assert [type(outcome) for outcome in outcomes] == [Appended, VersionConflict] * 3
    assert [outcome.version for outcome in outcomes if isinstance(outcome, Appended)] == [2, 3, 4]


async def test_what_postgres_refuses_fails_alone(appender: Appender, store: EventStore, pool: Pool) -> None:
    """Of a batch with one event that is no JSON, the others are stored."""
    broken = replace(fact(subject_id="order-5"), data=b"{no json")
    async with busy(appender, store, pool):
        requests = [
            asyncio.create_task(appender.append([broken if n == 5 else fact(subject_id=f"order-{n}")]))
            for n in range(10)
        ]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*requests, return_exceptions=True)

    assert isinstance(outcomes.pop(5), asyncpg.DataError)
    assert [type(outcome[0]) for outcome in outcomes if isinstance(outcome, list)] == [Appended] * 9
    assert await store.read_head("order-5") is None


async def test_a_caller_who_left_harms_nobody(appender: Appender, store: EventStore, pool: Pool) -> None:
    """His request may be stored; those that wait beside him are answered."""
    async with busy(appender, store, pool):
        leaving = [
            asyncio.create_task(appender.append([fact("a"), fact("a", subject_id="order-2")])),
            asyncio.create_task(appender.append([fact("b")])),
        ]
        staying = asyncio.create_task(appender.append([fact("c")]))
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
    [outcome] = await staying

    assert isinstance(outcome, Appended)
    assert [task.cancelled() for task in leaving] == [True, True]
    assert [event.version async for event in store.read_subject("order-1")] == [1, 2, 3]


async def test_draining_waits_for_what_was_accepted(appender: Appender, store: EventStore, pool: Pool) -> None:
    """After it everybody has an answer, also those who came while others were being stored."""
    async with busy(appender, store, pool):
        requests = [asyncio.create_task(appender.append([fact(f"event-{n}")])) for n in range(700)]
        await asyncio.sleep(0)
    await appender.drain()
    await asyncio.sleep(0)

    assert all(request.done() for request in requests)
    assert {type(request.result()[0]) for request in requests} == {Appended}


async def test_when_too_many_wait_callers_are_turned_away(store: EventStore, pool: Pool, hints: Hints) -> None:
    """They are told to ask again; those who wait are stored, and then there is room."""
    appender = Appender(store, hints, writers=1, waiting_events=2)
    async with busy(appender, store, pool):
        waiting = asyncio.create_task(appender.append([fact("a"), fact("b")]))
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailableError):
            await appender.append([fact("c")])

    assert [type(outcome) for outcome in await waiting] == [Appended, Appended]
    assert [type(outcome) for outcome in await appender.append([fact("c")])] == [Appended]


async def test_hints_name_the_subjects_that_moved(appender: Appender, hints: Hints) -> None:
    """A hint follows the commit; duplicates and refusals ring no bell."""
    await appender.append([fact("a"), fact("b"), fact("a", subject_id="order-2")])
    assert sorted(hints) == ["order-1", "order-2"]
    hints.clear()
    await appender.append([fact("a")])
    await appender.append([fact("c")], expected=7)

    assert hints == []


async def test_a_killed_writer_is_told_to_all_of_its_batch(appender: Appender, pool: Pool) -> None:
    """Everybody in the batch hears that the store is away; the same ids are stored once when asked again."""
    await appender.append([fact("first")])
    async with pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM heads FOR UPDATE")
        requests = [asyncio.create_task(appender.append([fact(f"event-{n}")])) for n in range(20)]
        await blocker.execute("SELECT pg_terminate_backend($1)", await backend_that_waits(blocker))
        answers = await asyncio.gather(*requests, return_exceptions=True)
    again = await asyncio.gather(*(appender.append([fact(f"event-{n}")]) for n in range(20)))

    assert {type(answer) for answer in answers} == {StoreUnavailableError}
    assert {type(outcome) for [outcome] in again} == {Appended}
    assert await pool.fetchval("SELECT version FROM heads") == 21


async def test_callers_are_turned_away_while_the_first_waits_too_long(
    store: EventStore, hints: Hints, pool: Pool
) -> None:
    """However few wait: what is slow is not made slower. Whoever waits is served, and then the next."""
    appender = Appender(store, hints, writers=1, waiting_seconds=0.0)
    async with busy(appender, store, pool):
        appender.refuse_when_full()
        waiting = asyncio.create_task(appender.append([fact("event-1")]))
        await asyncio.sleep(0)  # it begins to wait at its first step
        assert appender.waiting == 1
        with pytest.raises(TooManyWaitingError):
            appender.refuse_when_full()
    assert isinstance((await waiting)[0], Appended)
    appender.refuse_when_full()
