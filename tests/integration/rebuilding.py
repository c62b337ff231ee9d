"""A rebuild from end to end, and what the tables say of generations."""

from dataclasses import dataclass

from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.owed import Owed
from projections.rebuild_changes import owe_changes
from projections.rebuild_ledger import (
    SlotState,
    begin_rebuild,
    begin_rollback,
    choose_pushing,
    drop_generations,
    slot_states,
)
from projections.rebuilder import Rebuilt, build, move_all


@dataclass
class Rebuilding:
    """What the command does, step by step."""

    pool: Pool
    keyring: Keyring

    async def begin(self) -> list[SlotState]:
        """Begin, or take up what is unfinished."""
        return await begin_rebuild(self.pool)

    async def build(self) -> Rebuilt:
        """Build every slot."""
        return await build(self.pool, self.keyring)

    async def move(self, slots: list[SlotState]) -> Rebuilt:
        """Move the slots that have a way before them."""
        return await move_all(self.pool, self.keyring, slots)

    async def owe(self) -> Owed:
        """Put changed cards in debt, where that was chosen."""
        owed = Owed()
        for slot in await slot_states(self.pool):
            owed += await owe_changes(self.pool, self.keyring, slot)
        return owed

    async def run(self, *, push_changes: bool = False) -> Rebuilt:
        """Rebuild everything."""
        slots = await self.begin()
        done = await self.build()
        await choose_pushing(self.pool, push_changes=push_changes)
        done += await self.move(slots)
        await self.owe()
        await drop_generations(self.pool)
        return done

    async def roll_back(self) -> Rebuilt:
        """Go back to the generation before."""
        done = await self.move(await begin_rollback(self.pool))
        await drop_generations(self.pool)
        return done

    async def live(self) -> set[int]:
        """Give the live generations of the slots."""
        return {each.generation for each in await slot_states(self.pool)}

    async def versions(self) -> dict[str, int]:
        """Give the version of each live view."""
        rows = await self.pool.fetch(
            "SELECT v.subject_id, v.version FROM views AS v JOIN slots AS s USING (slot, generation)"
        )
        return {row["subject_id"]: row["version"] for row in rows}

    async def stored(self) -> dict[int, int]:
        """Give the number of views of each generation."""
        rows = await self.pool.fetch("SELECT generation, count(*) FROM views GROUP BY generation")
        return {row["generation"]: row["count"] for row in rows}
