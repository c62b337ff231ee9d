"""Rings for the running processes once, without staying to listen."""

import msgspec

from events.postgres.doorbell import CHANNEL, Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool


async def ring(pool: Pool, *, behind: tuple[str, ...] = (), matching: bool = False, settings: bool = False) -> None:
    """Hint that subjects are behind, phones are flagged, or settings have changed; nobody need be there to hear it."""
    hint = Ring("once", behind=list(behind), matching=matching, settings=settings)
    message = msgspec.json.encode(hint).decode()
    with translated():
        await pool.execute("SELECT pg_notify($1, $2)", CHANNEL, message)
