"""A subject folded again from its first event: what verify compares, and what a rebuild writes."""

from collections.abc import Iterable
from typing import Any, Final

from events.envelope import EffectiveEvent
from events.errors import SecretKeyError
from events.event_sealing import event_context
from events.sealing import Keyring, unseal
from events.store import ERASED
from projections.errors import MissingEventError
from projections.order_view import EMPTY
from projections.view import View, evolve, fold

POSTGRES_EPOCH: Final = 946_684_800_000_000
"""From where Postgres counts microseconds: the first of January 2000, in Unix microseconds."""


def wire_time(microseconds: int) -> bytes:
    """Give Unix microseconds as Postgres sends a time."""
    return (microseconds - POSTGRES_EPOCH).to_bytes(8, "big", signed=True)


class Refold:
    """A subject while its events are folded again.

    Args:
        subject_id: The subject.
        version: Fold up to this one.
        wrapped: Its data key as it is stored; None when it has none, or was erased.
        keyring: Opens the data key.

    Attributes:
        data_key: Its data key, opened.
        view: The fold of the events taken so far.
        folded: How many they were.
        failure: Why the next one cannot be folded.
        erased_later: Whether it was erased by an event after `version`.
        is_later: Whether an event up to `version` was left out because it was recorded later than asked for.
    """

    __slots__ = (
        "_subject_id",
        "_until",
        "_version",
        "data_key",
        "erased_later",
        "failure",
        "folded",
        "is_later",
        "view",
    )

    def __init__(self, subject_id: str, version: int, wrapped: bytes | None, keyring: Keyring) -> None:
        self._subject_id = subject_id
        self._version = version
        self.view: View = EMPTY
        self.folded = 0
        self.failure: Exception | None = None
        self.erased_later = self.is_later = False
        self.data_key: bytes | None = None
        try:
            self.data_key = None if wrapped is None else keyring.unwrap_key(wrapped, subject_id)
        except SecretKeyError as error:
            self.failure = error

    def take(self, rows: Iterable[Any]) -> None:
        """Fold some more of its events.

        Args:
            rows: Of `scan_events`, in the order of their versions.
        """
        if self.failure is not None:
            return
        events: list[EffectiveEvent] = []
        damage: Exception | None = None
        try:
            self._open(rows, events)
        except (SecretKeyError, MissingEventError) as error:
            damage = error
        try:
            self.view = fold(self.view, events)
        except Exception:  # noqa: BLE001 - a bug of the fold stops one subject, not all of them
            self._fold_singly(events)
        else:
            self.folded += len(events)
            self.failure = damage

    def end(self) -> None:
        """Say that there are no more events; if some are lacking, that is its failure."""
        if self.failure is None and not self.is_later and self.folded < self._version:
            self.failure = MissingEventError(self._subject_id, self.folded + 1)

    def _open(self, rows: Iterable[Any], events: list[EffectiveEvent]) -> None:
        """Add the events to be folded, opened, up to one that cannot be."""
        key, next_version = self.data_key, self.folded + 1
        for _, version, source, event_id, type_, schema_version, data, sealed, at in rows:
            if version > self._version:
                self.erased_later = self.erased_later or type_ == ERASED
                continue
            if at is None:
                self.is_later = True
                continue
            if version != next_version:
                raise MissingEventError(self._subject_id, next_version)
            next_version += 1
            personal = None
            if sealed is not None and key is not None:
                personal = unseal(key, sealed, context=event_context(self._subject_id, source, event_id))
            effective = int.from_bytes(at, "big", signed=True) + POSTGRES_EPOCH
            events.append(
                EffectiveEvent(
                    self._subject_id, version, source, event_id, type_, schema_version, data, personal, effective
                )
            )

    def _fold_singly(self, events: Iterable[EffectiveEvent]) -> None:
        """Fold up to the event that fails."""
        for event in events:
            try:
                self.view = evolve(self.view, event)
            except Exception as error:  # noqa: BLE001 - the same
                self.failure = error
                return
            self.folded += 1
