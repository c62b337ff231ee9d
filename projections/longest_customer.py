"""Customers who have very many of the longest orders, so that the code of a card for them all can be tried on those."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from projections.customer_view import CustomerView, Gathering, compose, gather
from projections.definition import CardDefinition
from projections.longest_subject import LONGEST_SUBJECT_ID, longest_subjects
from projections.registry import CARDS
from projections.view import View
from projections.widest import Writing

MANY: Final = 24
_END: Final = datetime(2101, 1, 1, tzinfo=UTC)
"""After everything that the longest subjects have in store."""
_NONE: Final = Gathering(begun_at=_END, joined_at=_END)


def longest_customers(definition: CardDefinition, writing: Writing) -> Iterator[CustomerView]:
    """Give a customer with many of the longest subjects that a card shows together, and one whose last is over.

    Args:
        definition: One that gathers kinds which this process knows.
        writing: Of the texts.

    Raises:
        EventError: There is no longest value of a fact, for a text of it follows a pattern.
        EvolveError: A definition's code fails.
    """
    views = [view for kind in definition.gathers for view in longest_subjects(CARDS.of_kind(kind), writing)]
    going_on, ended = [each for each in views if not each.over], [each for each in views if each.over]
    several = {_id(place): going_on[place % len(going_on)] for place in range(MANY)}
    kept = gather(_NONE, several, _END)
    yield compose("customer", kept, several)
    for view in ended:
        one: dict[str, View] = {_id(0): going_on[0]}
        last = gather(gather(_NONE, one, _END), {_id(0): view}, _END)
        yield compose("customer", last, {_id(0): view})


def _id(place: int) -> str:
    return f"{place:02}{LONGEST_SUBJECT_ID[2:]}"
