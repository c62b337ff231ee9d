"""The stories of each scenario."""

from collections.abc import Callable
from typing import Final

from app.demo.booking import tell_bookings
from app.demo.bulk import tell_bulk
from app.demo.images import tell_images
from app.demo.many_orders import tell_many_orders
from app.demo.matches import tell_matches
from app.demo.scenario import tell
from app.demo.scenarios import Scenario
from app.demo.steps import Story
from app.demo.uploads import tell_uploads

STORIES: Final[dict[Scenario, Callable[[int], list[Story]]]] = {
    Scenario.ORDERS: tell,
    Scenario.BOOKING: tell_bookings,
    Scenario.UPLOAD: tell_uploads,
    Scenario.MANY_ORDERS: tell_many_orders,
    Scenario.BULK: tell_bulk,
    Scenario.MATCH: tell_matches,
    Scenario.IMAGES: tell_images,
}
"""Gives the stories; the argument is the seed, which chooses the cast."""
