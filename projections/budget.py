"""The budgets of a phone: what goes beyond, iOS drops or delays, and APNs answers 200 all the same.

Source:
    Starts: Apple Developer Forums 799505: about ten in a short time. Apple names no pace for the refill; users report
    about an hour. Urgent pushes: Apple, "Starting and updating Live Activities with ActivityKit push notifications":
    priority 10 counts against a budget an hour, priority 5 does not, and frequent updates raise it. Apple names no
    number; others report about fifteen an hour without frequent updates. All are settings.
"""

from datetime import datetime, timedelta

import msgspec

HOUR_SECONDS = 3_600.0


class BudgetRules(msgspec.Struct, frozen=True, kw_only=True):
    """How many starts a phone takes.

    Attributes:
        most: Starts that a phone takes in a short time.
        refill: Seconds in which a phone can take one start more.
    """

    most: float = 10.0
    refill: float = 360.0


class UrgentRules(msgspec.Struct, frozen=True, kw_only=True):
    """How many pushes of priority 10 a phone takes for the cards of an app, starts aside.

    Attributes:
        most: Pushes of priority 10 that a phone takes at once, starts aside.
        an_hour: How many more of them a phone can take with each hour.
        most_seldom: The same at once, where the customer has switched frequent updates off.
        an_hour_seldom: The same with each hour, where the customer has switched frequent updates off.
    """

    most: float = 60.0
    an_hour: float = 60.0
    most_seldom: float = 15.0
    an_hour_seldom: float = 15.0


class StartBudget(msgspec.Struct, frozen=True):
    """What was left of a phone's budget at some time.

    Attributes:
        credit: Starts; None for all.
    """

    credit: float | None = None
    at: datetime | None = None

    def left(self, now: datetime, rules: BudgetRules) -> float:
        """Tell how many starts are left now; a clock that went back takes nothing away."""
        return _left(self.credit, self.at, now, most=rules.most, each=rules.refill)

    def waits_until(self, now: datetime, rules: BudgetRules) -> datetime | None:
        """Tell when the next start can be taken; None when that is now."""
        left = self.left(now, rules)
        return None if left >= 1 else now + timedelta(seconds=(1 - left) * rules.refill)


class UrgentBudget(msgspec.Struct, frozen=True):
    """What was left of a phone's urgent pushes at some time.

    Attributes:
        credit: Pushes; None for all, below zero for what was sent beyond.
        frequent: The customer allows frequent updates.
    """

    credit: float | None = None
    at: datetime | None = None
    frequent: bool = True

    def takes_one(self, now: datetime, rules: UrgentRules) -> bool:
        """Tell whether one more push may be urgent."""
        most, an_hour = (rules.most, rules.an_hour) if self.frequent else (rules.most_seldom, rules.an_hour_seldom)
        return _left(self.credit, self.at, now, most=most, each=HOUR_SECONDS / an_hour) >= 1


def _left(credit: float | None, at: datetime | None, now: datetime, *, most: float, each: float) -> float:
    """Tell how many are left, of a bucket that regains one in so many seconds."""
    if credit is None or at is None:
        return most
    return min(most, credit + max(0.0, (now - at).total_seconds()) / each)
