"""Wraps the installation's keys anew, once the secret key of the settings was changed.

The secret key wraps the few rows of the keyring and nothing else. The keys in them stay as they are, and so does all
that they seal, sign and hash: what a process has opened serves on, whichever secret key it was given.
"""

import msgspec

from events.keyring import StoredKey, read_keyring, unwrap_keys
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.secret_keys import SecretKeys


class Rewrapped(msgspec.Struct, frozen=True):
    """What was wrapped anew.

    Attributes:
        rewrapped: Keys that the previous secret key had wrapped.
        already: Keys that were wrapped with the current one before.
    """

    rewrapped: int
    already: int


def wrapped_before(stored: list[StoredKey], secrets: SecretKeys) -> list[StoredKey]:
    """Give the keys that the current secret key has not wrapped."""
    return [each for each in stored if not secrets.has_wrapped(each.wrapped, each.name)]


async def rewrap(pool: Pool, secrets: SecretKeys) -> Rewrapped:
    """Wrap with the current secret key what the one before it has wrapped: all at once, so that none is left between.

    Raises:
        SecretKeyError: Neither opens some of them; nothing was changed then.
        StoreUnavailableError: Postgres is away: ask again.
    """
    stored, done = await read_keyring(pool), 0
    # somebody who has only the previous one may add a key meanwhile
    while before := wrapped_before(stored, secrets):
        keys = unwrap_keys(before, secrets)
        with translated():
            rows = await fetch_through_deadlocks(
                pool,
                "events/rewrap_keys",
                [each.name for each in before],
                [each.wrapped for each in before],
                [secrets.wrap(keys[each.name], each.name) for each in before],
            )
        done += len(rows)
        stored = await read_keyring(pool)
    return Rewrapped(done, len(stored) - done)
