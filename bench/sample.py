"""Events to measure with: real ones, encoded once, with an id each."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from events.codec import encode_new
from events.envelope import NewEvent

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass
class Sample:
    """Makes events without personal values, so that no figure hides the price of a key.

    Attributes:
        orders: How many orders the events are about, in turn.
        prefix: Begins every order id and event id.
    """

    key: bytes
    orders: int
    prefix: str
    numbers: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        """Encode the event that is made, at first `order.ready`."""
        self.become("order.ready", {"deliveryTime": "2026-11-01T13:00:00Z"})

    def become(self, type_: str, data: dict[str, object]) -> None:
        """Make other events from here on."""
        self._template = self._encode(type_, data)

    def _encode(self, type_: str, data: dict[str, object]) -> NewEvent:
        return encode_new(
            subject_id="o", source="kitchen", event_id="e", type=type_, data=data, occurred_at=AT, key=self.key
        )

    def placed(self, order: int) -> NewEvent:
        """Give the first event of an order."""
        event = self._encode("order.placed", {"customerId": f"customer-{order}", "merchantName": "Pizzeria"})
        return _named(event, self.order_id(order), f"{self.prefix}-placed-{order}")

    def next(self) -> NewEvent:
        """Give the next event, of the next order."""
        number = next(self.numbers)
        return _named(self._template, self.order_id(number % self.orders), f"{self.prefix}-{number:012d}")

    def order_id(self, order: int) -> str:
        """Name an order."""
        return f"{self.prefix}-order-{order:08d}"


def _named(event: NewEvent, subject_id: str, event_id: str) -> NewEvent:
    return NewEvent(
        subject_id,
        event.source,
        event_id,
        event.type,
        event.schema_version,
        event.data,
        event.personal,
        event.digest,
        event.occurred_at,
    )
