"""Memory of a dispatcher with 100,000 cards due, when APNs answers one push a second."""

import asyncio
import statistics
import tempfile
import time
import uuid
from pathlib import Path

from bench.database import Bed, bed
from bench.orders import open_orders
from bench.processes import KEY_ID, TEAM_ID, lockstep_environment, new_key, python, resident_bytes
from bench.report import Figure
from events.slot import slot_of

MEGABYTE = 1_048_576
ENGINES = ("httpx", "rust")
CHUNK = 500

_DEVICES = """
INSERT INTO devices (device_id, customer_id, app, environment, ios_version, activities_enabled, frequent_pushes,
                     registered_at, confirmed_at)
SELECT 'device-' || n, 'customer-' || n, 'app', 'sandbox', '26.0', true, true, lockstep_now(), lockstep_now()
FROM generate_series(0, $1::integer - 1) AS n
"""
_CARDS = """
INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type, generation,
                   starter, created_at, started_at, phase, due_at, debt, activity_id, reported_state, reported_at,
                   token_hash, token_sealed, token_registered_at)
SELECT c.slot, c.subject_id, c.card_id, 'device-' || c.n, 'customer-' || c.n, 'app', 'sandbox', 'OrderAttributes', 1,
       'server', lockstep_now() - interval '1 hour', lockstep_now() - interval '1 hour', 'shown', lockstep_now(), 1,
       'activity-' || c.n, 'active', lockstep_now() - interval '1 hour', c.hash, c.sealed,
       lockstep_now() - interval '1 hour'
FROM unnest($1::integer[], $2::smallint[], $3::text[], $4::uuid[], $5::bytea[], $6::bytea[])
     AS c(n, slot, subject_id, card_id, hash, sealed)
"""
_OUTCOMES = "SELECT outcome, count(*) AS count FROM receipts GROUP BY outcome ORDER BY outcome"


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    # what a process keeps is complete after two minutes: until then a slope says nothing
    cards, warm_up, seconds = (20_000, 20, 40) if quick else (100_000, 120, 180)
    figures: list[Figure] = []
    for engine in ENGINES:
        async with bed() as on:
            await _fill(on, cards)
            samples, outcomes = await _flood(on, engine, warm_up, seconds)
        first, last = statistics.mean(samples[:5]), statistics.mean(samples[-5:])
        slope = statistics.linear_regression(range(len(samples)), samples).slope * 60
        what = f"{engine}, {cards:,} cards due, one answer a second"
        told = ", ".join(f"{name} {count}" for name, count in outcomes.items())
        limit = "" if quick else "≤ 1"
        figures += [
            Figure("flood", f"{what}: growth over {seconds} s", slope, "MB a minute", f"pushes: {told}", target=limit),
            Figure("flood", f"{what}: first", first, "MB"),
            Figure("flood", f"{what}: last", last, "MB"),
            Figure("flood", f"{what}: peak", max(samples), "MB", target="≤ 130"),
        ]
    return figures


async def _fill(on: Bed, cards: int) -> None:
    """Place so many orders, fold them, and give each a card that has shown nothing of it yet."""
    orders = await open_orders(on, cards, "flood")
    await on.pool.execute(_DEVICES, cards)
    for first in range(0, cards, CHUNK):
        ids = orders[first : first + CHUNK]
        numbers = range(first, first + len(ids))
        tokens = [f"{number:0160x}" for number in numbers]
        await on.pool.execute(
            _CARDS,
            list(numbers),
            [slot_of(each) for each in ids],
            ids,
            [uuid.uuid4() for _ in ids],
            [on.keyring.blind("app", "sandbox", each) for each in tokens],
            [on.keyring.seal_token(each) for each in tokens],
        )
    await on.pool.execute("VACUUM ANALYZE", timeout=300)


async def _flood(on: Bed, engine: str, warm_up: int, seconds: int) -> tuple[list[float], dict[str, int]]:
    """Let a dispatcher work; give its memory at each second after the warm-up, and what became of its pushes."""
    private, _ = new_key()
    with tempfile.TemporaryDirectory() as folder:
        async with python("bench.trickle", folder) as (_, address):
            settings = lockstep_environment(
                on,
                "dispatcher",
                LOCKSTEP_APNS_ENGINE=engine,
                LOCKSTEP_APNS_TEAM_ID=TEAM_ID,
                LOCKSTEP_APNS_KEY_ID=KEY_ID,
                LOCKSTEP_APNS_KEY=private,
                LOCKSTEP_APNS_SANDBOX_URL=address,
                LOCKSTEP_APNS_CA_FILE=str(Path(folder) / "ca.pem"),
            )
            async with python("bench.service", **settings) as (pid, _):
                await asyncio.sleep(warm_up)
                samples, began = list[float](), time.monotonic()
                while (spent := time.monotonic() - began) < seconds:
                    samples.append(resident_bytes(pid) / MEGABYTE)
                    await asyncio.sleep(1 - spent % 1)
            outcomes = {row["outcome"]: row["count"] for row in await on.pool.fetch(_OUTCOMES)}
    if not outcomes.get("accepted"):
        raise AssertionError(f"no push was accepted: {outcomes}")
    return samples, outcomes
