"""Exports and imports on a real Postgres: the same log in another database, and nothing that contradicts it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from events.cloud_event import write_event
from events.codec import encode_new
from events.envelope import NewEvent, RecordedEvent
from events.errors import LockstepError, NewerEventError
from events.exporter import Position, PositionError, walk
from events.extensions import MOST_EXTENSIONS, encode_extensions
from events.importer import Imported, Importer, ImportRefusedError
from events.keyring import open_keyring
from events.outcome import Appended, Duplicate, IdReused
from events.postgres.migrator import migrate
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from events.secret_keys import SecretKeys
from events.slot import slot_of
from events.store import EventStore
from tests.conftest import Clock
from tests.examples.events import FACTS, NOON
from tests.examples.log import fact, group, note
from tests.integration.flow import from_a_newer_release

CANARY: Final = "Please ring twice for Eleni Papadaki"
OTHER_SECRET: Final = SecretKeys(b"the secret key of another place.")
EXTENSIONS: Final = b'{"guest":"Eleni Papadaki","hops":2,"replayed":false}'
ROWS: Final = """
SELECT slot, subject_id, version, source, event_id, type, schema_version, data::text, occurred_at, recorded_at, trace
FROM events
ORDER BY slot, subject_id, version
"""


class Place:
    """A Lockstep of its own: a database, and keys that no other has."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self.pool = pool
        self.keyring = keyring
        self.store = EventStore(pool, keyring)

    async def export(self, *, personal: bool = True, **where: Any) -> list[bytes]:
        """Give the lines of an export."""
        found = walk(self.pool, self.keyring, withhold=not personal, **where)
        return [write_event(each) + b"\n" async for each in found]

    async def take(self, lines: Iterable[bytes]) -> Imported:
        """Import lines."""
        importer, done, rest = Importer(self.pool, self.keyring), Imported(), iter(lines)
        while (batch := await importer.take(rest)) is not None:
            done = Imported(done.stored + batch.stored, done.known + batch.known)
        return done

    async def rows(self) -> Sequence[asyncpg.Record]:
        """Read the log as it is stored, without what depends on keys."""
        return await self.pool.fetch(ROWS)

    async def heads(self) -> Sequence[asyncpg.Record]:
        """Read the heads."""
        return await self.pool.fetch("SELECT slot, subject_id, version, last_recorded_at FROM heads ORDER BY 1, 2")

    async def events(self) -> list[RecordedEvent]:
        """Read every event, opened."""
        return [e for row in await self.heads() async for e in self.store.read_subject(row["subject_id"])]

    async def texts(self) -> dict[tuple[str, int], bytes | None]:
        """Give the personal values of every event."""
        return {(e.subject_id, e.version): e.personal for e in await self.events()}


@pytest.fixture
def here(pool: Pool, keyring: Keyring) -> Place:
    """The place that is exported."""
    return Place(pool, keyring)


@pytest.fixture
async def there(other_database: Callable[[], Awaitable[str]]) -> Any:
    """An empty place with other keys."""
    dsn = await other_database()
    await migrate(dsn)
    async with await open_pool(dsn, name="lockstep-test", most=2) as pool:
        yield Place(pool, await open_keyring(pool, OTHER_SECRET))


def edited(line: bytes, **changes: Any) -> bytes:
    """Change attributes of a line; None takes one out."""
    document = msgspec.json.decode(line) | changes
    return msgspec.json.encode({name: value for name, value in document.items() if value is not None}) + b"\n"


