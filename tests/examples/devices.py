"""Examples of what apps report."""

from typing import Any, Final

from app.devices.device import CardReport, DeviceReport, LaunchCardReport

APP: Final = "com.example.shop"
TYPE: Final = "OrderAttributes"
START_TOKEN: Final = "aa" * 32
UPDATE_TOKEN: Final = "bb" * 32


def device(customer_id: str | None = "customer-7", **changes: Any) -> DeviceReport:
    """Give an example of a launch report."""
    fields: dict[str, Any] = {
        "app": APP,
        "environment": "sandbox",
        "ios_version": "18.2",
        "customer_id": customer_id,
        "start_tokens": {TYPE: START_TOKEN},
    }
    return DeviceReport(**(fields | changes))


def reported(subject: str = "order-1", **changes: Any) -> CardReport:
    """Give an example of a card's report."""
    return CardReport(**{"subject": subject, "attributes_type": TYPE, "activity_id": "activity-1"} | changes)


def at_launch(subject: str = "order-1", **changes: Any) -> LaunchCardReport:
    """Give an example of a card in a launch report."""
    return LaunchCardReport(**{"subject": subject, "attributes_type": TYPE, "activity_id": "activity-1"} | changes)
