"""Opens the installation's keys, and makes them on the first start."""

import os

from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import KEY_BYTES, Keyring, seal, unseal

NAMES = ("wrap", "hash", "tokens", "tickets")


async def open_keyring(pool: Pool, secret_key: bytes) -> Keyring:
    """Read the wrapped keys; those that are missing are made, and whoever came first has made them.

    Raises:
        SecretKeyError: The database was made with another secret key.
    """
    made = [seal(secret_key, os.urandom(KEY_BYTES), context=name.encode()) for name in NAMES]
    rows = await pool.fetch(statement("events/ensure_keyring"), list(NAMES), made)
    keys = {row["name"]: unseal(secret_key, row["wrapped"], context=row["name"].encode()) for row in rows}
    return Keyring(**{name: keys[name] for name in NAMES})
