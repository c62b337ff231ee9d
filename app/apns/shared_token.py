"""Shares the provider token of a key between all processes: sealed, in one row of Postgres.

APNs takes one token a key and twenty minutes; whoever sends a second `iat` gets 429 TooManyProviderTokenUpdates.
The row is the truth: it is replaced by compare-and-set, and whoever loses takes the winner's. Google's access tokens
are shared in the same way: there each is asked for over the network.
"""

import asyncio
from datetime import UTC, datetime
from typing import Protocol

import structlog

from app.apns.errors import NotSent
from app.apns.held_token import Invalidation, IssuedToken
from events.errors import SecretKeyError, StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring

log = structlog.get_logger()

LONGEST_WAIT_SECONDS = 5.0
ASK_AGAIN_SECONDS = 5.0


class Issuer(Protocol):
    """Gives new tokens of one key, and knows the current one and how long it is good; see `ProviderToken`."""

    @property
    def team_id(self) -> str:
        """Name whose key it is: Apple's team, or Google's project."""

    @property
    def key_id(self) -> str:
        """Name the key."""

    @property
    def key_fingerprint(self) -> str:
        """Name the key by its public half."""

    @property
    def current(self) -> IssuedToken | None:
        """Give the token that was adopted last."""

    async def issue(self, now: float) -> IssuedToken:
        """Give another token.

        Raises:
            NotSent: There is none to be had.
        """

    def adopt(self, issued: IssuedToken) -> None:
        """Make a token the current one."""

    def due(self, now: float) -> bool:
        """Tell whether another token is wanted."""

    def allowed(self, now: float) -> bool:
        """Tell whether the current token would still be taken."""

    def invalidate(self, token: str, now: float) -> Invalidation:
        """Note that a token was refused."""


class SharedProviderToken:
    """Gives the token that authorises a push.

    Args:
        pool: Connections.
        keyring: Seals the token.
        own: Gives new ones; nobody else may use it.
    """

    def __init__(self, pool: Pool, keyring: Keyring, own: Issuer) -> None:
        self._pool = pool
        self._keyring = keyring
        self._own = own
        self._renewing = asyncio.Lock()
        self._not_before = 0.0

    @property
    def credential(self) -> str:
        """Name the team and the key: what one connection serves."""
        return f"{self._own.team_id}/{self._own.key_id}"

    @property
    def team_id(self) -> str:
        """Name whose key it is: Apple's team, or Google's project."""
        return self._own.team_id

    @property
    def key_id(self) -> str:
        """Name the key."""
        return self._own.key_id

    @property
    def issued_at(self) -> int | None:
        """Tell when the current token was given, in Unix seconds; None before there is one."""
        return None if self._own.current is None else self._own.current.issued_at

    async def bearer(self, now: float) -> str:
        """Give the current token; while it is not due nothing is awaited.

        Args:
            now: Unix seconds, from the clock that all processes share.

        Raises:
            StoreUnavailableError: Postgres is away, and APNs would not take the token we have.
            NotSent: Google gives none.
        """
        if self._wanted(now):
            async with self._renewing:
                # whoever waited finds it done
                if self._wanted(now):
                    await self._renew(now)
        if self._own.current is None:
            raise AssertionError("a renewal that did not raise leaves a token")
        return self._own.current.value

    def invalidate(self, token: str, now: float) -> Invalidation:
        """Note that APNs called a token expired; the next `bearer` takes another, from the row or for the row.

        Args:
            token: The one that was sent.
            now: Unix seconds.
        """
        return self._own.invalidate(token, now)

    def _wanted(self, now: float) -> bool:
        if not self._own.due(now):
            return False
        waits = 0 < self._not_before - now <= ASK_AGAIN_SECONDS
        return not (waits and self._own.allowed(now))

    async def _renew(self, now: float) -> None:
        try:
            with translated():
                async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                    await self._agree(now)
        except StoreUnavailableError:
            if not self._own.allowed(now):
                raise
            self._not_before = now + ASK_AGAIN_SECONDS
            log.warning("provider_token_not_renewed")
        except NotSent:
            if not self._own.allowed(now):
                raise
            self._not_before = now + ASK_AGAIN_SECONDS

    async def _agree(self, now: float) -> None:
        """Take the row's token, or put one there that all will take."""
        while True:
            replaced = await self._adopt_shared()
            if self._own.current is not None and not self._own.due(now):
                return
            made = await self._own.issue(now)
            if await self._replace(made, replaced):
                self._own.adopt(made)
                log.info("provider_token_signed", key_id=self._own.key_id)
                return

    async def _adopt_shared(self) -> datetime | None:
        """Take the row's token; give when it was signed, None where there is no row."""
        row = await self._pool.fetchrow(statement("app/read_provider_token"), self._own.team_id, self._own.key_id)
        if row is None:
            return None
        issued_at: datetime = row["issued_at"]
        try:
            value = self._keyring.tokens.unseal(row["sealed"], context=self._context(issued_at)).decode()
        except SecretKeyError:
            log.error("provider_token_cannot_be_opened", key_id=self._own.key_id)  # noqa: TRY400 - it is replaced
        else:
            self._own.adopt(IssuedToken(value, int(issued_at.timestamp())))
        return issued_at

    async def _replace(self, made: IssuedToken, replaced: datetime | None) -> bool:
        issued_at = datetime.fromtimestamp(made.issued_at, UTC)
        sealed = self._keyring.tokens.seal(made.value.encode(), context=self._context(issued_at))
        won: datetime | None = await self._pool.fetchval(
            statement("app/replace_provider_token"), self._own.team_id, self._own.key_id, sealed, issued_at, replaced
        )
        return won is not None

    def _context(self, issued_at: datetime) -> bytes:
        # a token that another private key signed under the same id cannot be opened, and is replaced
        names = ("provider-token", self._own.team_id, self._own.key_id, self._own.key_fingerprint)
        return "\n".join((*names, str(int(issued_at.timestamp())))).encode()
