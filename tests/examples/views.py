"""Examples of views."""

from events.envelope import FoldableEvent
from projections.order_view import EMPTY, OrderView, fold
from tests.examples.events import happened


def evolve(view: OrderView, event: FoldableEvent) -> OrderView:
    """Give an order after one more event."""
    return fold(view, (event,))


def on_its_way() -> OrderView:
    """Give an example of an order that a courier carries."""
    types = ("order.placed", "order.accepted", "order.courier_assigned", "order.picked_up")
    return fold(EMPTY, [happened(version, type_) for version, type_ in enumerate(types, 1)])


def delivered() -> OrderView:
    """Give an example of an order that is over."""
    return fold(on_its_way(), [happened(5, "order.delivered")])
