"""Keeps what time brings: tomorrow's partition of the receipts."""

import asyncio

import structlog

from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement

log = structlog.get_logger()

PERIOD_SECONDS = 3_600.0
AWAY_SECONDS = 5.0


async def make_receipt_days(pool: Pool) -> None:
    """Make the partitions of today and the two days to come."""
    with translated():
        await pool.execute(statement("projections/make_receipt_days"))


async def keep_house(pool: Pool, stop: asyncio.Event) -> None:
    """Keep house until told to stop."""
    while not stop.is_set():
        wait_seconds = PERIOD_SECONDS
        try:
            await make_receipt_days(pool)
        except StoreUnavailableError:
            wait_seconds = AWAY_SECONDS
        try:
            async with asyncio.timeout(wait_seconds):
                await stop.wait()
        except TimeoutError:
            continue
