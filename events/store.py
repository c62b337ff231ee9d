"""Appends to the log and reads it: the only module that knows the tables of the log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import asyncpg
import msgspec

from events.codec import OWN_SOURCE
from events.envelope import Identity, NewEvent, RecordedEvent, identity_of
from events.event_sealing import NOTHING, Sealed, SubjectOpener, recorded_event, seal_events
from events.outcome import Appended, Archived, Duplicate, IdReused, Outcome, VersionConflict, Withheld
from events.postgres.errors import DEADLOCK, NOT_NULL_VIOLATION, UNIQUE_VIOLATION, translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.subject_keys import SubjectKeys

ATTEMPTS = 10
PAGE = 500
ERASED = "order.erased"
# the digest of an event that was imported without its personal values: what it said cannot be compared any more
ANY_CONTENT = b""
RACED = frozenset({UNIQUE_VIOLATION, DEADLOCK})


class Group(msgspec.Struct, frozen=True):
    """Events of one subject from one request: stored all or none, in this order.

    Attributes:
        slot: The subject's slot.
        subject_id: The subject.
        events: At least one.
        expected: The version that the subject must be at, 0 for "not there yet", None for any.
    """

    slot: int
    subject_id: str
    events: Sequence[NewEvent]
    expected: int | None = None


class Head(msgspec.Struct, frozen=True):
    """A subject's newest version.

    Attributes:
        archived_at: When it was archived; None: its events are in the log.
        archived_to: The name of the file.
    """

    version: int
    last_recorded_at: datetime
    archived_at: datetime | None = None
    archived_to: str | None = None


class EventStore:
    """The log in Postgres.

    Every method raises StoreUnavailableError while Postgres is away; an append whose answer was lost may have been
    stored, and the same ids make it safe to ask again.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring
        self._keys = SubjectKeys(keyring)

    async def append(self, groups: Sequence[Group], *, duplicates_likely: bool = False) -> list[list[Outcome]]:
        """Append groups in one transaction and tell what became of each event, in the order given.

        Groups with an expected version must be alone with their subject in the call.

        Args:
            groups: What to store.
            duplicates_likely: Look for duplicates first rather than after a failure.
        """
        with translated():
            async with self._pool.acquire() as connection:
                sealed = await seal_events(connection, self._keys, [e for group in groups for e in group.events])
                careful = duplicates_likely or any(each.expected is not None for each in groups)
                for _ in range(ATTEMPTS):
                    try:
                        if careful:
                            return await self._append_carefully(connection, groups, sealed)
                        return await self._append_fast(connection, groups, sealed)
                    except asyncpg.PostgresError as error:
                        if error.sqlstate not in (RACED if careful else RACED | {NOT_NULL_VIOLATION}):
                            raise
                        careful = True
                return await self._append_carefully(connection, groups, sealed)

    async def append_within(self, connection: Connection, groups: Sequence[Group]) -> list[list[Outcome]]:
        """Append groups with nothing to seal in the caller's transaction, as `append` does; what is there is known.

        The heads are locked until that ends. A deadlock is the caller's to try again.
        """
        return await self._append_carefully(connection, groups, {})

    async def erase(self, subject_id: str) -> int:
        """Append `order.erased` and empty the data key in one transaction; return the version of the erasure.

        An archived subject takes no event, and its version is that of its archive; the event follows when it is put
        back. Its values are sealed there, and nobody can open them any more.
        """
        erased = NewEvent(
            subject_id=subject_id,
            source=OWN_SOURCE,
            event_id="erased",
            type=ERASED,
            schema_version=1,
            data=b"{}",
            personal=None,
            digest=bytes(16),
            occurred_at=datetime.now(UTC),
        )
        group = Group(slot_of(subject_id), subject_id, (erased,))
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                [[outcome]] = await self._append_carefully(connection, [group], {})
                [head] = (await lock_heads(connection, [(group.slot, subject_id)])).values()
                await self._keys.erase(connection, subject_id)
        self._keys.forget(subject_id)
        match outcome:
            case Appended(version=version) | Duplicate(version=version):
                return version
            case Archived():
                return int(head["version"])
            case _:
                raise AssertionError(f"an erasure cannot end as {outcome}")

    async def list_erased(self, *, since: datetime) -> list[tuple[str, datetime]]:
        """List the subjects that were erased at a time or later, each with when that was, the first first."""
        with translated():
            rows = await self._pool.fetch(statement("events/list_erased"), since, ALL_SLOTS)
        return [(row["subject_id"], row["erased_at"]) for row in rows]

    async def read_head(self, subject_id: str) -> Head | None:
        """Read a subject's head, or None when nothing happened to it yet."""
        with translated():
            row = await self._pool.fetchrow(statement("events/read_head"), slot_of(subject_id), subject_id)
        return None if row is None else Head(**dict(row))

    async def find_repeats(self, sent: Mapping[Identity, bytes]) -> dict[Identity, int]:
        """Give the versions of those events that the log has with the digest given."""
        with translated():
            known = await find_known(self._pool, list(sent))
        return {
            identity: each.version for identity, each in known.items() if each.digest in (sent[identity], ANY_CONTENT)
        }

    async def read_subject(self, subject_id: str, *, after: int = 0) -> AsyncIterator[RecordedEvent]:
        """Read a subject's events in the order of their versions."""
        opener = SubjectOpener(self._keyring)
        while True:
            with translated():
                rows = await self._pool.fetch(
                    statement("events/read_subject"), slot_of(subject_id), subject_id, after, PAGE
                )
            for row in rows:
                yield recorded_event(subject_id, row, opener.open(subject_id, row["wrapped"]))
            if len(rows) < PAGE:
                return
            after = rows[-1]["version"]

    async def _append_fast(
        self, connection: Connection, groups: Sequence[Group], sealed: dict[int, Sealed]
    ) -> list[list[Outcome]]:
        """Append everything, or fail as a whole: with 23505 for an id that is there, 23502 for an archived subject."""
        heads: dict[tuple[int, str], list[NewEvent]] = {}
        for group in groups:
            heads.setdefault((group.slot, group.subject_id), []).extend(group.events)
        keys = sorted(heads)
        positions: list[int] = []
        after: list[int] = []
        events: list[NewEvent] = []
        for position, key in enumerate(keys, 1):
            mine = heads[key]
            positions += [position] * len(mine)
            after += range(len(mine) - 1, -1, -1)
            events += mine
        halves = [sealed.get(id(event), NOTHING) for event in events]
        rows = await connection.fetch(
            statement("events/append_events"),
            [slot for slot, _ in keys],
            [subject_id for _, subject_id in keys],
            [len(heads[key]) for key in keys],
            positions,
            after,
            [event.source for event in events],
            [event.event_id for event in events],
            [event.type for event in events],
            [event.schema_version for event in events],
            [event.digest for event in events],
            [event.data for event in events],
            [each.personal for each in halves],
            [event.occurred_at for event in events],
            [event.trace for event in events],
            [each.extensions for each in halves],
        )
        moved = {keys[row["head"] - 1]: row for row in rows}
        reached = {key: row["version"] - len(heads[key]) for key, row in moved.items()}
        outcomes: list[list[Outcome]] = []
        for group in groups:
            key = (group.slot, group.subject_id)
            first, recorded_at = reached[key] + 1, moved[key]["recorded_at"]
            outcomes.append([Appended(first + step, recorded_at) for step in range(len(group.events))])
            reached[key] += len(group.events)
        return outcomes

    async def _append_carefully(
        self, connection: Connection, groups: Sequence[Group], sealed: dict[int, Sealed]
    ) -> list[list[Outcome]]:
        """Lock the heads, look for duplicates after that, and append what is left."""
        keys = sorted({(group.slot, group.subject_id) for group in groups})
        slots, subjects = [slot for slot, _ in keys], [subject_id for _, subject_id in keys]
        events = [event for group in groups for event in group.events]
        async with connection.transaction():
            heads = await lock_heads(connection, keys)
            decided, fresh = _decide(
                groups, heads, await find_known(connection, [identity_of(each) for each in events])
            )
            stored = iter(await self._append_fast(connection, fresh, sealed) if fresh else ())
            if len({(group.slot, group.subject_id) for group in fresh}) < len(keys):
                await connection.execute(statement("events/drop_empty_heads"), slots, subjects)
        answers: list[list[Outcome]] = []
        for outcomes in decided:
            appended = iter(next(stored)) if None in outcomes else iter(())
            answers.append([next(appended) if each is None else each for each in outcomes])
        return answers


