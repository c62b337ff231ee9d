"""Rings for the running processes once, without staying to listen."""

import msgspec

from events.postgres.doorbell import CHANNEL, Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool


async def ring(pool: Pool, *, behind: tuple[str, ...] = (), settings: bool = False) -> None:
    """Hint that subjects are behind, or that settings have changed; nobody need be there to hear it."""
    message = msgspec.json.encode(Ring("command-line", behind=list(behind), settings=settings)).decode()
    with translated():
        await pool.execute("SELECT pg_notify($1, $2)", CHANNEL, message)
