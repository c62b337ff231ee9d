"""The log on a real Postgres: identity, dense versions, expected versions, and facts that stay."""

import asyncio
import itertools
from datetime import timedelta

import asyncpg
import pytest

from events.errors import StoreUnavailableError
from events.outcome import Appended, Archived, Duplicate, IdReused, Outcome, VersionConflict, Withheld
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import slot_of
from events.store import EventStore
from tests.conftest import Clock
from tests.examples.log import fact, group
from tests.integration.wire import Wire, backend_that_waits
from tests.scale import scaled


async def versions(store: EventStore, subject_id: str = "order-1") -> list[int]:
    """Read the versions of a subject, in the order the log gives them."""
    return [event.version async for event in store.read_subject(subject_id)]


def kinds(answers: list[list[Outcome]]) -> list[list[type[Outcome]]]:
    """Tell what became of each event, without the facts."""
    return [[type(outcome) for outcome in answer] for answer in answers]


async def archive(pool: Pool, subject_id: str = "order-1") -> None:
    """Mark a subject as archived."""
    await pool.execute("UPDATE heads SET archived_at = lockstep_now() WHERE subject_id = $1", subject_id)


async def test_an_event_is_read_as_it_was_appended(store: EventStore, clock: Clock) -> None:
    """Every field comes back, with its version and the database's time."""
    event = fact()
    before = await clock.now()
    [[outcome]] = await store.append([group(event)])
    [recorded] = [each async for each in store.read_subject("order-1")]
    head = await store.read_head("order-1")

    assert isinstance(outcome, Appended)
    assert head is not None
    assert (outcome.version, head.version, head.archived_at, recorded.version) == (1, 1, None, 1)
    assert before <= recorded.recorded_at == outcome.recorded_at == head.last_recorded_at <= await clock.now()
    for name in ("subject_id", "source", "event_id", "type", "schema_version", "data", "occurred_at", "trace"):
        assert getattr(recorded, name) == getattr(event, name)


async def test_a_subject_to_which_nothing_happened_has_no_head(store: EventStore) -> None:
    """Nothing is made by looking."""
    assert await store.read_head("order-1") is None
    assert await versions(store) == []


async def test_a_long_subject_is_read_page_by_page(store: EventStore) -> None:
    """No event is lost or repeated where one page ends and the next begins."""
    await store.append([group(*(fact(f"event-{n}") for n in range(1_001)))])

    assert await versions(store) == list(range(1, 1_002))
    assert [event.version async for event in store.read_subject("order-1", after=999)] == [1_000, 1_001]


@pytest.mark.parametrize("duplicates_likely", [False, True], ids=["fast", "careful"])
async def test_answers_come_in_the_order_given(store: EventStore, *, duplicates_likely: bool) -> None:
    """Groups of many subjects, also two of one subject, are each answered in their place."""
    first, second, third = fact("a"), fact("b", subject_id="order-2"), fact("c")
    answers = await store.append([group(first), group(second), group(third)], duplicates_likely=duplicates_likely)

    assert [[outcome.version for outcome in answer if isinstance(outcome, Appended)] for answer in answers] == [
        [1],
        [1],
        [2],
    ]


async def test_a_retry_is_answered_with_the_first_version(store: EventStore) -> None:
    """The same id with the same content is the same event, in later calls and within one."""
    [[first]] = await store.append([group(fact("a"))])
    answers = await store.append([group(fact("a")), group(fact("b"), fact("b")), group(fact("b"))])

    assert isinstance(first, Appended)
    assert kinds(answers) == [[Duplicate], [Appended, Duplicate], [Duplicate]]
    assert answers[0] == [Duplicate(first.version)]
    assert answers[2] == [Duplicate(2)]
    assert await versions(store) == [1, 2]


async def test_the_same_id_from_another_source_is_another_event(store: EventStore) -> None:
    """An id names an event within its source and subject."""
    answers = await store.append(
        [group(fact(), fact(source="warehouse")), group(fact(subject_id="order-2"))],
    )

    assert kinds(answers) == [[Appended, Appended], [Appended]]


async def test_other_content_under_a_known_id_is_refused(store: EventStore) -> None:
    """Nothing of its group is stored, and the answer names the version that has the id."""
    await store.append([group(fact("a"))])
    other = fact("a", type_="order.ready", data={})
    answers = await store.append([group(fact("b"), other), group(fact("c", subject_id="order-2"))])

    assert answers[0] == [Withheld(), IdReused(1)]
    assert kinds(answers)[1] == [Appended]
    assert await versions(store) == [1]


