"""The vocabulary of orders: one value for each fact about an order, as it is written today."""

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta

from events.fact import YEARS, Fact, ImageKey, Key, Moment, PersonalText, PersonName, Text

DeliveryTime = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When it should arrive: RFC 3339 with an offset, from 2000 to 2100.",
        extra_json_schema=YEARS,
    ),
]


class Timed(Fact, frozen=True, kw_only=True):
    """A fact that may move the delivery time."""

    delivery_time: DeliveryTime | None = None


class Remarked(Timed, frozen=True, kw_only=True):
    """A step of the kitchen, which may carry a note."""

    note: PersonalText | None = None


class Item(Fact, frozen=True, kw_only=True):
    """One line of an order."""

    name: PersonName | None
    quantity: Annotated[int, Meta(ge=1, le=10_000)] = 1


class OrderPlaced(Timed, frozen=True, kw_only=True):
    """A customer has ordered."""

    TYPE: ClassVar[str] = "order.placed"

    customer_id: Annotated[Key, Meta(description="Whose phones show the card.")]
    merchant_name: Annotated[Text, Meta(description="Who sells; shown on the card.")]
    order_number: Annotated[Key, Meta(description="The number people know the order by.")] | None = None
    items: Annotated[tuple[Item, ...], Meta(max_length=200, description="What was ordered.")] = ()
    show_at: Annotated[Moment, Meta(description="When the card should appear; at once if absent.")] | None = None
    image_key: ImageKey | None = None
    deep_link: Annotated[Text, Meta(description="What a tap on the card opens.")] | None = None


class OrderAccepted(Remarked, frozen=True, kw_only=True):
    """The merchant takes the order."""

    TYPE: ClassVar[str] = "order.accepted"


class OrderPreparing(Remarked, frozen=True, kw_only=True):
    """The order is being made."""

    TYPE: ClassVar[str] = "order.preparing"


class OrderReady(Remarked, frozen=True, kw_only=True):
    """The order waits to be picked up."""

    TYPE: ClassVar[str] = "order.ready"


class CourierAssigned(Timed, frozen=True, kw_only=True):
    """A courier will carry the order; another one later is a new line of history."""

    TYPE: ClassVar[str] = "order.courier_assigned"

    courier_name: PersonName | None
    courier_id: Key | None = None
    vehicle: Key | None = None
    image_key: ImageKey | None = None


class OrderPickedUp(Timed, frozen=True, kw_only=True):
    """The courier has the order."""

    TYPE: ClassVar[str] = "order.picked_up"


class CourierArriving(Timed, frozen=True, kw_only=True):
    """The courier is about to be there."""

    TYPE: ClassVar[str] = "order.courier_arriving"


class EtaChanged(Fact, frozen=True, kw_only=True):
    """The delivery time has moved; nothing else did."""

    TYPE: ClassVar[str] = "order.eta_changed"

    delivery_time: DeliveryTime
    reason: Text | None = None


class OrderRescheduled(Timed, frozen=True, kw_only=True):
    """The order was moved to another time, and its card with it."""

    TYPE: ClassVar[str] = "order.rescheduled"

    show_at: Annotated[Moment, Meta(description="When the card should appear now; at once if that is past.")]


class OrderDelayed(Timed, frozen=True, kw_only=True):
    """The order is late, and why."""

    TYPE: ClassVar[str] = "order.delayed"

    reason: Text


class OrderDelivered(Fact, frozen=True, kw_only=True):
    """The order has arrived."""

    TYPE: ClassVar[str] = "order.delivered"

    delivered_at: Moment | None = None
    proof: Annotated[Text, Meta(description="What proves it: a key or an address.")] | None = None


class OrderCancelled(Fact, frozen=True, kw_only=True):
    """Somebody called the order off, and why."""

    TYPE: ClassVar[str] = "order.cancelled"

    reason: Text


class OrderFailed(Fact, frozen=True, kw_only=True):
    """The order cannot be delivered, and why."""

    TYPE: ClassVar[str] = "order.failed"

    reason: Text


class OrderNoted(Fact, frozen=True, kw_only=True):
    """A message for the customer."""

    TYPE: ClassVar[str] = "order.note"

    text: PersonalText | None
    alert: bool = False


class OrderErased(Fact, frozen=True, kw_only=True):
    """The personal values of the order are gone; written by erasure alone."""

    TYPE: ClassVar[str] = "order.erased"


OrderEvent = (
    OrderPlaced
    | OrderAccepted
    | OrderPreparing
    | OrderReady
    | CourierAssigned
    | OrderPickedUp
    | CourierArriving
    | EtaChanged
    | OrderRescheduled
    | OrderDelayed
    | OrderDelivered
    | OrderCancelled
    | OrderFailed
    | OrderNoted
    | OrderErased
)
