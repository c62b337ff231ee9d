"""Follows the keys that tokens are sealed with, and lets nobody use them who has not looked at them for too long.

Rules:
    A process looks every ten seconds. A new key seals a minute after it was made. A process that was cut off from
    Postgres, or stood still, may miss that: so it seals and opens nothing with keys that it has not looked at for
    three quarters of a minute. What others sealed with a key that it does not know would look damaged to it, and what
    it sealed itself with a key that was retired meanwhile could be opened by nobody.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Final

import structlog

from events.errors import SecretKeyError, StoreUnavailableError
from events.keyring import is_for_tokens, name_of, read_keyring, token_keys_of, unwrap_keys
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.secret_keys import SecretKeys
from events.waiting import first_of

log = structlog.get_logger()

LOOKED_SECONDS: Final = 10.0
"""How often a process looks for a new key."""
AWAY_SECONDS: Final = 1.0
"""The same while Postgres is away."""
TRUSTED_SECONDS: Final = 45.0
"""For so long after a look the keys are used: shorter than a new one waits before it seals."""


def awake_seconds() -> float:
    """Give seconds that never go back, and pass while the machine sleeps too, where the system counts those."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class KeyringKeeper:
    """Lets a process learn of new keys for tokens; its keyring trusts them from then on only while they are followed.

    Args:
        pool: Connections.
        secrets: Open them.
        keyring: The one that the process works with, opened just now.
        seconds: Seconds that never go back.
    """

    def __init__(
        self, pool: Pool, secrets: SecretKeys, keyring: Keyring, *, seconds: Callable[[], float] = awake_seconds
    ) -> None:
        self._pool = pool
        self._secrets = secrets
        self._keyring = keyring
        self._seconds = seconds
        keyring.tokens.looked_at = seconds()
        keyring.tokens.are_trusted = self._are_trusted

    async def run(self, stop: asyncio.Event) -> None:
        """Look now and then until told to stop."""
        while not stop.is_set():
            pause = LOOKED_SECONDS
            try:
                await self.look()
            except StoreUnavailableError as error:
                log.warning("keyring_waits_for_postgres", reason=str(error))
                pause = AWAY_SECONDS
            await first_of(stop, seconds=pause)

    async def look(self) -> None:
        """Take up the keys as they are now.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        looked_at, held = self._seconds(), self._keyring.tokens
        stored = [each for each in await read_keyring(self._pool) if is_for_tokens(each.name)]
        try:
            keys = unwrap_keys(stored, self._secrets)
        except SecretKeyError as error:
            log.error("keyring_cannot_be_opened", reason=str(error))  # noqa: TRY400 - the sentence says it all
            # the secret key was changed: what was opened before serves on, as long as there is nothing else
            opened = {name_of(key_id): key for key_id, key in held.keys.items()}
            keys = {each.name: opened[each.name] for each in stored if each.name in opened}
        if not keys or len(keys) < len(stored):
            return
        if looked_at >= held.looked_at:
            # otherwise somebody else in this process has looked meanwhile
            held.take(token_keys_of(stored, keys))
            held.looked_at = looked_at

    def _are_trusted(self) -> bool:
        return self._seconds() - self._keyring.tokens.looked_at <= TRUSTED_SECONDS
