"""The thresholds of plans."""

from datetime import timedelta
from typing import Final, Literal

import msgspec

from projections.budget import BudgetRules, UrgentRules
from projections.channel import Carrier
from projections.fallback import FallbackRules
from projections.freshness import FreshnessRules


class PlanRules(msgspec.Struct, frozen=True, kw_only=True):
    """The thresholds of plans, in seconds unless the name says otherwise.

    Attributes:
        on_unknown_start: Whether a start without an answer is sent again once, after the app's silence.
        report_wait: How long an app has to report a card whose start has no answer.
        app_first_grace: How long the app has to start a card itself, where it comes first.
        renew_after: Age at which a card's next generation is started.
        most_generations: Cards in a row for one subject on one phone.
        clock_ahead: A clock that went back by more than this makes the card wait.
        clock_wait: A clock that went back by more than this makes the next generation replace the card.
        keep_after_end: How long an ended card stays on the Lock Screen; Apple allows four hours.
        arrival: How long after a start its app may still tell of the card: APNs keeps a start for half an hour.
        failed_again: When a card is tried again that failed by a bug of ours, without news; it may be mended by then.
        channel_keep: How long a channel is kept after it has ended its cards, for phones that are offline.
        channel_settle: How long a phone takes to follow a channel after its start was accepted.
        channel_closing: How long a channel that nobody follows takes no new cards before it is deleted; longer than a
            start may be under way.
        budget: How many starts a phone takes.
        urgent: How many urgent pushes a phone takes.
        ages: When news has grown old.
        fallback: When news goes by an ordinary notification.
        tell_age: Whether cards say how old their news is.
        placeholder: The picture of the app's own that a card shows in the place of one that its phone has not.
        carrier: What carries the updates of cards whose definition leaves it open.
    """

    on_unknown_start: Literal["never", "after_silence"] = "never"
    report_wait: float = 60.0
    app_first_grace: float = 10.0
    renew_after: float = 27_600.0
    most_generations: int = 3
    clock_ahead: float = 60.0
    clock_wait: float = 600.0
    keep_after_end: float = 900.0
    arrival: float = 1_860.0
    failed_again: float = 3_600.0
    channel_keep: float = 3_600.0
    channel_settle: float = 5.0
    channel_closing: float = 120.0
    budget: BudgetRules = BudgetRules()
    urgent: UrgentRules = UrgentRules()
    ages: FreshnessRules = FreshnessRules()
    fallback: FallbackRules = FallbackRules()
    tell_age: bool = True
    placeholder: str = "placeholder"
    carrier: Carrier = "token"


LONGEST_KEPT: Final = timedelta(hours=4)
"""Apple: no card stays longer on the Lock Screen after its end."""
