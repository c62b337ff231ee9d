"""Counts the requests of API keys and of tickets, over all processes, without a write a request.

The bucket of a key stands in Postgres. A process draws blocks of it and counts these down in memory; it draws the next
one beside the requests when half of a block is left. So all processes together grant no more than the quota, save a
block that each may have kept from before. Of tickets there are too many for that: a process grants each a small part of
its quota by itself, and draws only for who asks for more.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from app.access.quota import Allowance, Quota, allowance, refusal
from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement

log = structlog.get_logger()

DRY_SECONDS: Final = 0.1
"""An empty bucket is asked again after so long, so that a flood that is refused does not reach Postgres."""
MOST_REMEMBERED: Final = 100_000
"""Callers whose counts are kept, those who asked last."""


class _Block:
    """What a process holds of a caller's quota.

    Attributes:
        credit: Requests that it grants by itself, as they were at the time of `credited_at`, by the monotonic clock.
        left: Requests of it that nobody has asked for yet.
        left_over: What was in the bucket when it was drawn.
        drawn_at: When that was, by the same clock.
        dry_until: By the monotonic clock; the bucket held less than was wanted, and is not asked before.
        waiting: Requests that wait for the next block.
        drawing: The draw that is under way.
    """

    __slots__ = ("credit", "credited_at", "drawing", "drawn_at", "dry_until", "left", "left_over", "waiting")

    def __init__(self, quota: Quota) -> None:
        self.credit = float(quota.credit)
        self.credited_at = float("-inf")
        self.left = 0
        self.left_over = float(quota.shared)
        self.drawn_at = float("-inf")
        self.dry_until = float("-inf")
        self.waiting = 0
        self.drawing: asyncio.Task[None] | None = None


class QuotaKeeper:
    """The quotas of every key, or of every ticket, as one process knows them.

    While Postgres is away nothing is counted: a request that cannot be served anyway is not refused by this.

    Args:
        pool: Connections.
        quota: Of each.
        monotonic: Seconds that never go back.
    """

    def __init__(self, pool: Pool, quota: Quota, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._monotonic = monotonic
        self._blocks: OrderedDict[str, _Block] = OrderedDict()
        self.quota = quota
        self.policy = quota.policy

    async def take(self, key_id: str) -> Allowance:
        """Count a request of a key, or of a ticket by its name, and tell whether it may go on."""
        block = self._block(key_id)
        if self._spends_credit(block):
            return allowance(self.quota, self._left(block))
        while block.left < 1:
            if not self._may_ask(block):
                return refusal(self.quota, block.left_over)
            await self._draw_first(key_id, block)
        block.left -= 1
        if block.left and block.left * 2 < self.quota.block and block.drawing is None and self._may_ask(block):
            block.drawing = self._begin(key_id, block)
        return allowance(self.quota, block.left + block.left_over)

    def _block(self, key_id: str) -> _Block:
        block = self._blocks.get(key_id)
        if block is None:
            if len(self._blocks) >= MOST_REMEMBERED:
                self._blocks.popitem(last=False)
            block = self._blocks[key_id] = _Block(self.quota)
        else:
            self._blocks.move_to_end(key_id)
        return block

    def _spends_credit(self, block: _Block) -> bool:
        most = self.quota.credit
        if not most:
            return False
        now = self._monotonic()
        block.credit = min(most, block.credit + (now - block.credited_at) * most / self.quota.window)
        block.credited_at = now
        if block.credit < 1:
            return False
        block.credit -= 1
        return True

    def _left(self, block: _Block) -> float:
        """Give what is left, as far as is known where the bucket has not been asked for a while."""
        gained = (block.credited_at - block.drawn_at) * self.quota.a_second
        in_bucket = min(self.quota.shared, block.left_over + gained)
        return min(self.quota.requests, block.credit + block.left + in_bucket)

    def _may_ask(self, block: _Block) -> bool:
        return self._monotonic() >= block.dry_until

    async def _draw_first(self, key_id: str, block: _Block) -> None:
        block.waiting += 1
        try:
            if block.drawing is None:
                block.drawing = self._begin(key_id, block)
            await asyncio.shield(block.drawing)
        finally:
            block.waiting -= 1

    def _begin(self, key_id: str, block: _Block) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self._draw(key_id, block))

    async def _draw(self, key_id: str, block: _Block) -> None:
        quota = self.quota
        wanted = quota.block - block.left + block.waiting
        try:
            with translated():
                row = await self._pool.fetchrow(
                    statement("app/draw_quota"), key_id, float(quota.shared), quota.a_second, float(wanted)
                )
        except StoreUnavailableError as error:
            log.warning("requests_not_counted", key=key_id, reason=str(error))
            block.left += wanted
            return
        finally:
            block.drawing = None
        if row is None:
            raise AssertionError("a draw gives a row")
        block.left += int(row["granted"])
        block.left_over, block.drawn_at = row["left_over"], self._monotonic()
        if row["granted"] < wanted:
            block.dry_until = self._monotonic() + max(DRY_SECONDS, (1 - block.left_over) / quota.a_second)
