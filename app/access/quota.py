"""What an API key or a ticket may ask for, and how its answers say so.

Rules (IETF draft-ietf-httpapi-ratelimit-headers-11): `RateLimit-Policy` names a policy with its quota `q` and its
window `w` in seconds; `RateLimit` says of the same policy how much is left, `r`, and for how many seconds no more than
that may be used, `t`. Names are strings, numbers whole. `Retry-After` does not come before `t` is over.
"""

import math
from typing import ClassVar, Final

import msgspec

_BLOCKS: Final = 100
"""A process draws so small a part of the quota at once; what others hold unused is no more than that."""
_TICKET_BLOCKS: Final = 10
"""The same for tickets, of which there are many, each with a small quota."""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """How much a key may ask for: a bucket that is full at first, and gains evenly what a window gives.

    Attributes:
        requests: Requests of one API key in a window, at all processes together.
        window: Seconds of the window.
    """

    requests: int = 600_000
    window: int = 60
    name: ClassVar[str] = "key"

    @property
    def credit(self) -> int:
        """Give the part of the quota that each process grants by itself, without asking Postgres."""
        return 0

    @property
    def shared(self) -> int:
        """Give the requests of a full bucket that all processes draw from."""
        return self.requests - self.credit

    @property
    def a_second(self) -> float:
        """Give the requests that this bucket gains each second."""
        return self.shared / self.window

    @property
    def block(self) -> int:
        """Give the requests that a process draws at once."""
        return max(1, self.requests // _BLOCKS)

    @property
    def policy(self) -> str:
        """Give the value of `RateLimit-Policy`."""
        return f'"{self.name}";q={self.requests};w={self.window}'


class TicketQuota(Quota, frozen=True, kw_only=True):
    """How much an app may ask for with tickets. Most ask for so little that no process asks the others.

    Attributes:
        requests: Requests of one customer, or with one ticket that names none, in a window.
        window: Seconds of the window.
    """

    requests: int = 600
    window: int = 60
    name: ClassVar[str] = "ticket"

    @property
    def credit(self) -> int:
        """Give a tenth: what somebody asks for at several processes may pass the quota by so much for each."""
        return self.requests // _TICKET_BLOCKS

    @property
    def block(self) -> int:
        """Give the requests that a process draws at once."""
        return max(1, self.requests // _TICKET_BLOCKS)


class Allowance(msgspec.Struct, frozen=True):
    """What a caller has at the time of a request, as far as this process knows.

    Attributes:
        left: Requests that are left after it; less than 0 if there was none for it.
        seconds: Until all of the quota is there again; without one for this request, until it is of use to ask again.
        name: Of the policy.
    """

    left: int
    seconds: int
    name: str = "key"

    @property
    def is_granted(self) -> bool:
        """Tell whether the request may go on."""
        return self.left >= 0

    @property
    def limit(self) -> str:
        """Give the value of `RateLimit`."""
        return f'"{self.name}";r={max(0, self.left)};t={self.seconds}'


def allowance(quota: Quota, left: float) -> Allowance:
    """Give the allowance of a request that was granted, with so much left."""
    seconds = math.ceil((quota.requests - left) * quota.window / quota.requests)
    return Allowance(int(left), max(1, seconds), quota.name)


def refusal(quota: Quota, left_over: float) -> Allowance:
    """Give the allowance of a request that was refused.

    Args:
        quota: The caller's.
        left_over: The part of a request that is in the bucket.
    """
    return Allowance(-1, max(1, math.ceil((1 - left_over) / quota.a_second)), quota.name)
