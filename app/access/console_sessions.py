"""Sessions of the console: begun with a ticket that is good once, and then an API key like any other.

Rules:
    A ticket is 32 random bytes, of which a hash is kept; it is good for five minutes, a demo's first one for a day, and
    known for a day more, so that who comes late is told so. Taking it away and adding the key is one statement, so that
    two who have it get one session. The key ends by itself; listing, revoking and the audit are those of all keys.
"""

import secrets
from collections.abc import Collection
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec

from app.access.api_key import ID_LENGTH, Scope, hash_api_key, is_environment, key_id_of, make_api_key
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring

TICKET_SECONDS: Final = 300
SESSION_HOURS: Final = 12
LONGEST_HOURS: Final = 720
ENVIRONMENT: Final = "console"
DEMO: Final = "demo"
"""Of a demo's keys: the page knows by it that it may show what only a demo has."""
USUAL_SCOPES: Final = (Scope.ORDERS_READ, Scope.EVENTS_READ, Scope.METRICS_READ)
"""They read; whoever is to act from the console asks for `admin`."""

_TICKET_BYTES: Final = 32
_TICKET_CHARACTERS: Final = 43
"""Of so many bytes in base64."""


class ConsoleSession(msgspec.Struct, frozen=True):
    """A session that has begun; `key` is shown this once."""

    key: str
    scopes: tuple[str, ...]
    expires_at: datetime


class ConsoleSessions:
    """Hands out tickets, and begins sessions. Every method raises StoreUnavailableError while Postgres is away.

    Args:
        pool: Connections.
        keyring: Its hash key keys the stored hashes.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._secret = keyring.hash

    async def issue(
        self,
        scopes: Collection[Scope] = USUAL_SCOPES,
        *,
        hours: int = SESSION_HOURS,
        ticket_seconds: float = TICKET_SECONDS,
        environment: str = ENVIRONMENT,
    ) -> tuple[str, datetime]:
        """Make a ticket, and tell when it ends.

        Args:
            scopes: What the session may do.
            hours: How long it lasts, 1 to 720.
            ticket_seconds: How long the ticket is good.
            environment: Of the session's key; the ticket says it too, unless it is the usual one.

        Raises:
            ValueError: It would last too long, or may do nothing.
        """
        if not 1 <= hours <= LONGEST_HOURS:
            raise ValueError(f"A session lasts 1 to {LONGEST_HOURS} hours.")
        if not scopes:
            raise ValueError("A session has one scope at the least.")
        ticket = secrets.token_urlsafe(_TICKET_BYTES)
        if environment != ENVIRONMENT:
            ticket = f"{environment}.{ticket}"
        with translated():
            expires_at: datetime = await self._pool.fetchval(
                statement("app/add_console_ticket"),
                self._hash(ticket),
                sorted(scopes),
                hours * 3_600,
                float(ticket_seconds),
            )
        return ticket, expires_at

    async def begin(self, ticket: str) -> ConsoleSession | None:
        """Begin the session of a ticket; None if the ticket is unknown, used or expired."""
        said, _, secret = ticket.rpartition(".")
        environment = said or ENVIRONMENT
        if len(secret) != _TICKET_CHARACTERS or not is_environment(environment):
            return None
        key = make_api_key(environment)
        key_id = key_id_of(key) or ""
        with translated():
            row = await self._pool.fetchrow(
                statement("app/begin_console_session"),
                self._hash(ticket),
                key_id,
                hash_api_key(key, self._secret),
                f"console-{key_id[-ID_LENGTH:]}",
                environment,
            )
        return None if row is None else ConsoleSession(key, tuple(row["scopes"]), row["expires_at"])

    async def is_late(self, ticket: str) -> bool:
        """Tell whether a ticket that begins nothing was not used in time; False: it is not known, or was used."""
        with translated():
            return await self._pool.fetchval(statement("app/find_late_console_ticket"), self._hash(ticket)) is not None

    def _hash(self, ticket: str) -> bytes:
        text = ticket.encode("utf-8", "surrogateescape")
        return blake2b(text, key=self._secret, digest_size=32, person=b"console-ticket").digest()
