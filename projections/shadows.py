"""Shadows: rows that every claim reads. What they name is planned and recorded, and not sent."""

from datetime import datetime

import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS


class ShadowRow(msgspec.Struct, frozen=True):
    """What is not sent, since when and why.

    Attributes:
        kind: `all`, `app`, `type`, or `share`, whose key is the per cent of customers.
    """

    kind: str
    key: str
    reason: str
    since: datetime


class Shadows:
    """Sets, lifts and lists shadows. Every method raises StoreUnavailableError without Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def cast(self, kind: str, key: str, *, reason: str) -> None:
        """Send nothing of what this names; a second shadow of the same kind and key replaces the first."""
        with translated():
            await self._pool.execute(statement("projections/set_shadow"), kind, key, reason)

    async def lift(self, kind: str, key: str) -> bool:
        """Send again, what holds now and not what was recorded; False when there was no such shadow.

        Cards are put in debt in either case: who lifted it may have gone before that.
        """
        with translated():
            lifted = await self._pool.fetchval(statement("projections/lift_shadow"), kind, key) is not None
            # in a statement that begins after the commit: who claims from now on sends
            await fetch_through_deadlocks(self._pool, "projections/wake_shadowed_cards", ALL_SLOTS)
        return lifted

    async def list(self) -> list[ShadowRow]:
        """List the shadows."""
        with translated():
            rows = await self._pool.fetch(statement("projections/read_shadows"))
        return [ShadowRow(row["kind"], row["key"], row["reason"], row["since"]) for row in rows]
