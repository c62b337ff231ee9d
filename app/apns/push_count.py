"""Counts what became of pushes, by the words of our own tables alone."""

from app.apns.reasons import reason_of
from app.apns.verdict import Outcome, Verdict
from app.metrics.counters import count_push


def count_judged(environment: str, kind: str, verdict: Verdict, *, word: str, seconds: float | None = None) -> None:
    """Count a push that was judged.

    Args:
        environment: Where it went.
        kind: What it does to its card.
        verdict: What became of it.
        word: As `said` gives it; it says nothing of a push that was accepted.
        seconds: From its sending to the answer; None where there was none.
    """
    reason = None if verdict.outcome is Outcome.ACCEPTED else reason_of(word)
    count_push(environment, kind, verdict.outcome, reason, seconds)
