"""What an API key may ask for, and how its answers say so.

Rules (IETF draft-ietf-httpapi-ratelimit-headers-11): `RateLimit-Policy` names a policy with its quota `q` and its
window `w` in seconds; `RateLimit` says of the same policy how much is left, `r`, and for how many seconds no more than
that may be used, `t`. Names are strings, numbers whole. `Retry-After` does not come before `t` is over.
"""

import math
from typing import Final

import msgspec

_BLOCKS: Final = 100
"""A process draws so small a part of the quota at once; what others hold unused is no more than that."""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """How much a key may ask for: a bucket that is full at first, and gains evenly what a window gives.

    Attributes:
        requests: Requests of one API key in a window, at all processes together.
        window: Seconds of the window.
    """

    requests: int = 600_000
    window: int = 60

    @property
    def a_second(self) -> float:
        """Give the requests that the bucket gains each second."""
        return self.requests / self.window

    @property
    def block(self) -> int:
        """Give the requests that a process draws at once."""
        return max(1, self.requests // _BLOCKS)

    @property
    def policy(self) -> str:
        """Give the value of `RateLimit-Policy`."""
        return f'"key";q={self.requests};w={self.window}'


class Allowance(msgspec.Struct, frozen=True):
    """What a key has at the time of a request, as far as this process knows.

    Attributes:
        left: Requests that are left after it; less than 0 if there was none for it.
        seconds: Until all of the quota is there again; without one for this request, until it is of use to ask again.
    """

    left: int
    seconds: int

    @property
    def is_granted(self) -> bool:
        """Tell whether the request may go on."""
        return self.left >= 0

    @property
    def limit(self) -> str:
        """Give the value of `RateLimit`."""
        return f'"key";r={max(0, self.left)};t={self.seconds}'


def allowance(quota: Quota, left: float) -> Allowance:
    """Give the allowance of a request that was granted, with so much left."""
    return Allowance(int(left), max(1, math.ceil((quota.requests - left) / quota.a_second)))


def refusal(quota: Quota, left_over: float) -> Allowance:
    """Give the allowance of a request that was refused.

    Args:
        quota: The key's.
        left_over: The part of a request that is in the bucket.
    """
    return Allowance(-1, max(1, math.ceil((1 - left_over) / quota.a_second)))