async def test_a_group_is_stored_whole_or_not_at_all(store: EventStore, pool: Pool) -> None:
    """A refused group leaves no event, no head, and no repeat that points at what was never stored."""
    other = fact("a", type_="order.ready", data={})
    [answer] = await store.append([group(fact("b"), fact("b"), fact("a"), other)])

    assert [type(outcome) for outcome in answer] == [Withheld, Withheld, Withheld, IdReused]
    assert await store.read_head("order-1") is None
    assert await pool.fetchval("SELECT count(*) FROM events") == 0


async def test_an_expected_version_holds(store: EventStore) -> None:
    """0 means that the subject is not there yet; anything else is the version it must be at."""
    assert kinds(await store.append([group(fact("a"), expected=0)])) == [[Appended]]
    assert await store.append([group(fact("b"), expected=0)]) == [[VersionConflict(1)]]
    assert kinds(await store.append([group(fact("b"), fact("c"), expected=1)])) == [[Appended, Appended]]
    assert await store.append([group(fact("d"), expected=2)]) == [[VersionConflict(3)]]
    assert await store.append([group(fact("z", subject_id="order-2"), expected=7)]) == [[VersionConflict(0)]]
    assert await store.read_head("order-2") is None


async def test_a_retry_is_no_conflict(store: EventStore) -> None:
    """Identity is judged before the expected version."""
    await store.append([group(fact("a"), expected=0)])
    await store.append([group(fact("b"))])

    assert await store.append([group(fact("a"), expected=0)]) == [[Duplicate(1)]]


async def test_of_two_that_expect_the_same_version_one_wins(store: EventStore) -> None:
    """However they race, each version is given once."""
    await store.append([group(fact("first"))])
    for version in range(1, 21):
        rivals = [store.append([group(fact(f"{version}-{name}"), expected=version)]) for name in "ab"]
        outcomes = [outcome for [[outcome]] in await asyncio.gather(*rivals)]
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appended", "VersionConflict"]
        assert VersionConflict(version + 1) in outcomes


@pytest.mark.parametrize("duplicates_likely", [False, True], ids=["fast", "careful"])
async def test_an_archived_subject_takes_nothing_new(store: EventStore, pool: Pool, *, duplicates_likely: bool) -> None:
    """Its own events are still duplicates, and its neighbours in the batch are stored."""
    await store.append([group(fact("a"))])
    await archive(pool)
    groups = [group(fact("b")), group(fact("a")), group(fact(subject_id="order-2"))]
    answers = await store.append(groups, duplicates_likely=duplicates_likely)

    assert answers[:2] == [[Archived()], [Duplicate(1)]]
    assert kinds(answers)[2] == [Appended]
    assert await versions(store) == [1]


async def test_the_clock_may_go_back_but_recorded_at_does_not(store: EventStore, clock: Clock) -> None:
    """Within a subject times never fall, in neither way of appending."""
    recorded = []
    for event_id, expected in (("a", None), ("b", None), ("c", 2), ("d", None)):
        [[outcome]] = await store.append([group(fact(event_id), expected=expected)])
        assert isinstance(outcome, Appended)
        recorded.append(outcome.recorded_at)
        now = await clock.advance(hours=-1)
    head = await store.read_head("order-1")

    assert recorded == [recorded[0]] * 4
    assert now < recorded[0] - timedelta(hours=3)
    assert head is not None
    assert head.last_recorded_at == recorded[0]


async def test_fifty_writers_make_dense_versions(store: EventStore, keyring: Keyring, pool: Pool) -> None:
    """5,000 appends to one subject: versions 1 to 5,000; head, events and answers agree."""
    stores = [store, EventStore(pool, keyring)]

    async def write(writer: int) -> list[tuple[str, int]]:
        answers = []
        for turn in range(scaled(100, 2_000)):
            event_id = f"{writer}-{turn}"
            careful = writer % 5 == 0
            [[outcome]] = await stores[writer % 2].append([group(fact(event_id))], duplicates_likely=careful)
            assert isinstance(outcome, Appended)
            answers.append((event_id, outcome.version))
        return answers

    answered = dict(itertools.chain(*await asyncio.gather(*(write(writer) for writer in range(50)))))
    head = await store.read_head("order-1")
    stored = {event.event_id: event.version async for event in store.read_subject("order-1")}

    assert sorted(answered.values()) == list(range(1, scaled(5_000, 100_000) + 1))
    assert stored == answered
    assert head is not None
    assert head.version == scaled(5_000, 100_000)


