"""Reads an export back into the log: versions and times as they were, all or nothing a batch, and again without harm.

A line that the log has already is compared and passed over, so an import that was stopped is simply run again. A line
that the log contradicts is refused: another event under its version, its id under another version, a gap.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

import asyncpg
import msgspec

from events.cloud_event import LONGEST_LINE, ForeignEvent, Personal, read_line
from events.envelope import Identity, RecordedEvent, as_recorded, identity_of
from events.errors import DocumentError, EventError, LockstepError
from events.event_sealing import NOTHING, Sealed, SubjectOpener, recorded_event, seal_events
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.recorded_rows import RecordedRow, write_recorded
from events.sealing import Keyring
from events.slot import slot_of
from events.store import ERASED, find_known, lock_heads
from events.subject_keys import SubjectKeys

BATCH: Final = 500
CLOCK_SKEW: Final = timedelta(minutes=1)


class ImportRefusedError(LockstepError):
    """A line cannot be imported; nothing from its batch on was stored, everything before it was."""

    def __init__(self, line: int, detail: str, cure: str) -> None:
        """Keep the line's number, from 1, what is wrong with it, and what to do."""
        super().__init__(f"Line {line}: {detail} {cure}")
        self.line = line


class Imported(msgspec.Struct, frozen=True):
    """How many lines were stored, and how many the log had already."""

    stored: int = 0
    known: int = 0


class _Line(msgspec.Struct, frozen=True):
    """A line of the file."""

    number: int
    foreign: ForeignEvent

    @property
    def subject_id(self) -> str:
        return self.foreign.event.subject_id

    @property
    def key(self) -> tuple[int, str]:
        return slot_of(self.subject_id), self.subject_id


class _Stored(msgspec.Struct, frozen=True):
    """What the log has under the version of a line.

    Attributes:
        erased: Whether its subject was, so that nobody knows what its personal values were.
    """

    event: RecordedEvent
    erased: bool


class Importer:
    """Stores lines of an export.

    Every method raises StoreUnavailableError while Postgres is away; the lines may be read again from the first.

    Args:
        pool: Connections; one is used at a time.
        keyring: Seals personal values and keys digests.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring
        self._keys = SubjectKeys(keyring)
        self._line = 0

    async def take(self, lines: Iterator[bytes]) -> Imported | None:
        """Store the next lines, and tell what became of them; None when there are no more.

        Args:
            lines: What is left of the file; up to a batch is taken from it.

        Raises:
            ImportRefusedError: A line cannot be stored.
        """
        batch: list[_Line] = []
        taken = 0
        for text in islice(lines, BATCH):
            taken += 1
            self._line += 1
            if text.strip():
                batch.append(_Line(self._line, self._read(text)))
        if not taken:
            return None
        return await self._store(batch) if batch else Imported()

    def _read(self, text: bytes) -> ForeignEvent:
        try:
            return read_line(text.rstrip(b"\r\n"), key=self._keyring.hash)
        except (DocumentError, EventError) as error:
            if len(text) > LONGEST_LINE or text.endswith(b"\n"):
                cure = "Import what `lockstep events export` has written, with this release or a newer one."
            else:
                cure = "The file ends in the middle of this line: it was cut. Take a whole one."
            raise ImportRefusedError(self._line, f"it is no recorded event: {error}.", cure) from None

    async def _store(self, batch: Sequence[_Line]) -> Imported:
        keys = sorted({line.key for line in batch})
        events = [line.foreign.event for line in batch]
        with translated():
            async with self._pool.acquire() as connection:
                sealed = await seal_events(connection, self._keys, events)
                async with connection.transaction():
                    heads = await lock_heads(connection, keys)
                    stored = await self._read_stored(connection, batch)
                    names = [identity_of(each) for each in events]
                    ids = {identity: each.version for identity, each in (await find_known(connection, names)).items()}
                    judge = _Judge(heads, stored, ids)
                    fresh = [line for line in batch if judge.is_fresh(line)]
                    await self._write(connection, fresh, sealed)
                    for line in fresh:
                        if line.foreign.event.type == ERASED:
                            await self._keys.erase(connection, line.subject_id)
        return Imported(len(fresh), len(batch) - len(fresh))

    async def _read_stored(self, connection: Connection, batch: Sequence[_Line]) -> dict[int, _Stored]:
        """Read what the log has under the versions of the lines, by the lines' numbers."""
        rows = await connection.fetch(
            statement("events/read_versions"),
            [slot_of(line.subject_id) for line in batch],
            [line.subject_id for line in batch],
            [line.foreign.version for line in batch],
        )
        opener = SubjectOpener(self._keyring)
        found: dict[int, _Stored] = {}
        for row in rows:
            line = batch[row["ord"] - 1]
            key = opener.open(line.subject_id, row["wrapped"])
            found[line.number] = _Stored(recorded_event(line.subject_id, row, key), erased=row["erased"])
        return found

    async def _write(self, connection: Connection, fresh: Sequence[_Line], sealed: dict[int, Sealed]) -> None:
        newest = {line.key: line.foreign for line in fresh}
        await write_recorded(
            connection,
            [(*key, each.version, each.recorded_at) for key, each in newest.items()],
            [_row(line, sealed.get(id(line.foreign.event), NOTHING)) for line in fresh],
        )


