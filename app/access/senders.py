"""Upstreams that sign what they post, by Standard Webhooks: each with a secret for its source, and no key.

Rules:
    A sender says in the address whose signature it is (`?source=pos`), signs id, time and body, and may post events of
    that source alone. Its signature is good for five minutes; the same message again does no harm, for its events have
    ids. What a source's secrets are is remembered for ten seconds.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from app.access.api_key import Scope
from app.access.caller import Service
from app.devices.device import Identifier
from app.webhooks.signature import is_signed, make_secret, read_secret
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring

SIGNATURE: Final = "webhook-signature"
REMEMBERED_SECONDS: Final = 10.0
MOST_REMEMBERED: Final = 1_000


class StoredSender(msgspec.Struct, frozen=True, rename="camel"):
    """A source that signs, without its secret.

    Attributes:
        changed_at: When it got its secret.
        previous_until: How long the secret before is taken too; None if there is none.
    """

    source: str
    created_at: datetime
    changed_at: datetime
    previous_until: datetime | None


class Senders:
    """The upstreams that sign. Every method raises StoreUnavailableError while Postgres is away.

    Args:
        pool: Connections.
        keyring: Seals the secrets.
        monotonic: Seconds that never go back.
    """

    def __init__(self, pool: Pool, keyring: Keyring, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._keyring = keyring
        self._monotonic = monotonic
        self._remembered: dict[str, tuple[float, list[str]]] = {}

    async def put(self, source: str, secret: str | None, *, overlap_seconds: float) -> str:
        """Give a source its secret, and return it; the one before is taken beside it for a while.

        Args:
            source: `source` of its events: 1 to 128 visible ASCII characters.
            secret: `whsec_…`; None has one made.
            overlap_seconds: How long the one before is taken.

        Raises:
            ValueError: The source is none.
            WebhookError: The secret is none.
        """
        if not is_source(source):
            raise ValueError("A source is 1 to 128 visible ASCII characters, and not lockstep.")
        made = make_secret() if secret is None else secret
        read_secret(made)
        sealed = self._keyring.seal_sender_secret(made, source)
        with translated():
            await self._pool.fetchval(statement("app/put_sender"), source, sealed, overlap_seconds)
        self._remembered.pop(source, None)
        return made

    async def list_senders(self) -> list[StoredSender]:
        """Read which sources sign."""
        with translated():
            rows = await self._pool.fetch(statement("app/list_senders"))
        return [
            StoredSender(row["source"], row["created_at"], row["changed_at"], row["previous_until"]) for row in rows
        ]

    async def delete(self, source: str) -> bool:
        """Take a source's signatures no more, elsewhere within ten seconds; False if there is no such source."""
        with translated():
            row = await self._pool.fetchrow(statement("app/delete_sender"), source)
        self._remembered.pop(source, None)
        return row is not None

    async def identify(self, source: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Service | None:
        """Give the sender of a message; None if the source is not known, or did not sign it, or not now."""
        if not is_source(source):
            return None
        id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        secrets = await self._secrets(source)
        signatures = headers.get(SIGNATURE, "")
        if not is_signed(id_, timestamp, signatures, body, secrets, now_seconds=now.timestamp()):
            return None
        return Service(f"source:{source}", frozenset({Scope.EVENTS_WRITE}), source)

    async def _secrets(self, source: str) -> list[str]:
        until, secrets = self._remembered.get(source, (0.0, []))
        asked_at = self._monotonic()
        if asked_at < until:
            return secrets
        with translated():
            row = await self._pool.fetchrow(statement("app/find_sender"), source)
        if row is None:
            self._remembered.pop(source, None)
            return []
        sealed = (row["secret_sealed"], row["previous_sealed"])
        secrets = [self._keyring.open_sender_secret(each, source) for each in sealed if each is not None]
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[source] = (asked_at + REMEMBERED_SECONDS, secrets)
        return secrets


def is_source(text: str) -> bool:
    """Tell whether an upstream may be called this."""
    try:
        return msgspec.convert(text, Identifier) != "lockstep"
    except msgspec.ValidationError:
        return False
