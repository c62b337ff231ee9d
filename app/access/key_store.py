"""Keeps the API keys of services: hashes in Postgres, and for a few seconds what was found there."""

import asyncio
import time
from collections.abc import Callable, Collection
from datetime import datetime
from hmac import compare_digest
from typing import Final

import asyncpg
import msgspec
import structlog

from app.access.api_key import Scope, hash_api_key, key_id_of, make_api_key
from app.access.caller import Service
from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.waiting import first_of

log = structlog.get_logger()

REMEMBERED_SECONDS: Final = 10.0
NOTED_SECONDS: Final = 60.0
_KNOWN_SCOPES: Final = frozenset(Scope)


class StoredKey(msgspec.Struct, frozen=True):
    """A key as lists show it: everything but the key.

    Attributes:
        last_used_at: To the minute; None if it never was.
        replaced_by: Its successor's id; None while it has none.
        good: Neither revoked nor expired.
    """

    key_id: str
    name: str
    environment: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: str | None
    good: bool


class _Remembered(msgspec.Struct, frozen=True):
    """A key that was good when Postgres was asked.

    Attributes:
        until: By the monotonic clock, in seconds.
    """

    hash: bytes
    service: Service
    until: float


class KeyStore:
    """The keys that may call.

    What was found is remembered for ten seconds at the most, so a revocation holds everywhere by then; what was not
    found is not remembered. Every method raises StoreUnavailableError while Postgres is away.

    Args:
        pool: Connections.
        keyring: Its hash key keys the stored hashes.
        monotonic: Seconds that never go back.
    """

    def __init__(self, pool: Pool, keyring: Keyring, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._secret = keyring.hash
        self._monotonic = monotonic
        self._remembered: dict[bytes, _Remembered] = {}
        self._lookups: dict[bytes, asyncio.Task[Service | None]] = {}
        self._used: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write once a minute which keys were used, and once more when told to stop."""
        while True:
            await first_of(stop, seconds=NOTED_SECONDS)
            try:
                await self.note_use()
            except StoreUnavailableError as error:
                log.warning("key_use_waits_for_postgres", reason=str(error))
            if stop.is_set():
                return

    async def note_use(self) -> None:
        """Write which keys were used since this was written last."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            with translated():
                await self._pool.execute(statement("app/note_key_use"), sorted(used))
        except StoreUnavailableError:
            self._used |= used
            raise

    async def create(
        self, *, name: str, environment: str, scopes: Collection[Scope], expires_at: datetime | None = None
    ) -> tuple[str, StoredKey]:
        """Make a key; its text is shown this once and kept nowhere."""
        key = make_api_key(environment)
        with translated():
            [row] = await self._pool.fetch(
                statement("app/add_api_key"),
                key_id_of(key),
                hash_api_key(key, self._secret),
                name,
                environment,
                sorted(scopes),
                expires_at,
            )
        return key, _stored_key(row)

    async def rotatable(self, name: str) -> list[StoredKey]:
        """Give the keys of this name, or this id, that are good and have no successor yet."""
        return [
            each
            for each in await self.list_keys()
            if each.good and each.replaced_by is None and name in {each.name, each.key_id}
        ]

    async def rotate(
        self, key_id: str, *, overlap_seconds: float, expires_at: datetime | None = None
    ) -> tuple[str, StoredKey] | None:
        """Make the successor of a key; its text is shown this once. None if the key is not good or has one already.

        Args:
            key_id: Of the key that is to go.
            overlap_seconds: For how long both are good.
            expires_at: The new key's end; None for as long a life as the old one was made for.
        """
        old = [each for each in await self.list_keys() if each.key_id == key_id]
        if not old:
            return None
        key = make_api_key(old[0].environment)
        with translated():
            row = await self._pool.fetchrow(
                statement("app/rotate_api_key"),
                key_id,
                key_id_of(key),
                hash_api_key(key, self._secret),
                overlap_seconds,
                expires_at,
            )
        return None if row is None else (key, _stored_key(row))

    async def describe(self, key_id: str) -> tuple[str, datetime | None]:
        """Give the name of a key that has just called, and when it ends; None: it has no end."""
        with translated():
            [row] = await self._pool.fetch(statement("app/read_api_key"), key_id)
        return row["name"], row["expires_at"]

    async def list_keys(self) -> list[StoredKey]:
        """Read all keys, the newest first, revoked and expired ones too."""
        with translated():
            rows = await self._pool.fetch(statement("app/list_api_keys"))
        return [_stored_key(row) for row in rows]

    async def revoke(self, key_id: str) -> bool:
        """Refuse a key from now on, here at once and elsewhere within ten seconds; False if there is no such key."""
        with translated():
            row = await self._pool.fetchrow(statement("app/revoke_api_key"), key_id)
        self._forget(key_id)
        return row is not None

    async def end_session(self, key_id: str) -> bool:
        """Refuse the key of a session of the console likewise; False if this key is of none, and stays good."""
        with translated():
            row = await self._pool.fetchrow(statement("app/end_console_session"), key_id)
        if row is None:
            return False
        self._forget(key_id)
        log.info("console_session_was_left", key_id=key_id)
        return True

    def _forget(self, key_id: str) -> None:
        self._remembered = {h: each for h, each in self._remembered.items() if each.service.key_id != key_id}
        self._lookups.clear()

    async def find(self, key: str) -> Service | None:
        """Give the service that holds a key; None if the key is unknown, revoked or expired."""
        hashed = hash_api_key(key, self._secret)
        remembered = self._remembered.get(hashed)
        if remembered is not None and self._monotonic() < remembered.until:
            if not compare_digest(remembered.hash, hashed):
                return None
            self._used.add(remembered.service.key_id)
            return remembered.service
        key_id = key_id_of(key)
        if key_id is None:
            return None
        # A crowd whose key has just been forgotten asks Postgres once.
        lookup = self._lookups.get(hashed)
        if lookup is None:
            lookup = asyncio.get_running_loop().create_task(self._look_up(key_id, hashed))
            self._lookups[hashed] = lookup
            lookup.add_done_callback(lambda done: self._finished(hashed, done))
        return await asyncio.shield(lookup)

    async def _look_up(self, key_id: str, hashed: bytes) -> Service | None:
        asked_at = self._monotonic()
        self._remembered.pop(hashed, None)
        me = self._lookups.get(hashed)
        with translated():
            row = await self._pool.fetchrow(statement("app/find_api_key"), key_id)
        if row is None or not compare_digest(row["hash"], hashed):
            return None
        service = Service(key_id, frozenset(Scope(each) for each in row["scopes"] if each in _KNOWN_SCOPES))
        left = REMEMBERED_SECONDS if row["seconds_left"] is None else min(REMEMBERED_SECONDS, row["seconds_left"])
        self._used.add(key_id)
        if self._lookups.get(hashed) is me:
            # otherwise a revocation came between the question and its answer
            self._remembered[hashed] = _Remembered(row["hash"], service, asked_at + left)
        return service

    def _finished(self, hashed: bytes, lookup: asyncio.Task[Service | None]) -> None:
        if self._lookups.get(hashed) is lookup:
            del self._lookups[hashed]
        if not lookup.cancelled():
            lookup.exception()  # seen by whoever still waits; nobody may


def _stored_key(row: asyncpg.Record) -> StoredKey:
    return StoredKey(
        row["key_id"],
        row["name"],
        row["environment"],
        tuple(row["scopes"]),
        row["created_at"],
        row["expires_at"],
        row["revoked_at"],
        row["last_used_at"],
        row["replaced_by"],
        row["good"],
    )
