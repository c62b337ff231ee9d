"""Hold the bookings of the demo to the situations they promise."""

from collections import Counter

from app.demo.booking import tell_bookings
from app.demo.scenarios import Scenario
from app.demo.steps import In, RotateStartTokens, Say
from app.demo.stories import STORIES
from tests.unit.app.demo.test_scenario import flat


def said(seed: int = 1) -> list[Say]:
    """Give everything that is said."""
    return [step for story in tell_bookings(seed) for step in flat(story.steps) if isinstance(step, Say)]


def test_every_scenario_has_its_stories() -> None:
    """A name that a demo takes leads somewhere, the same for the same seed."""
    assert set(STORIES) == set(Scenario)
    for tell in STORIES.values():
        assert tell(7) == tell(7)
        assert tell(7) != tell(8)


def test_every_booking_says_when_its_card_is_to_appear() -> None:
    """Most of them later; each is placed once, and its table is two hours after that."""
    placings = {each.order: each.data for each in said() if each.type == "placed"}
    assert Counter(each.order for each in said() if each.type == "placed").keys() == {each.order for each in said()}
    times = [(data["showAt"], data["deliveryTime"]) for data in placings.values()]
    assert all(isinstance(show, In) and table == In(show.minutes + 120) for show, table in times)
    assert sum(show.minutes > 0 for show, _ in times) > len(times) / 2


def test_bookings_move_and_are_called_off_and_tokens_change_meanwhile() -> None:
    """Later, earlier, and away from a card that is there."""
    assert {each.type for each in said()} >= {"rescheduled", "cancelled", "note"}
    assert any(isinstance(step, RotateStartTokens) for story in tell_bookings(1) for step in flat(story.steps))
