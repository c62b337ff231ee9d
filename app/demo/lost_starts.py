"""Tell which starts were lost: APNs' answer never came, APNs never took them, and Lockstep says that it does not know.

With `on_unknown_start=never` such a start is not sent again, so its phone has no card of the order. That is no
difference, as long as it is listed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from app.demo.shop import Shop
from app.simulator.simulator import Simulator


class LostStart(NamedTuple):
    """A start that nothing can come of."""

    order_id: str
    device_id: str


async def find_lost_starts(shop: Shop, simulator: Simulator, order_ids: Iterable[str]) -> set[LostStart]:
    """Give the starts of these orders that are lost, as Lockstep lists them and APNs' own record bears out."""
    taken = {
        push.payload["aps"]["attributes"].get("cardId")
        for push in simulator.pushes
        if push.payload is not None and push.event == "start" and push.status == 200
    }
    return {
        LostStart(order_id, phone["deviceId"])
        for order_id in order_ids
        for phone in await shop.read_unknown_starts(order_id)
        if phone["cardId"] not in taken
    }
