"""The data keys of subjects, as writers need them: made on first use, remembered for a while."""

import os
from collections import OrderedDict
from collections.abc import Collection

from events.postgres.pool import Connection
from events.postgres.statements import statement
from events.sealing import KEY_BYTES, Keyring
from events.slot import slot_of

REMEMBERED = 50_000


class SubjectKeys:
    """Gives each subject its data key.

    A remembered key may have been erased meanwhile by another process: what it seals then can be opened by nobody,
    which is what erasure asks for. Readers never remember keys.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._keys: OrderedDict[str, bytes | None] = OrderedDict()

    async def ensure(self, connection: Connection, subject_ids: Collection[str]) -> dict[str, bytes | None]:
        """Give the keys of these subjects; None for a subject that was erased."""
        # taken before the first wait: an erasure may empty the memory meanwhile
        found = {each: self._keys[each] for each in subject_ids if each in self._keys}
        missing = sorted({(slot_of(each), each) for each in subject_ids if each not in found})
        if missing:
            offered = {each: os.urandom(KEY_BYTES) for _, each in missing}
            wrapped = {each: self._keyring.wrap_key(key, each) for each, key in offered.items()}
            rows = await connection.fetch(
                statement("events/ensure_subject_keys"),
                [slot for slot, _ in missing],
                [each for _, each in missing],
                [wrapped[each] for _, each in missing],
            )
            for row in rows:
                subject_id, stored = row["subject_id"], row["wrapped"]
                if stored == wrapped[subject_id]:
                    found[subject_id] = offered[subject_id]
                elif stored is None:
                    found[subject_id] = None
                else:
                    found[subject_id] = self._keyring.unwrap_key(stored, subject_id)
                self._remember(subject_id, found[subject_id])
        while len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)
        return found

    async def erase(self, connection: Connection, subject_id: str) -> None:
        """Empty a subject's key for good, with the connection's transaction; forget it once that has committed."""
        await connection.execute(statement("events/erase_subject_key"), slot_of(subject_id), subject_id)

    def forget(self, subject_id: str) -> None:
        """Drop a key from memory, because it was erased."""
        self._keys.pop(subject_id, None)

    def _remember(self, subject_id: str, key: bytes | None) -> None:
        self._keys[subject_id] = key
        self._keys.move_to_end(subject_id)
