"""The sweep over a million settled orders, and what an idle system costs."""

import asyncio
import statistics

from bench.database import bed
from bench.latency import stage
from bench.processes import cpu_seconds
from bench.report import Figure
from bench.sample import Sample
from events.slot import ALL_SLOTS, slot_of
from projections.projector import Projector

CHUNK = 20_000


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    orders, idle_seconds = (100_000, 10) if quick else (1_000_000, 60)
    async with bed() as on:
        sample = Sample(on.keyring.hash, orders, "settled")
        for first in range(0, orders, CHUNK):
            ids = [sample.order_id(number) for number in range(first, min(first + CHUNK, orders))]
            slots = [slot_of(each) for each in ids]
            await on.pool.execute(
                """INSERT INTO heads (slot, subject_id, version, last_recorded_at, settled_at)
                   SELECT slot, subject_id, 3, lockstep_now(), lockstep_now()
                   FROM unnest($1::smallint[], $2::text[]) AS o(slot, subject_id)""",
                slots,
                ids,
            )
            await on.pool.execute(
                """INSERT INTO views (slot, generation, subject_id, version, prev_version, state, fingerprint,
                                      folded_at, over)
                   SELECT slot, 1, subject_id, 3, 2, '{"version":3}', '\\x00', lockstep_now(), true
                   FROM unnest($1::smallint[], $2::text[]) AS o(slot, subject_id)""",
                slots,
                ids,
            )
        await on.pool.execute("VACUUM ANALYZE")
        projector = Projector(on.pool, on.keyring, lambda _slots, _matching: None)
        await projector.adopt()
        sweeps = [await projector.sweep(ALL_SLOTS) for _ in range(20)]
        sweep = Figure(
            "sweep", f"a sweep, {orders:,} settled orders", statistics.median(sweeps) * 1_000, "ms", target="≤ 100"
        )
        async with stage(on) as running:
            await asyncio.sleep(3)
            wal_before = await on.pool.fetchval("SELECT pg_current_wal_insert_lsn()")
            used_before = cpu_seconds(running.pid)
            await asyncio.sleep(idle_seconds)
            used = (cpu_seconds(running.pid) - used_before) / idle_seconds
            wal = await on.pool.fetchval(
                "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::pg_lsn)::float8", wal_before
            )
    return [
        sweep,
        Figure("sweep", "an idle process with all roles", used * 100, "% of a core", target="≤ 5"),
        Figure("sweep", "WAL an idle minute", wal * 60 / idle_seconds / 1_024, "KiB"),
    ]
