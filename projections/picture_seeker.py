"""The seeker: finds the cards that name a key which has come into the manifest after they were sent.

A plan notes what its card names where the manifest has it, and a change of that is found there. Of a key that was not
in it nothing is noted: it is a picture that the app brings along, and costs nothing. So a new key is sought once in
what all open subjects show, some at a time, from a place in its own row; the cards of those that name it are in debt,
as by a fold. Keys that come meanwhile are sought along with it. A plan that reads the manifest after the key is in it
needs no search, and one from before has left a view that is found.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import Final

import structlog

from events.errors import LockstepError, StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.waiting import first_of
from projections.face import face_of
from projections.owed import owe
from projections.registry import CARDS
from projections.shelf import Shelf
from projections.view_store import StoredView

log = structlog.get_logger()

SUBJECTS: Final = 200
POLL_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 30.0
REST_SHARE: Final = 4
"""So many times as long as it sought it rests, for orders go before pictures."""


class PictureSeeker:
    """Puts cards in debt whose picture has come into the manifest.

    Args:
        pool: Connections; one is used at a time.
        keyring: Opens views.
        announce: Called with slots of cards that are due again; must not block.
        subjects: Looked at in one step.
    """

    def __init__(
        self, pool: Pool, keyring: Keyring, announce: Callable[[Collection[int]], None], *, subjects: int = SUBJECTS
    ) -> None:
        self._pool = pool
        self._key = keyring.hash
        self._views = Shelf(keyring)
        self._announce = announce
        self._subjects = subjects
        self._work = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.pictures:
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Seek until told to stop."""
        while not stop.is_set():
            self._work.clear()
            began = time.monotonic()
            try:
                sought = await self.seek_some()
            except StoreUnavailableError as error:
                log.warning("picture_seeker_waits_for_postgres", reason=str(error))
                sought = False
            if sought:
                await first_of(stop, seconds=REST_SHARE * (time.monotonic() - began))
            else:
                await first_of(stop, self._work, seconds=POLL_SECONDS)

    async def seek_some(self) -> bool:
        """Look at the next subjects; False: no key is sought, or another worker does.

        Raises:
            StoreUnavailableError: Postgres is away; what was begun is done again.
        """
        with translated():
            rows = await self._pool.fetch(statement("projections/claim_sought_assets"), LEASE_SECONDS)
            if not rows:
                return False
            keys = {row["key"] for row in rows}
            place = min((row["seek_slot"], row["seek_after"]) for row in rows)
            found = await self._pool.fetch(statement("projections/find_open_subjects"), *place, self._subjects)
            naming: defaultdict[int, list[str]] = defaultdict(list)
            async with self._pool.acquire() as connection:
                views = await self._views.read(connection, [row["subject_id"] for row in found])
            for row in found:
                stored = views.get(row["subject_id"])
                if stored is not None and not keys.isdisjoint(_named(stored, self._key)):
                    naming[row["slot"]].append(row["subject_id"])
            for slot, subjects in naming.items():
                await owe(self._pool, slot, subjects)
            last = found[-1] if len(found) == self._subjects else None
            await self._pool.execute(
                statement("projections/move_sought_assets"),
                [row["key"] for row in rows],
                [row["sha256"] for row in rows],
                None if last is None else last["slot"],
                None if last is None else last["subject_id"],
            )
        if naming:
            self._announce(naming.keys())
        return True


def _named(stored: StoredView, key: bytes) -> Iterator[str]:
    """Name the pictures that cards of a subject may show, whatever type they are of; none where it cannot be read."""
    try:
        shown = stored.shown
    except LockstepError:
        return
    for card in CARDS.known:
        if card.kind == shown.kind and card.images:
            yield from face_of(shown, key, None, card.attributes_type).images
