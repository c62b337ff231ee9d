"""Delivery times: couriers who put one every moment, beside appends of as many events."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from bench.append import CALLERS, callers
from bench.database import Bed, bed
from bench.report import Figure, beside
from bench.sample import Sample
from events.store import EventStore
from projections.eta import Eta
from projections.eta_keeper import EtaKeeper


async def run(*, quick: bool) -> list[Figure]:
    """Measure, the rounds in turn, after one to warm up."""
    rounds, share = (1, 2.0) if quick else (3, 3.0)
    still = moving = plain = 0.0
    async with bed() as on:
        for number in range(rounds + 1):
            measured = [
                await _puts(on, f"s{number}", share, drift_seconds=0),
                await _puts(on, f"m{number}", share, drift_seconds=1),
                await callers(on, Sample(on.keyring.hash, 20_000, f"a{number}"), share),
            ]
            if number:
                still, moving, plain = (
                    total + value / rounds for total, value in zip((still, moving, plain), measured, strict=True)
                )
    peer = "appends of one event each, 32 callers"
    return [
        beside("eta", "32 couriers, nothing new", still, "puts/s", peer, plain, "≥ 0.3"),
        beside("eta", "32 couriers, a second later each time", moving, "puts/s", peer, plain, "≥ 0.3"),
    ]


async def _puts(on: Bed, name: str, seconds: float, *, drift_seconds: float) -> float:
    keeper = EtaKeeper(on.pool, on.keyring, EventStore(on.pool, on.keyring), lambda _: None)
    ends = time.perf_counter() + seconds
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)

    async def call(courier: int) -> int:
        done = 0
        while time.perf_counter() < ends:
            delivery_time = first + timedelta(seconds=done * drift_seconds)
            await keeper.put(Eta(subject_id=f"{name}-{courier}", delivery_time=delivery_time, at=datetime.now(UTC),
                                 source="courier"))  # fmt: skip
            done += 1
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*(call(each) for each in range(CALLERS))))
    return done / (time.perf_counter() - began)
