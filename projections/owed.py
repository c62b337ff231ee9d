"""Puts cards in debt whose content has changed without news: by a rebuild, or by the manifest of pictures."""

from collections.abc import Collection

import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.pool import Pool


class Owed(msgspec.Struct, frozen=True):
    """What was put in debt.

    Attributes:
        cards: Cards in debt.
        crowds: Subjects with so many cards that the spreader goes on.
        matching: Subjects whose recipients are to be looked for.
    """

    cards: int = 0
    crowds: int = 0
    matching: int = 0

    def __add__(self, other: "Owed") -> "Owed":
        """Give both together."""
        return Owed(self.cards + other.cards, self.crowds + other.crowds, self.matching + other.matching)


async def owe(pool: Pool, slot: int, changed: Collection[str], recipients: Collection[str] = ()) -> Owed:
    """Put cards of subjects in one slot in debt, and have others' recipients looked for.

    Args:
        pool: Connections.
        slot: Of the subjects.
        changed: Those whose content has changed.
        recipients: Those that somebody else should see, or from another time on.
    """
    [row] = await fetch_through_deadlocks(pool, "projections/owe_changes", slot, list(changed), list(recipients))
    return Owed(**dict(row))
