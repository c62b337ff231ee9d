"""Orders to begin a measurement with: placed, and folded."""

from bench.database import Bed
from bench.sample import Sample
from events.slot import slot_of
from events.store import EventStore, Group
from projections.projector import Projector

CHUNK = 500


async def open_orders(on: Bed, orders: int, prefix: str) -> list[str]:
    """Place so many orders, fold them, and give their ids; the prefix is the sample's."""
    store, sample = EventStore(on.pool, on.keyring), Sample(on.keyring.hash, orders, prefix)
    projector = Projector(on.pool, on.keyring, lambda _slots, _matching: None)
    await projector.adopt()
    ids: list[str] = []
    for first in range(0, orders, CHUNK):
        placed = [sample.placed(number) for number in range(first, min(first + CHUNK, orders))]
        await store.append([Group(slot_of(each.subject_id), each.subject_id, [each]) for each in placed])
        chunk = [each.subject_id for each in placed]
        await projector.project(chunk)
        ids += chunk
    return ids
