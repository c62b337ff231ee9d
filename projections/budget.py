"""The budget of starts of a phone: iOS drops what goes beyond, and APNs answers 200 all the same.

Source:
    Apple Developer Forums 799505: about ten starts in a short time. Apple names no pace for the refill; users report
    about an hour. Both are settings.
"""

from datetime import datetime, timedelta

import msgspec


class BudgetRules(msgspec.Struct, frozen=True, kw_only=True):
    """How many starts a phone takes.

    Attributes:
        most: Starts that a phone takes in a short time.
        refill: Seconds in which a phone can take one start more.
    """

    most: float = 10.0
    refill: float = 360.0


class StartBudget(msgspec.Struct, frozen=True):
    """What was left of a phone's budget at some time.

    Attributes:
        credit: Starts; None for all.
    """

    credit: float | None = None
    at: datetime | None = None

    def left(self, now: datetime, rules: BudgetRules) -> float:
        """Tell how many starts are left now; a clock that went back takes nothing away."""
        if self.credit is None or self.at is None:
            return rules.most
        return min(rules.most, self.credit + max(0.0, (now - self.at).total_seconds()) / rules.refill)

    def waits_until(self, now: datetime, rules: BudgetRules) -> datetime | None:
        """Tell when the next start can be taken; None when that is now."""
        left = self.left(now, rules)
        return None if left >= 1 else now + timedelta(seconds=(1 - left) * rules.refill)
