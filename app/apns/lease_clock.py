"""How much of a lease is gone, and what time it is in the database, by the monotonic clock of this process.

A claim tells the database's time at a moment that lies between its being asked for and its answer; on a busy machine
these are seconds apart. So each question is answered from the side on which an error does no harm: a lease began when
it was asked for, and the time that came with it is that of the answer. A time that is written as "now" is then never
ahead of the database, where what is due now would have to wait for it.
"""

import time
from datetime import datetime, timedelta

import msgspec


class LeaseClock(msgspec.Struct, frozen=True):
    """What the monotonic clock said around a claim.

    Attributes:
        asked: Before it was asked for.
        answered: When its answer was there.
    """

    asked: float
    answered: float

    @classmethod
    def since(cls, asked: float) -> "LeaseClock":
        """Note that the answer of a claim is there."""
        return cls(asked, time.monotonic())

    def spent_seconds(self) -> float:
        """Give how much of the lease is gone at the most."""
        return time.monotonic() - self.asked

    def moment(self, claimed_at: datetime) -> datetime:
        """Give the time in the database, which may be later, but is not earlier.

        Args:
            claimed_at: The time that came with the claim.
        """
        return claimed_at + timedelta(seconds=time.monotonic() - self.answered)
