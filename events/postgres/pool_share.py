"""A share of a pool, so that those who use it leave connections for the others, however many they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from events.postgres.pool import Connection, Pool
from events.postgres.pool_rules import USUAL


class PoolShare(Pool):
    """Takes the place of a pool for those who are to have so many of its connections at the most, all of them together.

    They wait for one another in the order in which they came, and as long as they would for a connection.

    Args:
        pool: Whose connections they are; it opens and closes them.
        most: Connections at once, at the most.
        wait_seconds: How long one may wait for the others.
    """

    def __init__(self, pool: Pool, most: int, *, wait_seconds: float = USUAL.wait) -> None:
        # what a pool does for its callers it does by `acquire`; connections of its own this one has none
        self._pool = pool
        self._places = asyncio.Semaphore(most)
        self._wait_seconds = wait_seconds

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Give a connection to enter; where the share is in use, a TimeoutError after the time to wait."""
        return self._lent(timeout)

    @asynccontextmanager
    async def _lent(self, timeout: float | None) -> AsyncIterator[Connection]:
        if self._places.locked():
            async with asyncio.timeout(self._wait_seconds if timeout is None else timeout):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            lent: AbstractAsyncContextManager[Connection] = self._pool.acquire(timeout=timeout)
            async with lent as connection:
                yield connection
        finally:
            self._places.release()
