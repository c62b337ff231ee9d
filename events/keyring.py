"""Opens the installation's keys, makes them on the first start, and follows those that change."""

import asyncio
import os
from typing import Final

import structlog

from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import FIRST_KEY, KEY_BYTES, Keyring, TokenKeys, seal, unseal
from events.waiting import first_of

log = structlog.get_logger()

NAMES = ("wrap", "hash", "tokens", "tickets")
LOOKED_SECONDS: Final = 10.0
"""How often a process looks for a new key."""
KNOWN_SECONDS: Final = 60.0
"""After so long every process knows of a new key, so that it may seal."""


async def open_keyring(pool: Pool, secret_key: bytes) -> Keyring:
    """Read the wrapped keys; those that are missing are made, and whoever came first has made them.

    Raises:
        SecretKeyError: The database was made with another secret key.
    """
    made = [seal(secret_key, os.urandom(KEY_BYTES), context=name.encode()) for name in NAMES]
    rows = await pool.fetch(statement("events/ensure_keyring"), list(NAMES), made)
    keys = {row["name"]: unseal(secret_key, row["wrapped"], context=row["name"].encode()) for row in rows}
    tokens = await read_token_keys(pool, secret_key)
    return Keyring(wrap=keys["wrap"], hash=keys["hash"], tokens=tokens, tickets=keys["tickets"])


async def read_token_keys(pool: Pool, secret_key: bytes) -> TokenKeys:
    """Read the keys that tokens are sealed with; the newest that every process knows of seals.

    Raises:
        SecretKeyError: The database was made with another secret key.
        StoreUnavailableError: Postgres is away.
    """
    with translated():
        rows = await pool.fetch(statement("events/read_token_keys"), KNOWN_SECONDS)
    keys = {id_of(row["name"]): unseal(secret_key, row["wrapped"], context=row["name"].encode()) for row in rows}
    return TokenKeys(keys, max((id_of(row["name"]) for row in rows if row["known"]), default=FIRST_KEY))


def name_of(key_id: int) -> str:
    """Give the name under which a key for tokens is stored."""
    return "tokens" if key_id == FIRST_KEY else f"tokens:{key_id}"


def id_of(name: str) -> int:
    """Give the number of a key for tokens."""
    return int(name.partition(":")[2] or FIRST_KEY)


class KeyringKeeper:
    """Lets a process learn of new keys for tokens.

    Args:
        pool: Connections.
        secret_key: Wraps them.
        keyring: The one that the process works with.
    """

    def __init__(self, pool: Pool, secret_key: bytes, keyring: Keyring) -> None:
        self._pool = pool
        self._secret_key = secret_key
        self._keyring = keyring

    async def run(self, stop: asyncio.Event) -> None:
        """Look now and then until told to stop."""
        while not stop.is_set():
            try:
                self._keyring.tokens.take(await read_token_keys(self._pool, self._secret_key))
            except StoreUnavailableError as error:
                log.warning("keyring_waits_for_postgres", reason=str(error))
            await first_of(stop, seconds=LOOKED_SECONDS)
