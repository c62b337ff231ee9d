"""What an alert says, by the event that it speaks of; never a personal value, for it lights a locked screen."""

from typing import Final

import msgspec


class AlertText(msgspec.Struct, frozen=True):
    """Title and body of an alert."""

    title: str
    body: str


TEXTS: Final[dict[str, str]] = {
    "order.placed": "We have your order.",
    "order.ready": "Your order is ready.",
    "order.courier_assigned": "A courier is on the job.",
    "order.picked_up": "Your order is on its way.",
    "order.courier_arriving": "Your courier is arriving.",
    "order.eta_changed": "Your order will come later than planned.",
    "order.rescheduled": "Your order has a new time.",
    "order.delayed": "Your order is delayed.",
    "order.delivered": "Your order was delivered.",
    "order.cancelled": "Your order was cancelled.",
    "order.failed": "Your order could not be delivered.",
    "order.note": "There is a note on your order.",
}


def alert_text(event_type: str, merchant_name: str | None) -> AlertText:
    """Say what happened, under the merchant's name."""
    return AlertText(merchant_name or "Your order", TEXTS.get(event_type, "Your order has news."))
