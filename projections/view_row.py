"""The row of a view that was folded again from its first event: what a rebuild and a restore write."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from events.errors import NewerEventError
from events.sealing import Keyring
from events.vocabulary import named
from projections.refold import Refold
from projections.view_store import encoded_view, fold_error

COLUMNS: Final = (
    "slot", "generation", "subject_id", "version", "prev_version", "state", "sealed", "fingerprint", "folded_at",
    "customer_id", "status", "over", "match_due_at", "match_count", "quarantined_at", "held_for",
    "held_by_fold", "error", "crowd",
)  # fmt: skip


HELD: Final = 2_147_483_647
"""What `held_by_fold` says of a subject that is held: the release before leaves it alone by it."""


class Stopped(msgspec.Struct, frozen=True, rename="camel"):
    """A subject whose fold cannot go on, and is set aside in the next generation.

    Attributes:
        version: The last that could be folded.
        why: The name of the error.
    """

    subject_id: str
    version: int
    why: str


class ViewRow:
    """A subject whose view is made anew.

    Args:
        row: Of `find_stale_views`, or with the same columns.
        keyring: Opens and seals personal values.
    """

    def __init__(self, row: asyncpg.Record | Mapping[str, Any], keyring: Keyring) -> None:
        self._row = row
        self._keyring = keyring
        self._id: str = row["subject_id"]
        self.refold = Refold(self._id, row["version"], row["wrapped"], keyring)
        self.changed = False
        self.stopped: Stopped | None = None

    def record(self, slot: int, generation: int, now: datetime) -> tuple[Any, ...]:
        """Give its row of the next generation; who should see it, and since when, is as in the live one."""
        row, refold = self._row, self.refold
        refold.end()
        view, failure = refold.view, refold.failure
        encoded = encoded_view(self._id, view, refold.data_key, self._keyring)
        self.changed = view.version == row["live_version"] and encoded.fingerprint != row["live_fingerprint"]
        quarantined_at = error = held_for = None
        if isinstance(failure, NewerEventError):
            held_for = named(failure.type, failure.schema_version)
        elif failure is not None:
            quarantined_at, error = now, fold_error(self._id, failure, refold.data_key)
        if failure is not None:
            self.stopped = Stopped(self._id, view.version, type(failure).__name__)
        return (
            slot, generation, self._id, view.version, 0, encoded.state, encoded.sealed, encoded.fingerprint,
            row["folded_at"], view.customer_id, view.status, view.over, row["match_due_at"], row["match_count"],
            quarantined_at, held_for, None if held_for is None else HELD, error, row["crowd"],
        )  # fmt: skip
