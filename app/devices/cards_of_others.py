"""Lets cards that were taken over from another backend go with their phone, when it is known by another id."""

import asyncio
from collections.abc import Collection

import asyncpg

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import UNIQUE_VIOLATION
from events.postgres.pool import Connection, Pool
from events.slot import ALL_SLOTS


async def move_cards_of_others(
    on: Pool | Connection, before: Collection[str], device_id: str, customer_id: str | None
) -> None:
    """Move the cards of a phone from the ids that it had to the one that it has; it is a transaction of its own.

    The phone is to be known by that id, and to have no start token yet: nothing is started there meanwhile.
    """
    if customer_id is None or not before:
        return
    while True:
        try:
            await fetch_through_deadlocks(
                on, "app/move_cards_of_others", ALL_SLOTS, sorted(before), device_id, customer_id
            )
        except asyncpg.PostgresError as error:
            if error.sqlstate != UNIQUE_VIOLATION:
                raise
            await asyncio.sleep(0)
        else:
            return
