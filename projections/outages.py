"""Outages: what dispatchers say of environments that they cannot connect to, for whoever asks why a card waits."""

from events.postgres.pool import Pool
from events.postgres.statements import statement
from projections.outage import Outage


class Outages:
    """Notes, ends and lists outages; they hold nothing back."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, environment: str, why: str, *, seconds: float) -> None:
        """Say that no connection comes about; it counts for so long, unless it is said again."""
        await self._pool.execute(statement("projections/note_outage"), environment, why, seconds)

    async def end(self, environment: str) -> None:
        """Say that there is a connection again."""
        await self._pool.execute(statement("projections/end_outage"), environment)

    async def list(self) -> list[Outage]:
        """List the outages of now."""
        rows = await self._pool.fetch(statement("projections/read_outages"))
        return [Outage(row["environment"], row["since"], row["why"]) for row in rows]
