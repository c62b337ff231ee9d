"""Shapes that events were stored in before, and the way from each to the next."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from events.fact import Fact, ImageKey, PersonName
from events.order import CourierAssigned, DeliveryTime


class CourierAssignedV1(Fact, frozen=True, kw_only=True):
    """A courier by name alone, from before couriers had ids and vehicles."""

    TYPE: ClassVar[str] = CourierAssigned.TYPE

    courier: PersonName | None
    delivery_time: DeliveryTime | None = None
    image_key: ImageKey | None = None


def name_the_courier(data: dict[str, Any]) -> dict[str, Any]:
    """Turn version 1 of `order.courier_assigned` into version 2."""
    return {("courierName" if key == "courier" else key): value for key, value in data.items()}


Upcast = Callable[[dict[str, Any]], dict[str, Any]]

OldShapes = Mapping[tuple[str, int], tuple[type[Fact], Upcast]]

OLD_SHAPES: Final[OldShapes] = {
    (CourierAssigned.TYPE, 1): (CourierAssignedV1, name_the_courier),
}
"""(type, schema version) → its shape, and the step that leads to the version after it."""