async def test_batches_in_any_order_do_not_lock_each_other_out(store: EventStore) -> None:
    """Writers of the same subjects, named in opposite orders and both ways, all get through."""
    subjects = [f"order-{n}" for n in range(12)]

    async def write(writer: int) -> None:
        names = subjects if writer % 2 else subjects[::-1]
        for turn in range(20):
            groups = [group(fact(f"{writer}-{turn}", subject_id=name)) for name in names]
            answers = await store.append(groups, duplicates_likely=writer % 4 < 2)
            assert kinds(answers) == [[Appended]] * 12

    await asyncio.gather(*(write(writer) for writer in range(8)))
    for subject_id in subjects:
        assert await versions(store, subject_id) == list(range(1, 161))


@pytest.mark.parametrize("change", ["UPDATE events SET type = 'order.failed'", "DELETE FROM events"])
async def test_a_fact_is_never_changed(store: EventStore, pool: Pool, change: str) -> None:
    """Postgres itself refuses UPDATE and DELETE on the log, whoever asks."""
    await store.append([group(fact())])

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="events are facts"):
        await pool.execute(change)
    assert await versions(store) == [1]


async def test_archiving_takes_events_but_may_not_change_them(store: EventStore, pool: Pool) -> None:
    """The door for archiving lets events go, and nothing else."""
    await store.append([group(fact())])
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lockstep.archiving = 'on'")
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            async with connection.transaction():
                await connection.execute("UPDATE events SET type = 'order.failed'")
        await connection.execute("DELETE FROM events")

    assert await versions(store) == []


async def test_a_writer_that_was_killed_stored_nothing(store: EventStore, pool: Pool) -> None:
    """The caller learns that the store is away, asks again with the same id, and it is stored once."""
    await store.append([group(fact("a"))])
    async with pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM heads FOR UPDATE")
        append = asyncio.create_task(store.append([group(fact("b"))]))
        writer = await backend_that_waits(blocker)
        await blocker.execute("SELECT pg_terminate_backend($1)", writer)
        with pytest.raises(StoreUnavailableError):
            await append

    assert kinds(await store.append([group(fact("b"))])) == [[Appended]]
    assert await versions(store) == [1, 2]


@pytest.mark.parametrize("expected", [None, 1], ids=["fast", "careful"])
async def test_an_answer_that_was_lost_is_given_again(
    wire: Wire, store: EventStore, keyring: Keyring, expected: int | None
) -> None:
    """The connection is cut after the commit: the retry is a duplicate, with the version that was stored."""
    async with wire.pool() as pool:
        cut_store = EventStore(pool, keyring)
        await cut_store.append([group(fact("a"), expected=0 if expected else None)])
        wire.cut_after_next_commit()
        with pytest.raises(StoreUnavailableError):
            await cut_store.append([group(fact("b"), expected=expected)])

        assert await cut_store.append([group(fact("b"), expected=expected)]) == [[Duplicate(2)]]
    assert await versions(store) == [1, 2]


async def test_a_server_that_is_away_is_said_to_be_away(keyring: Keyring, wire: Wire) -> None:
    """Nobody listens: every method says so in our words."""
    async with wire.pool() as pool:
        store = EventStore(pool, keyring)
        await wire.close()
        with pytest.raises(StoreUnavailableError):
            await store.append([group(fact())])
        with pytest.raises(StoreUnavailableError):
            await store.read_head("order-1")
        with pytest.raises(StoreUnavailableError):
            await versions(store)
        with pytest.raises(StoreUnavailableError):
            await store.erase("order-1")


async def test_subjects_of_one_slot_do_not_share_versions(store: EventStore) -> None:
    """A slot is where subjects live, not what they are."""
    twin = next(name for n in itertools.count(2) if slot_of(name := f"order-{n}") == slot_of("order-1"))
    await store.append([group(fact("a")), group(fact("b", subject_id=twin)), group(fact("c", subject_id=twin))])

    assert (await versions(store), await versions(store, twin)) == ([1], [1, 2])
