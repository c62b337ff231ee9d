"""What an attempt means for its delivery and its webhook: pure.

Rules:
    2xx takes it; everything else, a redirect too, is a failure. 410 says that nobody listens there any more. After a
    failure the webhook is tried with one delivery at a time, further and further apart, until one is taken.
"""

from typing import Final

import msgspec

RETRIES: Final = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds from one attempt to the next, as Standard Webhooks has them: ten attempts in three days."""
LONGEST_ASKED: Final = 3_600.0
"""A receiver that asks for more by Retry-After waits for so long, in seconds."""


class WebhookRules(msgspec.Struct, frozen=True, kw_only=True):
    """The thresholds of webhooks, in seconds unless the name says otherwise.

    Attributes:
        timeout: How long a receiver may take to answer.
        lease: How long a delivery is one process's; another sends it again after that.
        in_flight: Requests to one webhook at once, a process.
        poll: How often deliveries are looked for without a hint.
        hold: How long a webhook that fails is left alone at the most, between two attempts.
        disable_after: How long a webhook may fail before it is switched off.
        retries: From one attempt to the next.
    """

    timeout: float = 15.0
    lease: float = 60.0
    in_flight: int = 16
    poll: float = 1.0
    hold: float = 60.0
    disable_after: float = 432_000.0
    retries: tuple[float, ...] = RETRIES


class Verdict(msgspec.Struct, frozen=True):
    """What an attempt leaves behind.

    Attributes:
        error: What went wrong, in words; None: it was taken.
        again_seconds: When it is sent again; None for never.
        hold_seconds: How long nothing is sent to the webhook.
        unwanted: Nobody listens there any more.
    """

    error: str | None = None
    again_seconds: float | None = None
    hold_seconds: float = 0.0
    unwanted: bool = False

    @property
    def is_dead(self) -> bool:
        """Tell whether the delivery is given up."""
        return self.error is not None and self.again_seconds is None


def judge_attempt(
    status: int | None,
    error: str | None,
    *,
    attempt: int,
    failures: int,
    retry_after: str | None,
    jitter: float,
    rules: WebhookRules,
) -> Verdict:
    """Decide what an attempt leaves behind.

    Args:
        status: Of the answer; None if none came.
        error: Why none came.
        attempt: 1 for the first of this delivery.
        failures: Of the webhook, in a row, before this one.
        retry_after: The header of that name.
        jitter: 0.0 to 1.0, drawn by the caller.
        rules: The thresholds.
    """
    if status is not None and 200 <= status < 300:
        return Verdict()
    again = rules.retries[attempt - 1] * (1 + jitter / 10) if attempt <= len(rules.retries) else None
    # 2 ** 20 seconds are longer than any hold
    hold = min(rules.hold, 2.0 ** min(failures, 20))
    if retry_after is not None and retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        hold = max(hold, min(float(retry_after), LONGEST_ASKED))
    return Verdict(error or f"The answer was {status}.", again, hold, unwanted=status == 410)