def _row(line: _Line, sealed: Sealed) -> RecordedRow:
    event = line.foreign.event
    return (
        *line.key, line.foreign.version, event.source, event.event_id, event.type, event.schema_version, event.digest,
        event.data, sealed.personal, event.occurred_at, line.foreign.recorded_at, event.trace, sealed.extensions,
    )  # fmt: skip


class _Judge:
    """Says of each line of a batch whether it is to be stored, as if those before it had been.

    Args:
        heads: Rows of `lock_heads` by subject.
        stored: What the log has under the lines' versions, by their numbers.
        ids: The version under which the log has an event, by its identity.
    """

    def __init__(self, heads: dict[str, asyncpg.Record], stored: dict[int, _Stored], ids: dict[Identity, int]) -> None:
        self._heads = heads
        self._stored = stored
        self._ids = ids
        self._versions = {subject_id: row["version"] for subject_id, row in heads.items()}
        self._recorded = {subject_id: row["last_recorded_at"] for subject_id, row in heads.items() if row["version"]}
        self._fresh: dict[tuple[str, int], _Stored] = {}

    def is_fresh(self, line: _Line) -> bool:
        """Tell whether a line is new; False for one that the log has already.

        Raises:
            ImportRefusedError: The log contradicts it.
        """
        foreign, subject_id = line.foreign, line.subject_id
        version = self._versions[subject_id]
        old = self._stored.get(line.number) or self._fresh.get((subject_id, foreign.version))
        if old is not None:
            _compare(line, old)
            return False
        if self._heads[subject_id]["archived"]:
            raise ImportRefusedError(line.number, f"{subject_id} was archived here.", "Leave its lines out.")
        if foreign.version != version + 1:
            raise ImportRefusedError(
                line.number,
                f"it is version {foreign.version} of {subject_id}, and the log is at version {version}.",
                "Import first what holds the versions in between; those of a subject are to come in their order.",
            )
        self._judge_place(line)
        self._versions[subject_id] = foreign.version
        self._recorded[subject_id] = foreign.recorded_at
        self._ids[identity_of(foreign.event)] = foreign.version
        self._fresh[subject_id, foreign.version] = _Stored(_recorded(foreign), erased=_is_erased(foreign))
        return True

    def _judge_place(self, line: _Line) -> None:
        """Judge what must hold of an event that follows the others of its subject."""
        foreign, subject_id = line.foreign, line.subject_id
        known = self._ids.get(identity_of(foreign.event))
        if known is not None:
            raise ImportRefusedError(
                line.number,
                f"its id is that of version {known} of {subject_id}.",
                "An id names one event of a subject: the file was changed, or is of another log.",
            )
        before = self._recorded.get(subject_id)
        if before is not None and foreign.recorded_at < before:
            raise ImportRefusedError(
                line.number,
                f"{subject_id} has an event that was recorded later, {before.isoformat()}, under a lower version.",
                "Times of recording never fall within a subject: the file was changed.",
            )
        if foreign.recorded_at > self._heads[subject_id]["now"] + CLOCK_SKEW:
            raise ImportRefusedError(
                line.number, "it was recorded in the future.", "Set the clock of this database's machine right."
            )


def _is_erased(foreign: ForeignEvent) -> bool:
    return foreign.personal is Personal.ERASED


def _recorded(foreign: ForeignEvent) -> RecordedEvent:
    return as_recorded(foreign.event, foreign.version, foreign.recorded_at)


def _compare(line: _Line, old: _Stored) -> None:
    """Refuse a line that says other things than what the log has under its version."""
    mine, theirs = _recorded(line.foreign), old.event
    pairs = {
        "id": (mine.event_id, theirs.event_id),
        "source": (mine.source, theirs.source),
        "type": (mine.type, theirs.type),
        "schemaversion": (mine.schema_version, theirs.schema_version),
        "time": (mine.occurred_at, theirs.occurred_at),
        "recordedat": (mine.recorded_at, theirs.recorded_at),
        "traceparent": (mine.trace, theirs.trace),
        "data": (msgspec.json.decode(mine.data), msgspec.json.decode(theirs.data)),
    }
    unlike = [name for name, (one, other) in pairs.items() if one != other]
    sealed = {
        "personal values": (mine.personal, theirs.personal),
        "extension attributes": (mine.extensions, theirs.extensions),
    }
    unlike += [name for name, (one, other) in sealed.items() if None not in (one, other) and one != other]
    if unlike:
        raise ImportRefusedError(
            line.number,
            f"the log has another event as version {mine.version} of {mine.subject_id}; they differ in "
            f"{', '.join(unlike)}.",
            "Two logs that went different ways cannot be joined: import into an empty database.",
        )
    lacking = [name for name, (one, other) in sealed.items() if one is not None and other is None]
    if lacking and not old.erased:
        raise ImportRefusedError(
            line.number,
            f"the log has version {mine.version} of {mine.subject_id} without its {', '.join(lacking)}.",
            "What is stored is not changed any more: import this file into an empty database.",
        )
