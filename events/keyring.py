"""Opens the installation's keys, and makes them on the first start."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from events.errors import SecretKeyError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import FIRST_KEY, KEY_BYTES, Keyring, TokenKeys
from events.secret_keys import SecretKeys

FIRST_TOKENS: Final = "tokens"
NAMES: Final = ("wrap", "hash", FIRST_TOKENS, "tickets")
KNOWN_SECONDS: Final = 60.0
"""After so long every process knows of a new key, or uses none, so that the new one may seal."""
LONGEST_SECONDS: Final = 5.0
"""So long the few rows may take: a line that is dead is not waited for."""


class StoredKey(msgspec.Struct, frozen=True):
    """A key as it is stored.

    Attributes:
        known: It was made so long ago that every process knows of it.
    """

    name: str
    wrapped: bytes
    known: bool


async def open_keyring(pool: Pool, secrets: SecretKeys) -> Keyring:
    """Read the wrapped keys; those that are missing are made, and whoever came first has made them.

    Raises:
        SecretKeyError: They were wrapped with another secret key; nothing was made then. The message says what to do.
        StoreUnavailableError: Postgres is away.
    """
    stored = await read_keyring(pool)
    keys = unwrap_keys(stored, secrets)
    # a first key for tokens that was retired has successors
    tokens_missing = not any(is_for_tokens(name) for name in keys)
    missing = [name for name in NAMES if name not in keys and (name != FIRST_TOKENS or tokens_missing)]
    if missing:
        await add_keys(pool, secrets, missing)
        stored = await read_keyring(pool)
        keys = unwrap_keys(stored, secrets)
    return Keyring(wrap=keys["wrap"], hash=keys["hash"], tokens=token_keys_of(stored, keys), tickets=keys["tickets"])


async def read_keyring(pool: Pool) -> list[StoredKey]:
    """Read the wrapped keys.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    with translated():
        rows = await pool.fetch(statement("events/read_keyring"), KNOWN_SECONDS, timeout=LONGEST_SECONDS)
    return [StoredKey(row["name"], row["wrapped"], row["known"]) for row in rows]


async def add_keys(pool: Pool, secrets: SecretKeys, names: Sequence[str]) -> None:
    """Make keys and store them; one that is there already stays.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    made = [secrets.wrap(os.urandom(KEY_BYTES), name) for name in names]
    with translated():
        await pool.execute(statement("events/add_keys"), list(names), made)


def unwrap_keys(stored: Sequence[StoredKey], secrets: SecretKeys) -> dict[str, bytes]:
    """Open stored keys, by their names.

    Raises:
        SecretKeyError: Some were wrapped with another secret key; the message says how many, and what to do.
    """
    keys: dict[str, bytes] = {}
    for each in stored:
        try:
            keys[each.name] = secrets.unwrap(each.wrapped, each.name)
        except SecretKeyError:
            continue
    if len(keys) < len(stored):
        raise secrets.explain(len(stored) - len(keys), len(stored))
    return keys


def token_keys_of(stored: Sequence[StoredKey], keys: Mapping[str, bytes]) -> TokenKeys:
    """Give those that seal tokens; the newest that every process knows of is the one that seals.

    Args:
        stored: All that there are.
        keys: Opened, by their names.
    """
    known = [id_of(each.name) for each in stored if is_for_tokens(each.name) and each.known]
    opened = {id_of(name): key for name, key in keys.items() if is_for_tokens(name)}
    return TokenKeys(opened, max(known, default=min(opened)))


def is_for_tokens(name: str) -> bool:
    """Tell whether a key seals tokens."""
    return name.partition(":")[0] == FIRST_TOKENS


def name_of(key_id: int) -> str:
    """Give the name under which a key for tokens is stored."""
    return FIRST_TOKENS if key_id == FIRST_KEY else f"{FIRST_TOKENS}:{key_id}"


def id_of(name: str) -> int:
    """Give the number of a key for tokens."""
    return int(name.partition(":")[2] or FIRST_KEY)
