"""Personal values in the log: sealed at rest, opened on read, gone for good after an erasure."""

import asyncio

import pytest

from events.envelope import RecordedEvent
from events.errors import SecretKeyError
from events.event_sealing import event_context
from events.outcome import Appended, Duplicate
from events.postgres.pool import Pool
from events.sealing import Keyring, unseal
from events.slot import slot_of
from events.store import EventStore
from tests.examples.log import fact, group, note

CANARY = "Please ring twice for Eleni Papadaki"
PLACE = ("order-1", "shop", "event-1")


async def read(store: EventStore) -> list[RecordedEvent]:
    """Read the events of the example's subject."""
    return [event async for event in store.read_subject("order-1")]


async def stored_bytes(pool: Pool) -> str:
    """Read every row of the log and of the keys as Postgres would dump it, bytes as their hex and as their text."""
    rows = await pool.fetch(
        "SELECT e::text AS row, concat(encode(e.sealed, 'escape'), encode(e.extensions, 'escape')) AS sealed "
        "FROM events AS e "
        "UNION ALL SELECT k::text, encode(k.wrapped, 'escape') FROM subject_keys AS k"
    )
    return "\n".join(f"{row['row']}\n{row['sealed']}" for row in rows)


async def test_personal_values_are_opened_on_read(store: EventStore) -> None:
    """What was appended comes back; an event without such values has none."""
    event = note(CANARY)
    await store.append([group(event, fact("event-2"))])
    [first, second] = await read(store)

    assert event.personal is not None
    assert CANARY.encode() in event.personal
    assert (first.data, first.personal) == (event.data, event.personal)
    assert second.personal is None


async def test_extension_attributes_are_sealed_as_personal_values_are(
    store: EventStore, keyring: Keyring, pool: Pool
) -> None:
    """They are opened on read, in their place alone; a row without them has no bytes; an erasure takes them."""
    guest = f'{{"guest":"{CANARY}"}}'.encode()
    await store.append([group(fact(extensions=guest), fact("event-2"), fact("event-3", extensions=guest))])
    before, dump = await read(store), await stored_bytes(pool)
    rows = await pool.fetch("SELECT sealed, extensions FROM events ORDER BY version")
    wrapped = await pool.fetchval("SELECT wrapped FROM subject_keys")
    await store.erase("order-1")

    assert [each.extensions for each in before] == [guest, None, guest]
    assert [each.extensions for each in await read(store)] == [None] * 4
    assert CANARY not in dump
    assert CANARY.encode().hex() not in dump
    assert ([each["sealed"] for each in rows], rows[1]["extensions"]) == ([None] * 3, None)
    with pytest.raises(SecretKeyError):
        unseal(keyring.unwrap_key(wrapped, "order-1"), rows[0]["extensions"], context=event_context(*PLACE))


async def test_personal_values_are_not_in_the_table(store: EventStore, pool: Pool) -> None:
    """Neither as text nor as bytes; and the same value never looks the same twice."""
    await store.append([group(note(CANARY), note(CANARY, "event-2"))])
    dump = await stored_bytes(pool)

    assert "order-1" in dump
    assert CANARY not in dump
    assert CANARY.encode().hex() not in dump
    assert await pool.fetchval("SELECT count(DISTINCT sealed) FROM events") == 2


async def test_sealed_values_open_in_their_place_only(store: EventStore, keyring: Keyring, pool: Pool) -> None:
    """Each subject has a key of its own, and it is stored wrapped."""
    await store.append([group(note(CANARY)), group(note(CANARY, subject_id="order-2"))])
    rows = await pool.fetch("SELECT subject_id, wrapped FROM subject_keys")
    keys = {keyring.unwrap_key(row["wrapped"], row["subject_id"]) for row in rows}

    assert len(keys) == 2
    assert not {row["wrapped"] for row in rows} & keys


async def test_an_erasure_takes_the_values_and_nothing_else(store: EventStore, pool: Pool) -> None:
    """Versions stay dense, the plain halves stay, no row is changed, and `order.erased` comes last."""
    await store.append([group(note(CANARY), fact("event-2"))])
    before = await pool.fetch("SELECT * FROM events ORDER BY version")
    version = await store.erase("order-1")
    after = await pool.fetch("SELECT * FROM events ORDER BY version")
    events = await read(store)

    assert version == 3
    assert after[:2] == before
    assert [event.version for event in events] == [1, 2, 3]
    assert [event.personal for event in events] == [None, None, None]
    assert events[-1].type == "order.erased"
    assert await pool.fetchval("SELECT wrapped IS NULL AND erased_at IS NOT NULL FROM subject_keys")


async def test_erasing_twice_is_harmless(store: EventStore, keyring: Keyring, pool: Pool) -> None:
    """Also at once, and from two processes: one erasure, one version."""
    await store.append([group(note(CANARY))])
    other = EventStore(pool, keyring)
    versions = await asyncio.gather(*(each.erase("order-1") for each in (store, other) * 4))

    assert {*versions, await store.erase("order-1")} == {2}
    assert len(await read(store)) == 2


async def test_what_comes_after_an_erasure_keeps_no_personal_values(
    store: EventStore, keyring: Keyring, pool: Pool
) -> None:
    """The erasing process stores none; another, which still remembers the key, seals for nobody."""
    other = EventStore(pool, keyring)
    await store.append([group(note(CANARY))])
    await other.append([group(note(CANARY, "event-2"))])
    await store.erase("order-1")
    [[mine]] = await store.append([group(note(CANARY, "event-4"))])
    [[others]] = await other.append([group(note(CANARY, "event-5"))])
    [[anew]] = await EventStore(pool, keyring).append([group(note(CANARY, "event-6"))])

    assert [outcome.version for outcome in (mine, others, anew) if isinstance(outcome, Appended)] == [4, 5, 6]
    assert [event.personal for event in await read(store)] == [None] * 6
    sealed = await pool.fetch("SELECT event_id FROM events WHERE sealed IS NOT NULL AND version > 3")
    assert [row["event_id"] for row in sealed] == ["event-5"]
    assert CANARY not in await stored_bytes(pool)


async def test_an_unknown_subject_can_be_erased(store: EventStore) -> None:
    """Whatever comes later finds its key gone already."""
    assert await store.erase("order-1") == 1
    await store.append([group(note(CANARY))])

    assert [event.personal for event in await read(store)] == [None, None]


async def test_a_retry_after_an_erasure_is_still_a_duplicate(store: EventStore) -> None:
    """Identity outlives the values, because the digest is of the whole."""
    await store.append([group(note(CANARY))])
    await store.erase("order-1")

    assert await store.append([group(note(CANARY))]) == [[Duplicate(1)]]


async def test_an_erasure_among_appends_harms_neither(store: EventStore, pool: Pool) -> None:
    """While four writers append, the subject is erased: versions are dense and nothing can be read any more."""

    async def write(writer: int) -> None:
        for turn in range(25):
            neighbour = note(CANARY, subject_id=f"order-{writer}-{turn}")
            answers = await store.append([group(note(CANARY, f"{writer}-{turn}")), group(neighbour)])
            assert {type(outcome) for [outcome] in answers} == {Appended}

    erasure = asyncio.create_task(store.erase("order-1"))
    await asyncio.gather(*(write(writer) for writer in range(4)))
    version = await erasure
    events = await read(store)

    assert [event.version for event in events] == list(range(1, 102))
    assert events[version - 1].type == "order.erased"
    assert {event.personal for event in events} == {None}
    assert await pool.fetchval("SELECT wrapped FROM subject_keys WHERE slot = $1", slot_of("order-1")) is None