class Known(msgspec.Struct):
    """An event that the log has, or that comes earlier in the same batch."""

    version: int
    digest: bytes


async def lock_heads(connection: Connection, keys: Sequence[tuple[int, str]]) -> dict[str, asyncpg.Record]:
    """Lock heads until the transaction ends, those that are missing at version 0.

    Args:
        connection: In a transaction.
        keys: Slot and subject id, in their order, each once.
    """
    slots, subjects = [slot for slot, _ in keys], [subject_id for _, subject_id in keys]
    rows = await connection.fetch(statement("events/lock_heads"), slots, subjects)
    return {row["subject_id"]: row for row in rows}


async def find_known(connection: Connection | Pool, identities: Sequence[Identity]) -> dict[Identity, Known]:
    """Find those that the log has already; who then appends asks once the heads are locked."""
    rows = await connection.fetch(
        statement("events/find_duplicates"),
        [slot_of(subject_id) for subject_id, _, _ in identities],
        [subject_id for subject_id, _, _ in identities],
        [source for _, source, _ in identities],
        [event_id for _, _, event_id in identities],
    )
    return {identities[row["ord"] - 1]: Known(row["version"], row["digest"]) for row in rows}


def _decide(
    groups: Sequence[Group], heads: dict[str, asyncpg.Record], known: dict[Identity, Known]
) -> tuple[list[list[Outcome | None]], list[Group]]:
    """Decide for each event what becomes of it: None stands for "append it".

    Identity is judged before the expected version, so that a retry is answered as a duplicate.
    """
    versions = {subject_id: row["version"] for subject_id, row in heads.items()}
    decided: list[list[Outcome | None]] = []
    fresh_groups: list[Group] = []
    for group in groups:
        outcomes: list[Outcome | None] = []
        fresh: list[NewEvent] = []
        mine: dict[Identity, Known] = {}
        refusal: Outcome | None = None
        for event in group.events:
            identity = identity_of(event)
            old = known.get(identity) or mine.get(identity)
            if old is None:
                fresh.append(event)
                mine[identity] = Known(versions[group.subject_id] + len(fresh), event.digest)
                outcomes.append(None)
            elif old.digest in (event.digest, ANY_CONTENT) or event.type == ERASED:
                outcomes.append(Duplicate(old.version))
            else:
                outcomes.append(IdReused(old.version))
                refusal = Withheld()
        if fresh and heads[group.subject_id]["archived"]:
            refusal = Archived()
        elif fresh and group.expected is not None and group.expected != versions[group.subject_id]:
            refusal = VersionConflict(versions[group.subject_id])
        if refusal is not None:
            outcomes = [
                # a repeat within the group is as little stored as what it repeats
                refusal if each is None or (isinstance(each, Duplicate) and identity_of(event) in mine) else each
                for event, each in zip(group.events, outcomes, strict=True)
            ]
        elif fresh:
            known |= mine
            versions[group.subject_id] += len(fresh)
            fresh_groups.append(Group(group.slot, group.subject_id, fresh))
        decided.append(outcomes)
    return decided, fresh_groups
