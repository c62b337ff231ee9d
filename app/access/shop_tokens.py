"""Knows the shop's public keys, fetched from its URL: kept in memory, asked for anew now and then.

Rules:
    A set is asked for anew ten minutes after it came, while requests go on with the old one; it serves for a day while
    the URL is away. A key id that is not in the set asks for it at once, but no sooner than thirty seconds after it was
    asked for last, whoever sends such ids and however many. Of an answer, 64 KiB are read, and no redirect is followed.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import aiohttp
import structlog

from app.access.caller import Customer
from app.access.errors import KeySetError, KeysUnavailableError, TicketError
from app.access.key_set import KeySet, read_key_set
from app.access.shop_token import header_of, read_shop_token
from app.access.shop_token_rules import ShopTokenRules
from app.webhooks.address import fault_of_url
from app.webhooks.guarded import guarded_session

log = structlog.get_logger()

FRESH_SECONDS: Final = 600.0
STALE_SECONDS: Final = 86_400.0
ASKED_SECONDS: Final = 30.0
TIMEOUT_SECONDS: Final = 5.0
MOST_BYTES: Final = 65_536
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Lockstep"}


class ShopTokens:
    """Reads the shop's tokens; to be closed.

    Args:
        rules: Whose tokens are taken.
        monotonic: Seconds that never go back.
    """

    def __init__(self, rules: ShopTokenRules, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._monotonic = monotonic
        self._session = guarded_session(rules.addresses, TIMEOUT_SECONDS)
        self._keys: KeySet | None = None
        self._came_at = self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Give up what is under way, and close every connection."""
        if self._asking is not None:
            self._asking.cancel()
        await self._session.close()

    async def read(self, text: str, *, now: datetime) -> Customer:
        """Read a token.

        Raises:
            TicketError: It is not the shop's, not for us, out of its time, or names no customer.
            KeysUnavailableError: Its key is not known, and the URL does not answer.
        """
        header = header_of(text)
        if header is None or header.algorithm not in self._rules.algorithms:
            raise TicketError("The token is none that is taken here.")
        keys = await self._known()
        key = keys.find(header.key_id, header.algorithm)
        if key is None:
            await self._ask()
            key = (self._keys or keys).find(header.key_id, header.algorithm)
        if key is None and self._came_at < self._asked_at:
            raise KeysUnavailableError("The shop's keys cannot be asked for now.")
        if key is None:
            raise TicketError("The token's key is not one of the shop's.")
        return read_shop_token(text, key, self._rules, now=now)

    async def _known(self) -> KeySet:
        """Give the keys, from memory unless there are none that would do."""
        age = self._monotonic() - self._came_at
        if self._keys is None or age >= STALE_SECONDS:
            await self._ask()
            if self._keys is None or self._monotonic() - self._came_at >= STALE_SECONDS:
                raise KeysUnavailableError("The shop's keys cannot be asked for now.")
        elif age >= FRESH_SECONDS:
            self._begin()
        return self._keys

    async def _ask(self) -> None:
        """Have the set asked for, unless that was just done, and wait for what comes."""
        self._begin()
        if self._asking is not None:
            # whoever gives up waiting does not keep the others from the answer
            await asyncio.shield(self._asking)

    def _begin(self) -> None:
        if self._asking is None and self._monotonic() - self._asked_at >= ASKED_SECONDS:
            self._asked_at = self._monotonic()
            self._asking = asyncio.get_running_loop().create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            keys = await self._answer()
        except (KeySetError, aiohttp.ClientError, OSError, TimeoutError) as error:
            # the words of other errors may quote the URL
            reason = str(error) if isinstance(error, KeySetError) else type(error).__name__
            log.warning("shop_keys_not_fetched", reason=reason)
        else:
            self._keys, self._came_at = keys, self._monotonic()
        finally:
            self._asking = None

    async def _answer(self) -> KeySet:
        if (fault := fault_of_url(self._rules.url, self._rules.addresses)) is not None:
            raise KeySetError(f"The URL {fault}.")
        async with self._session.get(self._rules.url, headers=_HEADERS, allow_redirects=False) as answer:
            if answer.status != 200:
                raise KeySetError(f"The answer was {answer.status}.")
            body = b""
            async for piece in answer.content.iter_chunked(MOST_BYTES):
                body += piece
                if len(body) > MOST_BYTES:
                    raise KeySetError(f"The answer has more than {MOST_BYTES} bytes.")
        return read_key_set(body, self._rules.algorithms)
