"""Pauses: rows that every claim reads, so that all processes stop at once and a restart forgets nothing."""

from datetime import datetime

from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from projections.pause import PauseRow


class Pauses:
    """Sets, lifts and lists pauses. Every method raises StoreUnavailableError while Postgres is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def pause(self, kind: str, key: str, *, reason: str, until: datetime | None = None) -> None:
        """Stop claiming what this names; a second pause of the same kind and key replaces the first."""
        with translated():
            await self._pool.execute(statement("projections/set_pause"), kind, key, reason, until)

    async def resume(self, kind: str, key: str) -> bool:
        """Lift a pause; False when there was none."""
        with translated():
            return await self._pool.fetchval(statement("projections/lift_pause"), kind, key) is not None

    async def list(self) -> list[PauseRow]:
        """List the pauses that hold now."""
        with translated():
            rows = await self._pool.fetch(statement("projections/read_pauses"))
        return [PauseRow(row["kind"], row["key"], row["reason"], row["paused_at"], row["until"]) for row in rows]
