"""Append, fold and debt at once, one card an order, until nothing is behind."""

import asyncio
import statistics
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import cycle

from bench.database import Bed, bed
from bench.orders import open_orders
from bench.peers import raw_inserts
from bench.report import Figure, beside
from bench.sample import Sample
from events.postgres.doorbell import Ring
from events.postgres.pool import open_pool
from events.slot import slot_of
from events.store import EventStore, Group
from projections import projector
from projections.projector import Projector

BATCH = 100
WRITERS = 2
TARGETS = {20_000: "≥ 0.16", 200_000: "≥ 0.1"}
LISTED_ORDERS = 20_000
# A writer that is further ahead than this waits: the figure is what both reach together.
FURTHEST_AHEAD = 20_000


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    figures = []
    for orders, target in TARGETS.items():
        if quick and orders > 20_000:
            continue
        async with bed() as on:
            await _open_cards(on, orders)
            events = 20_000 if quick else 100_000
            raw = await raw_inserts(
                on.dsn,
                Sample(on.keyring.hash, orders, "raw"),
                batch=BATCH,
                connections=WRITERS,
                seconds=2 if quick else 5,
            )
            store, sample = EventStore(on.pool, on.keyring), Sample(on.keyring.hash, orders, "live")
            ours = await _append_and_project(on, store, sample, events)
            debt = await on.pool.fetchval("SELECT sum(debt) FROM cards WHERE slot BETWEEN 0 AND 255")
            if debt < min(orders, events):
                raise AssertionError("the cards are not in debt: nothing was measured")
        figures.append(
            beside(
                "project",
                f"append + fold + debt, {orders:,} open orders",
                ours,
                "events/s",
                "raw multi-row insert",
                raw,
                target,
            )
        )
    return [*figures, await _list_of_orders(rounds=2 if quick else 8)]


async def _list_of_orders(*, rounds: int) -> Figure:
    """Let every event change a status, and write the list of orders or not, by turns."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    async with bed() as on:
        await _open_cards(on, LISTED_ORDERS)
        store, sample = EventStore(on.pool, on.keyring), Sample(on.keyring.hash, LISTED_ORDERS, "live")
        types = cycle(("order.accepted", "order.preparing", "order.ready"))
        for turn in range(rounds):
            for listing in (True, False) if turn % 2 else (False, True):
                sample.become(next(types), {})
                with _listing(on=listing):
                    rates[listing].append(await _append_and_project(on, store, sample, LISTED_ORDERS))
        listed = await on.pool.fetchval("SELECT max(changed_at) FROM order_list WHERE slot BETWEEN 0 AND 255")
        if listed is None:
            raise AssertionError("nothing was listed: nothing was measured")
    return beside(
        "project",
        "the same, where every event changes a status: with the list of orders",
        statistics.median(rates[True]),
        "events/s",
        "without",
        statistics.median(rates[False]),
        "≥ 0.85",
    )


@contextmanager
def _listing(*, on: bool) -> Iterator[None]:
    """Let projectors find that the list holds another row than before, or never."""
    usual = projector._listed  # noqa: SLF001 - there is no setting for it
    if not on:
        setattr(projector, "_listed", lambda _view: ())  # noqa: B010 - likewise
    try:
        yield
    finally:
        setattr(projector, "_listed", usual)  # noqa: B010 - likewise


async def _open_cards(on: Bed, orders: int) -> None:
    """Place the orders, fold them, and give each a card."""
    ids = await open_orders(on, orders, "live")
    await on.pool.execute(
        """INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type,
                              generation, starter, created_at, phase)
           SELECT slot, subject_id, card_id, 'device-' || subject_id, NULL, 'app', 'sandbox', 'OrderAttributes', 1,
                  'server', lockstep_now(), 'shown'
           FROM unnest($1::smallint[], $2::text[], $3::uuid[]) AS c(slot, subject_id, card_id)""",
        [slot_of(each) for each in ids],
        ids,
        [uuid.uuid4() for _ in ids],
    )
    await on.pool.execute("VACUUM ANALYZE")


async def _append_and_project(on: Bed, store: EventStore, sample: Sample, events: int) -> float:
    due: set[int] = set()

    def announce(slots: Collection[int], _matching: bool) -> None:  # noqa: FBT001 - the projector's callback
        due.update(slots)

    projecting_pool = await open_pool(on.dsn, name="bench-projector", settings={"synchronous_commit": "off"})
    worker = Projector(projecting_pool, on.keyring, announce)
    stop = asyncio.Event()
    projecting = asyncio.ensure_future(worker.run(stop))
    appended = 0

    async def write() -> None:
        nonlocal appended
        while appended < events:
            batch = [sample.next() for _ in range(BATCH)]
            appended += BATCH
            await store.append([Group(slot_of(e.subject_id), e.subject_id, [e]) for e in batch])
            worker.hear(Ring("bench", behind=[e.subject_id for e in batch]))
            while worker.waiting > FURTHEST_AHEAD:
                await asyncio.sleep(0.01)

    began = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(WRITERS)))
    while worker.waiting or await _behind(on):
        await asyncio.sleep(0.005)
    taken = time.perf_counter() - began
    stop.set()
    await projecting
    await projecting_pool.close()
    return events / taken


async def _behind(on: Bed) -> int:
    rows: int = await on.pool.fetchval(
        """SELECT count(*) FROM heads AS h LEFT JOIN views AS v ON v.slot = h.slot AND v.generation = 1
                  AND v.subject_id = h.subject_id
           WHERE h.slot BETWEEN 0 AND 255 AND h.version > coalesce(v.version, 0)"""
    )
    return rows
