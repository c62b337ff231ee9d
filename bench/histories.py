"""Orders with whole lives in the log, folded: what a replay is measured with."""

from typing import Final

from msgspec.structs import replace

from bench.database import Bed
from bench.sample import AT
from events.codec import encode_new
from events.slot import slot_of
from events.store import EventStore, Group
from projections.projector import Projector

CHUNK = 200
LIFE: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    (
        "order.placed",
        {
            "customerId": "customer-7",
            "merchantName": "Pizzeria",
            "items": [{"name": "Margherita", "quantity": 2}],
            "deliveryTime": "2026-11-01T13:00:00Z",
        },
    ),
    ("order.accepted", {"deliveryTime": "2026-11-01T13:00:00Z"}),
    ("order.preparing", {}),
    ("order.eta_changed", {"deliveryTime": "2026-11-01T13:04:00Z"}),
    ("order.ready", {"deliveryTime": "2026-11-01T13:05:00Z"}),
    ("order.courier_assigned", {"courierName": "Anna Kaya", "courierId": "courier-3"}),
    ("order.picked_up", {"deliveryTime": "2026-11-01T13:06:00Z"}),
    ("order.eta_changed", {"deliveryTime": "2026-11-01T13:07:00Z"}),
    ("order.courier_arriving", {}),
    ("order.delivered", {"deliveredAt": "2026-11-01T13:08:00Z"}),
)
"""Ten events, two of them with personal values."""


async def lived_orders(on: Bed, orders: int, *, name: str = "order") -> None:
    """Append the lives of so many orders, fold them, and settle them as the sweep does after a minute of quiet."""
    store = EventStore(on.pool, on.keyring)
    projector = Projector(on.pool, on.keyring, lambda _slots, _matching: None)
    await projector.adopt()
    life = [
        encode_new(
            subject_id="o", source="shop", event_id=f"e{place}", type=type_, data=data, occurred_at=AT,
            key=on.keyring.hash,
        )
        for place, (type_, data) in enumerate(LIFE)
    ]  # fmt: skip
    for first in range(0, orders, CHUNK):
        ids = [f"{name}-{number:08d}" for number in range(first, min(first + CHUNK, orders))]
        await store.append(
            [Group(slot_of(each), each, [replace(event, subject_id=each) for event in life]) for each in ids]
        )
        await projector.project(ids)
    await on.pool.execute("UPDATE heads SET settled_at = lockstep_now()", timeout=300)
    await on.pool.execute("VACUUM ANALYZE", timeout=300)
    await on.pool.execute("CHECKPOINT", timeout=60)
