"""Whom an activity is for, as a value, and the pace at which they get their cards."""

import msgspec


class Who(msgspec.Struct, frozen=True):
    """Whom something is for: customers, those whom a segment takes, or, if it has neither, everybody."""

    customers: tuple[str, ...] | None = None
    segment: str | None = None

    @property
    def is_everybody(self) -> bool:
        """Tell whether it is for all phones, whoever is signed in on them."""
        return self.customers is None and self.segment is None


class AudienceRules(msgspec.Struct, frozen=True, kw_only=True):
    """The pace of bulk starts.

    Attributes:
        rate: Cards a second that are made for audiences, for all of them together.
        ahead: Seconds for which cards are made before those from before were sent.
    """

    rate: float = 500.0
    ahead: float = 4.0
