"""Examples of the values around an event."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from events.codec import encode_new
from events.envelope import NewEvent, RecordedEvent, as_recorded

KEY: Final = b"an example key of 32 bytes, fixed"[:32]
NOON: Final = datetime(2025, 11, 1, 12, tzinfo=UTC)

FACTS: Final[dict[str, dict[str, Any]]] = {
    "order.placed": {
        "customerId": "customer-7",
        "merchantName": "Taverna Ilios",
        "orderNumber": "A-1042",
        "items": [{"name": "Moussaka", "quantity": 2}, {"name": "Retsina"}],
        "deliveryTime": "2025-11-01T12:40:00Z",
        "showAt": "2025-11-01T12:00:00Z",
        "imageKey": "taverna",
        "deepLink": "shop://orders/A-1042",
    },
    "order.accepted": {"deliveryTime": "2025-11-01T12:41:00Z", "note": "No onions for Eleni"},
    "order.preparing": {"note": "In the oven"},
    "order.ready": {"note": "On the counter"},
    "order.courier_assigned": {
        "courierName": "Anna Kaya",
        "courierId": "courier-3",
        "vehicle": "bicycle",
        "imageKey": "bicycle",
    },
    "order.picked_up": {"deliveryTime": "2025-11-01T12:42:00Z"},
    "order.courier_arriving": {},
    "order.eta_changed": {"deliveryTime": "2025-11-01T12:50:00Z", "reason": "traffic"},
    "order.rescheduled": {"showAt": "2025-11-01T13:00:00Z", "deliveryTime": "2025-11-01T13:40:00Z"},
    "order.delayed": {"deliveryTime": "2025-11-01T12:55:00Z", "reason": "rain"},
    "order.delivered": {"deliveredAt": "2025-11-01T12:45:00Z", "proof": "photo-9"},
    "order.cancelled": {"reason": "customer asked"},
    "order.failed": {"reason": "nobody at home"},
    "order.note": {"text": "Please ring twice", "alert": True},
    "order.erased": {},
    "activity.started": {
        "customerId": "customer-7",
        "attributesType": "MatchAttributes",
        "attributes": {"home": "PAOK", "fan": "Anna Kaya"},
        "contentState": {"score": [0, 0], "note": None},
        "alert": {"title": "PAOK against Aris", "body": {"default": "Kick-off!", "byLocale": {"el": "Σέντρα!"}}},
        "relevanceScore": 0.0,
        "showAt": "2025-11-01T12:00:00Z",
    },
    "activity.updated": {
        "contentState": {"score": [1, 0], "scorer": "Anna Kaya"},
        "alert": {"title": {"locKey": "GOAL", "locArgs": ["PAOK"]}, "body": "Goal!", "sound": None},
        "priority": 10,
        "staleDate": "2025-11-01T12:50:00Z",
    },
    "activity.ended": {"contentState": {"score": [4, 1]}, "dismissalDate": "2025-11-01T14:50:00Z"},
}
"""A whole document for each type."""


def new_event(
    type_: str = "order.placed",
    data: Any = None,
    *,
    event_id: str = "event-1",
    occurred_at: datetime = NOON,
    schema_version: int | None = None,
) -> NewEvent:
    """Give an example of a new event."""
    return encode_new(
        subject_id="order-1",
        source="shop",
        event_id=event_id,
        type=type_,
        data=FACTS[type_] if data is None else data,
        occurred_at=occurred_at,
        key=KEY,
        schema_version=schema_version,
    )


def recorded(event: NewEvent, version: int = 1, *, recorded_at: datetime | None = None) -> RecordedEvent:
    """Give an event as the log would remember it, recorded long after it happened unless told."""
    return as_recorded(event, version, NOON + timedelta(days=1) if recorded_at is None else recorded_at)


def happened(
    version: int,
    type_: str,
    data: Any = None,
    *,
    at: float | None = None,
) -> RecordedEvent:
    """Give event `version`, which happened `at` seconds after noon (a minute a version unless told)."""
    moment = NOON + timedelta(seconds=60 * version if at is None else at)
    return recorded(new_event(type_, data, event_id=f"event-{version}", occurred_at=moment), version)
