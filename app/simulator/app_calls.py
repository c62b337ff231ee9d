"""Say which calls an app makes about its phone, on iOS and on Android."""

from collections.abc import Callable
from typing import Any

from app.simulator.outbox import Account, Call

DEVICE_LANE = "device"


def device_call(
    device_id: str,
    account: Account,
    body: Callable[[], dict[str, Any]],
    on_answer: Callable[[dict[str, Any]], None],
) -> Call:
    """Register the phone, with all its cards."""
    return Call("PUT", f"/v1/devices/{device_id}", account, body=body, lane=DEVICE_LANE, on_answer=on_answer)


def card_call(
    device_id: str, account: Account, card_id: str, body: Callable[[], dict[str, Any]], *, lane: str | None = None
) -> Call:
    """Tell what became of a card."""
    path = f"/v1/devices/{device_id}/cards/{card_id}"
    return Call("PUT", path, account, body=body, lane=lane, about_card=True)


def sign_out_call(device_id: str, account: Account) -> Call:
    """Sign the phone out."""
    return Call("DELETE", f"/v1/devices/{device_id}", account, lane=DEVICE_LANE)
