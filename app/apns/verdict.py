"""What to do after an outcome, as a value, and the thresholds behind it."""

from enum import StrEnum

import msgspec

from app.apns.rules import Pause


class Outcome(StrEnum):
    """Name what became of a push."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class TokenAction(StrEnum):
    """Name what to do with the device token.

    Attributes:
        RECHECK: note the refusal; a second one for the same registration retires it.
        SUSPECT: as RECHECK, and nothing is sent to it before there is news.
    """

    KEEP = "keep"
    RETIRE = "retire"
    SUSPECT = "suspect"
    RECHECK = "recheck"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do after an outcome.

    Attributes:
        retry_after_seconds: when to look at the card again; `None` when nothing is to be tried.
        other_environment: the next try goes to the other APNs, which is remembered if it takes the push.
        refresh_provider_token: ask `ProviderToken.invalidate`, which knows whether it may be.
        counted: whether the try makes the waits of later ones longer.
        own_lane: the wait is about this one token, whichever cards would be sent to it.
        slow_down: halve the pace, then recover additively.
        counts_as_error: whether APNs counts it against the connection, and we into error rates.
        tell_operator: what to say, when a person should hear of it.
        why: plain words for support.
    """

    outcome: Outcome
    why: str
    retry_after_seconds: float | None = None
    counted: bool = True
    token: TokenAction = TokenAction.KEEP
    pause: Pause | None = None
    other_environment: bool = False
    refresh_provider_token: bool = False
    new_generation: bool = False
    own_lane: bool = False
    slow_down: bool = False
    counts_as_error: bool = True
    tell_operator: str | None = None


class VerdictSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The thresholds; seconds, unless the name says otherwise.

    Attributes:
        backoff_first: the limit of the random wait after the first failure; it doubles.
        backoff_most: the limit of that wait that is never passed.
        silence_most: the same after a push that got no answer: it has waited already, and whatever swallowed it may be
            over.
        asked_most: the longest `Retry-After` that is believed.
        gone_recheck: wait after a 410 that is older than our registration.
        quota: wait after Google's quota was used up, where it does not ask for another.
        lane_first: wait after the first `TooManyRequests` of a token; it doubles.
        lane_most: the longest wait of a token.
        token_change: how long Apple wants a provider token kept.
        hold: how often a paused credential or topic is probed.
        server_errors_in_a_row: so many 500s on one generation of connections call for a new one.
        storm_over: more bad tokens than this among a topic's last 50 answers are a mismatch of ours.
    """

    backoff_first: float = 1.0
    backoff_most: float = 60.0
    silence_most: float = 3.0
    asked_most: float = 900.0
    gone_recheck: float = 30.0
    quota: float = 60.0
    lane_first: float = 10.0
    lane_most: float = 600.0
    token_change: float = 1_200.0
    hold: float = 3_600.0
    server_errors_in_a_row: int = 5
    storm_over: int = 10


DEFAULT = VerdictSettings()
FAST = VerdictSettings(
    backoff_first=0.02,
    backoff_most=0.2,
    silence_most=0.2,
    asked_most=0.2,
    gone_recheck=0.1,
    quota=0.2,
    lane_first=0.05,
    lane_most=0.5,
    token_change=1.0,
    hold=1.0,
)
"""For a demonstration and for tests against the simulator, where nobody wants to wait."""
