"""Hold the demo to the situations it promises."""

from collections import Counter
from collections.abc import Iterable, Iterator

from app.demo.scenario import tell
from app.demo.steps import (
    Allow,
    AtOnce,
    Dismiss,
    Drift,
    Install,
    RotateToken,
    Say,
    SayAgain,
    SayTogether,
    SignIn,
    SignOut,
    StartCard,
    Step,
    SwipeAway,
)


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """Give the steps with those that happen at the same time."""
    for step in steps:
        yield step
        if isinstance(step, AtOnce):
            yield from flat(step.steps)


def said(seed: int) -> list[Say]:
    """Give everything that is said, in batches too."""
    steps = [step for story in tell(seed) for step in flat(story.steps)]
    batched = [event for step in steps if isinstance(step, SayTogether) for event in step.events]
    return [*batched, *(step for step in steps if isinstance(step, Say))]


def test_the_same_seed_tells_the_same_stories() -> None:
    """A run can be repeated, and another seed tells others."""
    assert tell(7) == tell(7)
    assert tell(7) != tell(8)


def test_there_are_at_least_twelve_orders_and_each_is_placed_once() -> None:
    """Orders do not share names."""
    placings = Counter(event.order for event in said(1) if event.type == "placed")
    assert len(placings) >= 12
    assert placings.keys() == {event.order for event in said(1)}
    assert set(placings.values()) == {1}


def test_every_situation_is_told() -> None:
    """Users do all they can do, events come twice, in batches and in both shapes."""
    steps = [step for story in tell(1) for step in flat(story.steps)]
    assert {type(step) for step in steps} >= {
        Allow,
        Dismiss,
        Drift,
        RotateToken,
        SayAgain,
        SayTogether,
        SignIn,
        SignOut,
        StartCard,
        SwipeAway,
    }
    assert {event.style for event in said(1)} == {"plain", "cloud"}


def test_some_phones_never_allow_and_some_are_force_quit() -> None:
    """Phones do not all answer at once."""
    installs = [step for story in tell(1) for step in flat(story.steps) if isinstance(step, Install)]
    assert {"now", "later", "never"} <= {install.behaviour.allow for install in installs}
    assert any(install.behaviour.force_quit for install in installs)


def test_couriers_change_and_events_come_late() -> None:
    """One order has several couriers, and some events happened before what was said last."""
    couriers = Counter(event.order for event in said(1) if event.type == "courier_assigned")
    assert couriers["reassigned"] == 5
    assert any(event.minutes_ago for event in said(1))
    assert {"cancelled", "delivered", "eta_changed", "delayed", "note"} <= {event.type for event in said(1)}
