"""Stops the use of phones' push tokens: a person asks for it, or the phones are gone."""

from collections.abc import Sequence

import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS


class Retired(msgspec.Struct, frozen=True):
    """What was retired.

    Attributes:
        tokens: How many of the phones: for starts, and for ordinary notifications.
        cards: How many cards had an update token.
    """

    tokens: int
    cards: int


async def retire_tokens(pool: Pool, device_ids: Sequence[str]) -> Retired:
    """Send nothing more to the tokens of phones; each serves again when its app reports another value.

    Raises:
        StoreUnavailableError: Postgres is away; tokens may have been retired.
    """
    with translated():
        tokens = await pool.fetch(statement("app/retire_tokens"), device_ids)
        updates = await fetch_through_deadlocks(pool, "app/retire_update_tokens", ALL_SLOTS, device_ids)
    return Retired(len(tokens), len(updates))


async def retire_app(pool: Pool, app: str) -> Retired:
    """Send nothing more to the tokens of every phone that an app runs on.

    Args:
        pool: Connections.
        app: The bundle id.
    """
    with translated():
        found = await pool.fetch(statement("app/list_phones_of_app"), app)
    return await retire_tokens(pool, [each["device_id"] for each in found])
