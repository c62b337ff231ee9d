"""What orders that wait for their time cost: a look for those whose time has come, a sweep, an order placed now.

Then the time of many comes at once: until each has its card in debt, and until an order placed meanwhile has one.
"""

import statistics
import time
from collections.abc import Awaitable, Callable

from bench.database import Bed, bed
from bench.report import Figure
from events.slot import ALL_SLOTS
from projections.matcher import Matcher
from projections.projector import Projector

CHUNK = 100_000
ROUNDS = 50
LOOK, SWEEP = "a look for those whose time has come", "a sweep"

_HEADS = """
INSERT INTO heads (slot, subject_id, version, last_recorded_at, settled_at)
SELECT n % 256, 'order-' || n, 1, lockstep_now(), lockstep_now()
FROM generate_series($1::bigint, $2::bigint) AS n
"""
_VIEWS = """
INSERT INTO views (slot, generation, subject_id, version, prev_version, state, fingerprint, folded_at, customer_id,
                   status, match_due_at, match_count)
SELECT n % 256, 1, 'order-' || n, 1, 0, '{"version":1}', '\\x00', lockstep_now(), 'customer-' || n, 'placed',
       lockstep_now() + interval '30 days', 1
FROM generate_series($1::bigint, $2::bigint) AS n
"""
_DEVICES = """
INSERT INTO devices (device_id, customer_id, app, environment, ios_version, activities_enabled, frequent_pushes,
                     registered_at, confirmed_at)
SELECT 'device-' || n, 'customer-' || n, 'app', 'sandbox', '26.0', true, true, lockstep_now(), lockstep_now()
FROM generate_series(1, $1::bigint) AS n
"""
_FLAG = """
UPDATE views
SET match_due_at = lockstep_now(), match_count = match_count + 1
WHERE slot = $1::bigint % 256 AND generation = 1 AND subject_id = 'order-' || $1::bigint
"""
_HERD = """
UPDATE views
SET match_due_at = folded_at + interval '1 microsecond', match_count = match_count + 1
WHERE slot BETWEEN 0 AND 255 AND generation = 1 AND subject_id = ANY ($1)
"""


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    few, many, herd = 1_000, 100_000 if quick else 1_000_000, 2_000 if quick else 20_000
    figures: list[Figure] = []
    async with bed() as on:
        await on.pool.execute(_DEVICES, herd, timeout=300)
        alone = await _costs(on, few)
        beside = await _costs(on, many)
        whole, one = await _come_at_once(on, herd)
    for name, milliseconds in beside.items():
        metric, against = f"{name} beside {many:,} orders that wait", f"beside {few:,}: {alone[name]:.2f} ms"
        if name in (LOOK, SWEEP):
            # too short for a ratio: a table of a thousand rows is read faster from end to end than by its index
            figures.append(Figure("waiting", metric, milliseconds, "ms", against, target="≤ 5"))
        else:
            ratio = milliseconds / alone[name]
            figures.append(Figure("waiting", metric, milliseconds, "ms", against, ratio, "≤ 2"))
    return [
        *figures,
        Figure("waiting", f"{herd:,} whose time has come at once: cards made", herd / whole, "/s"),
        Figure(
            "waiting", "an order placed in the middle of it: until its card is made", one * 1_000, "ms", target="≤ 100"
        ),
    ]


async def _costs(on: Bed, orders: int) -> dict[str, float]:
    """Fill the tables, and give the median milliseconds of each stage."""
    await on.pool.execute("TRUNCATE heads, views, cards")
    for first in range(1, orders + 1, CHUNK):
        for statement in (_HEADS, _VIEWS):
            await on.pool.execute(statement, first, min(first + CHUNK - 1, orders), timeout=300)
    await on.pool.execute("VACUUM ANALYZE", timeout=300)
    projector = Projector(on.pool, on.keyring, lambda _slots, _matching: None)
    await projector.adopt()
    matcher = Matcher(on.pool, on.keyring, lambda _: None)

    async def look() -> None:
        if await matcher.match_views():
            raise AssertionError("an order was due")

    async def sweep() -> None:
        await projector.sweep(ALL_SLOTS)

    place = iter(range(1, ROUNDS + 1))

    async def match() -> None:
        await on.pool.execute(_FLAG, next(place))
        if await matcher.match_views() != 1:
            raise AssertionError("an order was not due")

    return {
        LOOK: await _median(look),
        SWEEP: await _median(sweep),
        "an order placed now, until it has its card,": await _median(match),
    }


async def _median(work: Callable[[], Awaitable[None]]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1_000


async def _come_at_once(on: Bed, herd: int) -> tuple[float, float]:
    """Give the seconds until all have their cards, and until one placed in the middle has its own."""
    matcher = Matcher(on.pool, on.keyring, lambda _: None)
    await on.pool.execute("TRUNCATE cards")
    # the last one is placed when half of the others have their cards
    await on.pool.execute(_HERD, [f"order-{n}" for n in range(1, herd)], timeout=300)
    began, matched, one = time.perf_counter(), 0, 0.0
    while some := await matcher.match_views():
        matched += some
        if not one and matched >= herd // 2:
            await on.pool.execute(_FLAG, herd)
            placed = time.perf_counter()
            matched += await matcher.match_views()
            one = time.perf_counter() - placed
            if not await on.pool.fetchval(
                "SELECT count(*) FROM cards WHERE slot BETWEEN 0 AND 255 AND subject_id = $1", f"order-{herd}"
            ):
                raise AssertionError("the order that was placed waits behind the others")
    if matched != herd:
        raise AssertionError(f"{matched} orders were matched, not {herd}")
    return time.perf_counter() - began, one