def whole_vocabulary(subject_id: str) -> list[NewEvent]:
    """Give an event of every type with a trace, one of an older shape, and one with extension attributes."""
    events = [
        encode_new(
            subject_id=subject_id, source="shop", event_id=f"e-{type_}", type=type_, data=data, occurred_at=NOON,
            key=b"k", trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        for type_, data in FACTS.items()
        if type_ != "order.erased"
    ]  # fmt: skip
    old = encode_new(
        subject_id=subject_id, source="shop", event_id="old", type="order.courier_assigned", schema_version=1,
        data={"courier": "Anna Kaya"}, occurred_at=NOON, key=b"k",
    )  # fmt: skip
    return [*events, old, fact("extended", subject_id=subject_id, extensions=EXTENSIONS)]


async def fill(place: Place, clock: Clock | None = None) -> None:
    """Append orders of every kind, one of which is erased."""
    for number in range(4):
        await place.store.append([group(*whole_vocabulary(f"order-{number}"))])
        if clock is not None:
            await clock.advance(minutes=-7)
    await place.store.erase("order-3")


async def test_an_export_is_read_back_as_it_was(here: Place, there: Place, clock: Clock) -> None:
    """Rows, versions, times, traces and sealed values are the same under other keys; erased values stay erased."""
    await fill(here, clock)
    lines = await here.export()
    done = await there.take(lines)

    assert done == Imported(stored=len(lines))
    assert await there.rows() == await here.rows()
    assert await there.heads() == await here.heads()
    assert await there.events() == await here.events()
    assert any((await there.texts()).values())
    assert [each.extensions for each in await there.events()].count(EXTENSIONS) == 3
    assert await there.export() == lines
    assert await there.pool.fetchval("SELECT count(*) FROM subject_keys WHERE erased_at IS NOT NULL") == 1


async def test_an_import_may_be_repeated(here: Place, there: Place) -> None:
    """The second changes nothing, and one that has more goes on from there."""
    await fill(here)
    first = await here.export()
    await there.take(first)
    before = await there.pool.fetch("SELECT * FROM events ORDER BY 1, 2, 3")
    again = await there.take(first)
    same = await there.pool.fetch("SELECT * FROM events ORDER BY 1, 2, 3")
    await here.store.append([group(fact("later"))])
    more = await there.take(await here.export())

    assert again == Imported(known=len(first))
    assert same == before
    assert more == Imported(1, len(first))
    assert await there.rows() == await here.rows()


async def test_an_import_that_was_stopped_is_run_again(here: Place, there: Place) -> None:
    """Wherever it was cut, what is stored is a beginning, and the next run stores the rest."""
    await here.store.append([group(fact(f"e{n}", subject_id=f"order-{n % 90}")) for n in range(1_200)])
    lines = await here.export()
    for cut in (0, 1, 499, 500, 501, 1_100):
        await there.take(lines[:cut])
        assert await there.export() == lines[:cut]
    await there.take(lines)

    assert await there.rows() == await here.rows()


async def test_the_order_goes_on_after_an_import(here: Place, there: Place) -> None:
    """A repeat is known by its content, other content is refused, and the next version follows on the last."""
    events = [note(CANARY), fact("event-2")]
    await here.store.append([group(*events)])
    await there.take(await here.export())
    key = there.keyring.hash
    again = [
        encode_new(subject_id="order-1", source="shop", event_id="event-1", type="order.note", data={"text": text},
                   occurred_at=NOON, key=key)
        for text in (CANARY, "Something else")
    ]  # fmt: skip
    [[repeated], [reused], [new]] = await there.store.append([group(again[0]), group(again[1]), group(fact("event-3"))])

    assert (repeated, reused) == (Duplicate(1), IdReused(1))
    assert isinstance(new, Appended)
    assert new.version == 3


async def test_personal_values_are_left_out_unless_asked_for(here: Place, there: Place) -> None:
    """No line has them, each line that lacks them says so, and the id alone knows a repeat after the import."""
    await fill(here)
    lines = await here.export(personal=False)
    await there.take(lines)
    words = [msgspec.json.decode(line).get("personal") for line in lines]
    [[repeated]] = await there.store.append([group(note("Words nobody can compare", "e-order.note"))])

    assert b"Eleni" not in b"".join(lines)
    assert b"Anna Kaya" not in b"".join(lines)
    assert (words.count("withheld"), words.count("erased"), words.count("open")) == (33, 11, 0)
    assert {(each.personal, each.extensions) for each in await there.events()} == {(None, None)}
    assert isinstance(repeated, Duplicate)
    assert await there.export(personal=False) == lines


async def test_an_erased_order_stays_erased(here: Place, there: Place) -> None:
    """Its values are in no export; an import brings the erasure along; an old file does not undo it."""
    await here.store.append([group(note(CANARY))])
    old = await here.export()
    await here.store.erase("order-1")
    new = await here.export()
    await there.take(new)
    back = await here.take(old)
    [[after]] = await there.store.append([group(note(CANARY, "event-2"))])

    assert CANARY.encode() in b"".join(old)
    assert CANARY.encode() not in b"".join(new)
    assert back == Imported(known=1)
    assert isinstance(after, Appended)
    assert {*(await here.texts()).values(), *(await there.texts()).values()} == {None}


async def test_an_old_file_into_an_erased_order_keeps_nothing_personal(here: Place, there: Place) -> None:
    """Where the erasure came first, the values have no key to be sealed with."""
    await here.store.append([group(note(CANARY))])
    lines = await here.export()
    key = slot_of("order-1"), "order-1"
    await there.pool.execute("INSERT INTO subject_keys (slot, subject_id, erased_at) VALUES ($1, $2, now())", *key)
    await there.take(lines)

    assert await there.texts() == {("order-1", 1): None}


REFUSED: Final[dict[str, tuple[Callable[[list[bytes]], list[bytes]], int, str]]] = {
    "another event under the version": (lambda ls: [edited(ls[0], id="other")], 1, "differ in id"),
    "other extensions": (lambda ls: [*ls[:3], edited(ls[3], guest="Anna")], 4, "differ in extension attributes"),
    "extensions of no event": (lambda ls: [edited(ls[0], colour="red")], 1, "without its extension attributes"),
    "a name of no attribute": (lambda ls: [edited(ls[0], Colour="red")], 1, "/Colour"),
    "an attribute of no type": (lambda ls: [edited(ls[0], colour=[])], 1, "/colour"),
    "other data": (lambda ls: [ls[0], edited(ls[1], data={"reason": "sun"})], 2, "data"),
    "other personal values": (lambda ls: [ls[0], ls[1], edited(ls[2], data={"text": "x"})], 3, "personal values"),
    "another time": (lambda ls: [edited(ls[0], time="2025-01-01T00:00:00Z")], 1, "time"),
    "a gap": (lambda ls: [*ls, edited(ls[0], id="e", version=6)], 5, "version 6 of order-1, .* at version 4"),
    "an id that is taken": (lambda ls: [*ls, edited(ls[0], version=5)], 5, "id is that of version 1"),
    "a time that falls": (
        lambda ls: [*ls, edited(ls[0], version=5, id="e", recordedat="2024-01-01T00:00:00Z")], 5, "recorded later"
    ),
    "a time ahead": (
        lambda ls: [*ls, edited(ls[0], version=5, id="e", recordedat="2090-01-01T00:00:00Z")], 5, "the future"
    ),
    "an unknown type": (lambda ls: [ls[0], edited(ls[0], type="order.lost")], 2, "/type"),
    "data of no fact": (lambda ls: [edited(ls[0], data={"x": 1})], 1, "/data/x"),
    "our source": (lambda ls: [edited(ls[0], source="lockstep")], 1, "/source"),
    "one too few": (lambda ls: [edited(ls[0], version=None)], 1, "version"),
    "null where a name must be": (lambda ls: [*ls[:2], edited(ls[2], data={"text": None})], 3, "/data/text"),
    "no JSON": (lambda ls: [ls[0], b"nonsense\n"], 2, "not JSON"),
    "half a line": (lambda ls: [ls[0], ls[1][:-20]], 2, "was cut"),
}  # fmt: skip
"""What is done to the four lines of an export that the log has, the line that is refused then, and why."""


@pytest.mark.parametrize("what", REFUSED)
async def test_what_contradicts_the_log_is_refused(what: str, here: Place) -> None:
    """The line is named with the reason and a cure, and the log is as it was."""
    delayed = fact("event-2", type_="order.delayed", data={"reason": "rain"})
    events = [fact(), delayed, note(CANARY, "event-3"), fact("event-4", extensions=EXTENSIONS)]
    await here.store.append([group(*events)])
    change, line, reason = REFUSED[what]
    lines = change(await here.export())
    before = await here.pool.fetch("SELECT * FROM events"), await here.heads()
    with pytest.raises(ImportRefusedError, match=reason) as refused:
        await here.take(lines)

    assert refused.value.line == line
    assert str(refused.value).startswith(f"Line {line}: ")
    assert (await here.pool.fetch("SELECT * FROM events"), await here.heads()) == before


async def test_values_that_were_left_out_do_not_come_back(here: Place, there: Place) -> None:
    """What is stored is not changed, so a file that has more is refused and not passed over in silence."""
    await here.store.append([group(note(CANARY)), group(fact(subject_id="order-2", extensions=EXTENSIONS))])
    await there.take(await here.export(personal=False))
    for subject_id, what in (("order-1", "personal values"), ("order-2", "extension attributes")):
        with pytest.raises(ImportRefusedError, match=f"without its {what}"):
            await there.take(await here.export(subject_id=subject_id))


async def test_whatever_may_be_posted_is_read_back(here: Place, there: Place) -> None:
    """The event with the most values that a card has room for, and the most extension attributes."""
    most = encode_new(
        subject_id="match", source="shop", event_id="e", type="activity.updated", occurred_at=NOON, key=b"k",
        data={"contentState": {"x": [1] * 1_300}},
        extensions=encode_extensions({f"x{number}": True for number in range(MOST_EXTENSIONS)}, []),
    )  # fmt: skip
    await here.store.append([group(most)])
    await there.take(await here.export())

    assert await there.events() == await here.events()


async def test_a_refused_line_leaves_no_head_behind(here: Place, there: Place) -> None:
    """A gap at the very beginning, in a subject that nobody knew."""
    await here.store.append([group(fact(), fact("event-2"))])
    with pytest.raises(ImportRefusedError, match="is at version 0"):
        await there.take((await here.export())[1:])

    assert await there.heads() == []


async def test_an_archived_order_takes_no_lines(here: Place) -> None:
    """Its events have left on purpose."""
    await here.store.append([group(fact())])
    lines = await here.export()
    await here.pool.execute("UPDATE heads SET archived_at = lockstep_now()")
    with pytest.raises(ImportRefusedError, match="archived"):
        await here.take([edited(lines[0], id="e", version=2)])


async def test_an_export_goes_on_after_any_event(here: Place) -> None:
    """From any line on, the rest is the same; one order can be taken alone."""
    await fill(here)
    lines = await here.export()
    read = [msgspec.json.decode(line) for line in lines]
    for number in range(1, len(read) + 1, 7):
        last = read[number - 1]
        assert await here.export(after=Position.read(f"{last['subject']}@{last['version']}")) == lines[number:]
    of_one = [line for line, each in zip(lines, read, strict=True) if each["subject"] == "order-2"]

    assert await here.export(subject_id="order-2") == of_one
    assert await here.export(subject_id="order-2", after=Position("order-2", 3)) == of_one[3:]


@pytest.mark.parametrize("text", ["", "order-1", "@3", "order-1@", "order-1@x", "order-1@-3", "order-1@" + "9" * 30])
def test_a_place_that_is_none_is_told(text: str) -> None:
    """The error shows what one looks like."""
    with pytest.raises(PositionError, match="order-4711@3"):
        Position.read(text)


async def test_an_event_of_a_newer_release_stops_the_export(here: Place) -> None:
    """It cannot be written without loss, so it is not written at all."""
    await here.store.append([group(fact())])
    await from_a_newer_release(here.pool, "order-1", 2)
    with pytest.raises(NewerEventError):
        await here.export()
    assert issubclass(NewerEventError, LockstepError)
