"""Count what a phone lets through in a while: iOS regains one by one what was used up."""


class Allowance:
    """Hold how many are left; full at first."""

    def __init__(self) -> None:
        self._left: float | None = None
        self._at = 0.0

    def left(self, now: float, *, most: float, refill_seconds: float) -> float:
        """Give how many are left, of at most so many, one of which comes back in so many seconds."""
        if self._left is None:
            return most
        return min(most, self._left + max(0.0, now - self._at) / refill_seconds)

    def take(self, now: float, *, most: float, refill_seconds: float) -> bool:
        """Take one, or say that there is none."""
        left = self.left(now, most=most, refill_seconds=refill_seconds)
        taken = left >= 1
        self._left, self._at = left - taken, now
        return taken
