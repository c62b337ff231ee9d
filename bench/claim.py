"""What a claim costs beside a thousand cards and beside a million: that wait for their time, or are all due.

A dispatcher has as many cards under a lease as pushes under way; they are passed over. So it is here: each claim finds
those of the last four, and whatever was claimed before was settled.
"""

import statistics
import time
from collections import deque

from bench.database import Bed, bed
from bench.report import Figure
from events.slot import ALL_SLOTS
from projections.card_store import CardStore

BATCH = 200
UNDER_WAY = 4
CHUNK = 100_000
KEYS = [("*", "sandbox", "KEY1234567"), ("*", "production", "KEY1234567")]

_FILL = """
INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type, generation,
                   starter, created_at, phase, due_at, debt)
SELECT n % 256, 'order-' || n, gen_random_uuid(), 'device-' || n, 'customer-' || n, 'app', 'sandbox', 'OrderAttributes',
       1, 'server', lockstep_now(), 'shown', lockstep_now() + $3::double precision * interval '1 hour', 1
FROM generate_series($1::bigint, $2::bigint) AS n
"""
_OWE = """
UPDATE cards
SET due_at = lockstep_now() - interval '2 hours'
WHERE slot BETWEEN 0 AND 255 AND subject_id = ANY ($1)
"""
_SETTLE = """
UPDATE cards
SET due_at = lockstep_now() + interval '7 hours', leased_at = NULL, leased_until = NULL
WHERE slot BETWEEN 0 AND 255 AND subject_id = ANY ($1)
"""


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    few, many, rounds = 1_000, 100_000 if quick else 1_000_000, 20 if quick else 100
    figures = []
    async with bed() as on:
        alone = await _claims(on, few, hours=7.0, rounds=rounds)
        beside = await _claims(on, many, hours=7.0, rounds=rounds)
        due = await _claims(on, many, hours=-1.0, rounds=rounds)
    for name, milliseconds in (("that wait", beside), ("that are due", due)):
        figures.append(
            Figure(
                "claim",
                f"a claim of {BATCH} beside {many:,} cards {name}",
                milliseconds,
                "ms",
                f"beside {few:,}: {alone:.2f} ms",
                milliseconds / alone,
                "≤ 2",
            )
        )
    return figures


async def _claims(on: Bed, cards: int, *, hours: float, rounds: int) -> float:
    """Fill the table, put a batch in debt before each claim, and give the median claim in milliseconds."""
    await on.pool.execute("TRUNCATE cards")
    for first in range(1, cards + 1, CHUNK):
        await on.pool.execute(_FILL, first, min(first + CHUNK - 1, cards), hours, timeout=300)
    await on.pool.execute("VACUUM ANALYZE cards", timeout=300)
    store = CardStore(on.pool)
    taken: list[float] = []
    under_way: deque[list[str]] = deque()
    for place in range(rounds):
        if len(under_way) == UNDER_WAY:
            await on.pool.execute(_SETTLE, under_way.popleft(), timeout=300)
        owing = [f"order-{n}" for n in range(1 + place * BATCH % cards, 1 + place * BATCH % cards + BATCH)]
        await on.pool.execute(_OWE, owing, timeout=300)
        began = time.perf_counter()
        claimed = await store.claim(ALL_SLOTS, most=BATCH, lease_seconds=3_600, keys=KEYS)
        taken.append(time.perf_counter() - began)
        if len(claimed) != BATCH:
            raise AssertionError(f"{len(claimed)} cards were claimed, not {BATCH}")
        under_way.append([each.card.subject_id for each in claimed])
    return statistics.median(taken) * 1_000
