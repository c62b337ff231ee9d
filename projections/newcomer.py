"""Cards and channels that came while others wrote what they should know.

Rules:
    Who writes what cards show puts those in debt that its statement sees. A card that commits after that statement
    began is not among them, and may be claimed and planned before what was written commits: neither knows of the other.
    Whatever began before a card came is over within a minute, for Postgres ends a statement after thirty seconds and a
    transaction that is silent after ten. So a new card whose plan can tell that something is under way is looked at
    again after a second, and after twice as long each time. That is the claim's own affair: who writes pays nothing.
"""

from typing import Final

LOOKS: Final = 6
"""How many claims a card or a channel is new for: the last of them waits for 32 seconds, all of them for 63."""


def again_seconds(lease: int) -> float | None:
    """Say how soon one is looked at again that may have been missed; None: it has been there for long enough.

    Args:
        lease: The number of the claim, 1 for the first.
    """
    return 2.0 ** (lease - 1) if lease <= LOOKS else None
