"""Seals what may be personal of events on their way into the log, and opens it on the way out."""

from collections.abc import Sequence

import asyncpg
import msgspec

from events.envelope import NewEvent, RecordedEvent
from events.postgres.pool import Connection
from events.sealing import Keyring, seal, unseal
from events.subject_keys import SubjectKeys


class Sealed(msgspec.Struct, frozen=True):
    """What of an event is sealed, each for its own place; None where there is none, or no key any more.

    Attributes:
        personal: The personal fields of its data.
        extensions: Its extension attributes.
    """

    personal: bytes | None = None
    extensions: bytes | None = None


NOTHING = Sealed()


def event_context(subject_id: str, source: str, event_id: str) -> bytes:
    """Name the place that an event's personal values are sealed for."""
    return f"event\n{subject_id}\n{source}\n{event_id}".encode()


def extensions_context(subject_id: str, source: str, event_id: str) -> bytes:
    """Name the place that an event's extension attributes are sealed for."""
    return f"extensions\n{subject_id}\n{source}\n{event_id}".encode()


async def seal_events(connection: Connection, keys: SubjectKeys, events: Sequence[NewEvent]) -> dict[int, Sealed]:
    """Seal what may be personal of a batch; the result is keyed by the identity of the event.

    Whoever locks heads asks for this before, outside of that transaction: it locks the rows of the keys.
    """
    concerned = [event for event in events if event.personal is not None or event.extensions is not None]
    if not concerned:
        return {}
    found = await keys.ensure(connection, {event.subject_id for event in concerned})
    return {id(event): _sealed(event, key) for event in concerned if (key := found[event.subject_id]) is not None}


def _sealed(event: NewEvent, key: bytes) -> Sealed:
    place = event.subject_id, event.source, event.event_id
    return Sealed(
        None if event.personal is None else seal(key, event.personal, context=event_context(*place)),
        None if event.extensions is None else seal(key, event.extensions, context=extensions_context(*place)),
    )


class SubjectOpener:
    """Opens the wrapped data keys of rows; those of one subject that follow one another once."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._last: tuple[str, bytes, bytes] | None = None

    def open(self, subject_id: str, wrapped: bytes | None) -> bytes | None:
        """Give a subject's data key; None when it has none, or was erased.

        Raises:
            SecretKeyError: It was wrapped with another key.
        """
        if wrapped is None:
            return None
        if self._last is None or self._last[:2] != (subject_id, wrapped):
            self._last = (subject_id, wrapped, self._keyring.unwrap_key(wrapped, subject_id))
        return self._last[2]


def foldable_event(subject_id: str, row: asyncpg.Record, data_key: bytes | None) -> RecordedEvent:
    """Turn a row of the log into a value for a fold: with its personal values opened, and no extension attributes.

    Args:
        subject_id: The subject.
        row: The event's row.
        data_key: The subject's data key, opened; None when it has none, or was erased and its values are lost.

    Raises:
        SecretKeyError: The values were sealed with another key.
    """
    personal = None
    if row["sealed"] is not None and data_key is not None:
        personal = unseal(data_key, row["sealed"], context=event_context(subject_id, row["source"], row["event_id"]))
    return RecordedEvent(
        subject_id=subject_id,
        version=row["version"],
        source=row["source"],
        event_id=row["event_id"],
        type=row["type"],
        schema_version=row["schema_version"],
        data=row["data"],
        personal=personal,
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        trace=row["trace"],
    )


def recorded_event(subject_id: str, row: asyncpg.Record, data_key: bytes | None) -> RecordedEvent:
    """Turn a row of the log into a value as `foldable_event` does, with its extension attributes opened too."""
    event = foldable_event(subject_id, row, data_key)
    if row["extensions"] is None or data_key is None:
        return event
    context = extensions_context(subject_id, row["source"], row["event_id"])
    return msgspec.structs.replace(event, extensions=unseal(data_key, row["extensions"], context=context))


def had_sealed(row: asyncpg.Record) -> bool:
    """Tell whether the log holds something sealed of an event, or knows that there was: it came here without it."""
    return row["sealed"] is not None or row["extensions"] is not None or row["lost"]
