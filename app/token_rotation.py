"""Seals push tokens and secrets of webhooks with a new key, while everything goes on.

Rules:
    The new key opens from the moment it is there, and seals a minute later, when every process knows of it. Then what
    older keys have sealed is sealed anew, in batches, each value only if it is still as it was read. It may be stopped
    at any time: what begins with the new key's mark is done. Older keys stay until somebody retires them, an hour after
    the new one came at the earliest, and only if nothing is sealed by them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from events.errors import LockstepError, SecretKeyError
from events.keyring import add_keys, id_of, name_of
from events.keyring_keeper import KeyringKeeper
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import FIRST_KEY, Keyring, prefix_of
from events.secret_keys import SecretKeys
from events.slot import ALL_SLOTS

BATCH: Final = 500
RETIRED_SECONDS: Final = 3_600.0
_NO_CARD: Final = UUID(int=0)


class NotRotatedError(LockstepError):
    """Older keys cannot go yet; the message says what keeps them."""


class Resealed(msgspec.Struct, rename="camel"):
    """What was sealed anew.

    Attributes:
        secrets: Of webhooks, and of sources that sign.
        unreadable: What no key opens; it is of no use to anybody, and stays as it is.
    """

    phones: int = 0
    cards: int = 0
    secrets: int = 0
    unreadable: int = 0

    @property
    def total(self) -> int:
        """Count what was sealed anew."""
        return self.phones + self.cards + self.secrets


class TokenRotation:
    """Takes one key's work over to the next.

    Args:
        pool: Connections.
        secrets: Wrap the keys.
        keyring: Opened with it.
        batch: Values that are sealed at once.
    """

    def __init__(self, pool: Pool, secrets: SecretKeys, keyring: Keyring, *, batch: int = BATCH) -> None:
        self._pool = pool
        self._secret_keys = secrets
        self._keyring = keyring
        self._keeper = KeyringKeeper(pool, secrets, keyring)
        self._batch = batch

    async def look(self) -> tuple[int, bool]:
        """Give the newest key's number, and whether every process knows of it, so that it seals."""
        await self._keeper.look()
        newest = max(self._keyring.tokens.keys)
        return newest, newest == self._keyring.tokens.current

    async def add(self) -> int:
        """Make a new key and give its number."""
        newest, _ = await self.look()
        await add_keys(self._pool, self._secret_keys, [name_of(newest + 1)])
        return newest + 1

    async def reseal(self, tell: Callable[[int], None] = lambda _: None) -> Resealed:
        """Seal anew what older keys have sealed.

        Args:
            tell: Told after each batch how many values that were.
        """
        done = Resealed()
        with translated():
            for slot in ALL_SLOTS:
                await self._cards(slot, done, tell)
            await self._phones(done, tell)
            ring = self._keyring
            await self._secrets(
                statement("app/find_webhook_secrets_to_reseal"),
                statement("app/reseal_webhook_secrets"),
                (ring.open_webhook_secret, ring.seal_webhook_secret),
                done,
            )
            await self._secrets(
                statement("app/find_sender_secrets_to_reseal"),
                statement("app/reseal_sender_secrets"),
                (ring.open_sender_secret, ring.seal_sender_secret),
                done,
            )
        return done

    async def retire(self) -> list[int]:
        """Delete the older keys, and give their numbers.

        Raises:
            NotRotatedError: They are of use still.
        """
        newest, known = await self.look()
        if newest == FIRST_KEY or not known:
            raise NotRotatedError("There is no key that has taken over. Run: lockstep secret rotate")
        if (await self.reseal()).total:
            raise NotRotatedError(
                "Something was still sealed by an older key; it is not any more. Try again in an hour."
            )
        older = [name_of(each) for each in self._keyring.tokens.keys if each != newest]
        with translated():
            rows = await self._pool.fetch(
                statement("events/delete_token_keys"), older, name_of(newest), RETIRED_SECONDS
            )
        if older and not rows:
            raise NotRotatedError(f"The new key is not an hour old: a process may not have taken it up. Key {newest}.")
        await self.look()
        return sorted(id_of(row["name"]) for row in rows)

    async def _cards(self, slot: int, done: Resealed, tell: Callable[[int], None]) -> None:
        place: tuple[Any, ...] = ("", _NO_CARD)
        while rows := await self._found(statement("app/find_card_tokens_to_reseal"), slot, place=place):
            place = (rows[-1]["subject_id"], rows[-1]["card_id"])
            anew = self._anew(rows, done)
            changed = await fetch_through_deadlocks(
                self._pool,
                "app/reseal_card_tokens",
                slot,
                [row["subject_id"] for row, _ in anew],
                [row["card_id"] for row, _ in anew],
                [row["token_sealed"] for row, _ in anew],
                [sealed for _, sealed in anew],
            )
            done.cards += len(changed)
            tell(len(rows))

    async def _phones(self, done: Resealed, tell: Callable[[int], None]) -> None:
        place: tuple[Any, ...] = ("", "", b"")
        while rows := await self._found(statement("app/find_push_tokens_to_reseal"), place=place):
            place = (rows[-1]["app"], rows[-1]["environment"], rows[-1]["token_hash"])
            anew = self._anew(rows, done)
            changed = await fetch_through_deadlocks(
                self._pool,
                "app/reseal_push_tokens",
                [row["app"] for row, _ in anew],
                [row["environment"] for row, _ in anew],
                [row["token_hash"] for row, _ in anew],
                [row["token_sealed"] for row, _ in anew],
                [sealed for _, sealed in anew],
            )
            done.phones += len(changed)
            tell(len(rows))

    async def _found(self, sql: str, *slot: int, place: tuple[Any, ...]) -> Sequence[asyncpg.Record]:
        """Find what has not been sealed by the newest key; somebody may have made another while we were at it."""
        await self._keeper.look()
        return await self._pool.fetch(sql, *slot, self._prefix, *place, self._batch)

    async def _secrets(
        self,
        find: str,
        reseal: str,
        ways: tuple[Callable[[bytes, str], str], Callable[[str, str], bytes]],
        done: Resealed,
    ) -> None:
        open_, seal_ = ways
        await self._keeper.look()
        for row in await self._pool.fetch(find):
            name, kept = row["name"], (row["secret_sealed"], row["previous_sealed"])
            if all(each is None or each.startswith(self._prefix) for each in kept):
                continue
            try:
                anew = [None if each is None else seal_(open_(each, name), name) for each in kept]
            except SecretKeyError:
                done.unreadable += 1
                continue
            changed = await self._pool.fetch(reseal, name, *kept, *anew)
            done.secrets += len(changed)

    def _anew(self, rows: Sequence[asyncpg.Record], done: Resealed) -> list[tuple[asyncpg.Record, bytes]]:
        """Seal tokens anew; what cannot be opened is counted and left."""
        anew = []
        for row in rows:
            try:
                anew.append((row, self._keyring.seal_token(self._keyring.open_token(row["token_sealed"]))))
            except SecretKeyError:
                done.unreadable += 1
        return anew

    @property
    def _prefix(self) -> bytes:
        return prefix_of(self._keyring.tokens.current)
