"""Walks over the log and gives every event as it leaves the installation: slot by slot, subject by subject.

The walk reads pages, each in a statement of its own, and holds no more than a page. It is no picture of one moment:
what is appended to a subject that has been passed is not in it, and a subject's versions have no gap.
"""

from collections.abc import AsyncIterator
from typing import Final, Self

import msgspec

from events.cloud_event import GivenEvent, cloud_event
from events.errors import LockstepError
from events.event_sealing import SubjectOpener, had_sealed, recorded_event
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.whole_number import read_whole_number

PAGE: Final = 500


class PositionError(LockstepError):
    """A place in the walk cannot be read; the message says what one looks like."""


class Position(msgspec.Struct, frozen=True):
    """The last event that has been given."""

    subject_id: str
    version: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `SUBJECT@VERSION`.

        Raises:
            PositionError: It is something else.
        """
        subject_id, _, digits = text.rpartition("@")
        version = read_whole_number(digits)
        if not subject_id or version is None:
            raise PositionError(
                f"{text!r} is no place in an export. Give the subject and version of the last line that you have: "
                "order-4711@3"
            )
        return cls(subject_id, version)

    def __str__(self) -> str:
        """Write it as `read` takes it."""
        return f"{self.subject_id}@{self.version}"


async def walk(
    pool: Pool, keyring: Keyring, *, withhold: bool, after: Position | None = None, subject_id: str | None = None
) -> AsyncIterator[GivenEvent]:
    """Give the events of the log, in the order of their slots, subjects and versions.

    Args:
        pool: Connections; one is used at a time.
        keyring: Opens personal values.
        withhold: Whether to leave personal values out.
        after: Go on after this event.
        subject_id: This subject alone.

    Raises:
        StoreUnavailableError: Postgres is away; go on after the last event that was given.
        NewerEventError: The log holds an event that only a newer release knows.
        UnreadableEventError: A row is damaged.
        SecretKeyError: Values were sealed with another key.
    """
    opener = SubjectOpener(keyring)
    start = Position("", 0) if after is None else after
    first = 0 if after is None else slot_of(after.subject_id)
    slots = ALL_SLOTS[first:] if subject_id is None else (slot_of(subject_id),)
    if subject_id is not None and start.subject_id != subject_id:
        start = Position(subject_id, 0)
    for slot in slots:
        place = start
        start = Position("", 0)
        while True:
            with translated():
                rows = await pool.fetch(statement("events/scan_log"), slot, place.subject_id, place.version, PAGE)
            for row in rows:
                if subject_id is not None and row["subject_id"] != subject_id:
                    return
                event = recorded_event(row["subject_id"], row, opener.open(row["subject_id"], row["wrapped"]))
                yield cloud_event(event, had_personal=had_sealed(row), erased=row["erased"], withhold=withhold)
            if len(rows) < PAGE:
                break
            place = Position(rows[-1]["subject_id"], rows[-1]["version"])
