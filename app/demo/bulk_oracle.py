"""Say what the card of an activity must show after its events, and on whose phones: a second reading of the documents.

Like the oracle of orders it folds nothing, and imports nothing of Lockstep's but the oracle's own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from app.demo.judge import Reading, judge_phone, shown
from app.demo.oracle import NOTHING, Event, Expected, version_of

ACTIVITY: Final = "activity."
_OF_NOBODY: Final = "nobody's"

Followers = AbstractSet[str] | None
"""The customers of an audience; None: everybody."""


def expect_activities(activity_id: str, events: Iterable[Event]) -> list[Expected]:
    """Give what is expected of an activity after its first event, after the first two, and so on."""
    log = sorted(events, key=version_of)
    return [_expect(activity_id, log[: count + 1]) for count in range(len(log))]


def followers(log: Sequence[Event], tags: Mapping[str, AbstractSet[str]], segments: Mapping[str, str]) -> Followers:
    """Give the customers whom an activity is for.

    Args:
        log: Its events.
        tags: Of each customer.
        segments: For each the tag that its members have.
    """
    [audience] = [event["data"]["audience"] for event in log if event["type"] == f"{ACTIVITY}started"]
    if audience.get("everybody"):
        return None
    if "segment" in audience:
        wanted = segments[audience["segment"]]
        return {customer for customer, theirs in tags.items() if wanted in theirs}
    return set(audience["customers"])


def judge_follower(
    audiences: Mapping[str, Followers], phone: Reading, stages: Mapping[str, Sequence[Expected]], now: datetime
) -> list[str]:
    """Judge a phone as that of whoever is signed in there: who follows has a card as if the activity were theirs.

    Cards of what other runs have left open for everybody are passed over. A start that was under way while the phone
    changed hands brings a card for whoever had it before. It is taken back: at once, and as it was.
    """
    customer = phone["customerId"]
    cards = [card for card in phone["cards"] if card["subject"] in stages]

    def was_taken_back(card: Reading) -> bool:
        theirs = audiences[card["subject"]]
        return (
            card["endedBy"] == "a push"
            and card["visibleUntil"] <= card["endedAt"]
            and any(theirs is None or former in theirs for former in phone["formerCustomers"])
            and shown(card) in [stage.content for stage in stages[card["subject"]]]
        )

    ours = {**phone, "cards": [card for card in cards if not was_taken_back(card)]}

    def of(activity_id: str, stage: Expected) -> Expected:
        theirs = audiences[activity_id]
        follows = theirs is None or customer in theirs
        return replace(stage, customer_id=customer if follows else _OF_NOBODY)

    return judge_phone(ours, {name: [of(name, each) for each in told] for name, told in stages.items()}, now)


def _expect(activity_id: str, log: Sequence[Event]) -> Expected:
    started = next((event["data"] for event in log if event["type"] == f"{ACTIVITY}started"), None)
    if started is None:
        return NOTHING
    over = any(event["type"] == f"{ACTIVITY}ended" for event in log)
    states: list[dict[str, Any]] = [event["data"]["contentState"] for event in log if "contentState" in event["data"]]
    return Expected(
        over=over,
        status="ended" if over else "active",
        customer_id=None,
        show_at=None,
        content=states[-1],
        attributes={**started["attributes"], "subject": activity_id},
        tells_age=False,
    )
