"""The log: many callers of the appender, and batches, beside plain inserts and another library."""

import asyncio
import time

from bench import sourced
from bench.database import Bed, bed
from bench.peers import plain_inserts, raw_inserts
from bench.report import Figure, beside
from bench.sample import Sample
from events.appender import Appender
from events.envelope import NewEvent
from events.slot import slot_of
from events.store import EventStore, Group

CALLERS = 32
BATCH = 100
CONNECTIONS = 2


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    seconds = 2.0 if quick else 8.0
    async with bed() as on:
        key = on.keyring.hash
        # warm every path once, then take the rounds in turn, so that noise falls on both
        ours = plain = raw = batches = duplicates = 0.0
        rounds = 1 if quick else 3
        for number in range(rounds + 1):
            share = 0.5 if number == 0 else seconds / rounds
            measured = [
                await callers(on, Sample(key, 20_000, f"c{number}"), share),
                await plain_inserts(on.dsn, Sample(key, 20_000, f"p{number}"), connections=CALLERS, seconds=share),
                await _batches(on, Sample(key, 20_000, f"b{number}"), share, duplicates=0),
                await _batches(on, Sample(key, 20_000, f"d{number}"), share, duplicates=5),
                await raw_inserts(
                    on.dsn, Sample(key, 20_000, f"r{number}"), batch=BATCH, connections=CONNECTIONS, seconds=share
                ),
            ]
            if number:
                ours, plain, batches, duplicates, raw = (
                    total + value / rounds
                    for total, value in zip((ours, plain, batches, duplicates, raw), measured, strict=True)
                )
        peer = await asyncio.to_thread(sourced.saves, on.dsn, threads=CALLERS, seconds=min(seconds, 4.0))
    name = "append"
    return [
        beside(name, "32 callers, one event each", ours, "events/s", "plain insert, 32 connections", plain, "≥ 0.7"),
        beside(name, "the same", ours, "events/s", "eventsourcing's save, 32 threads", peer, "≥ 8"),
        beside(name, "batches of 100", batches, "events/s", "raw multi-row insert, same indexes", raw, "≥ 0.3"),
        beside(name, "batches of 100, 5 % duplicates", duplicates, "events/s", "the same raw insert", raw, "≥ 0.2"),
    ]


async def callers(on: Bed, sample: Sample, seconds: float) -> float:
    """Let 32 callers append one event each, and give the events a second."""
    appender = Appender(EventStore(on.pool, on.keyring), lambda _: None)
    ends = time.perf_counter() + seconds

    async def call() -> int:
        done = 0
        while time.perf_counter() < ends:
            await appender.append([sample.next()])
            done += 1
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*(call() for _ in range(CALLERS))))
    return done / (time.perf_counter() - began)


async def _batches(on: Bed, sample: Sample, seconds: float, *, duplicates: int) -> float:
    store = EventStore(on.pool, on.keyring)
    ends = time.perf_counter() + seconds

    async def write() -> int:
        done, old = 0, list[NewEvent]()
        while time.perf_counter() < ends:
            fresh = [sample.next() for _ in range(BATCH - len(old))]
            groups = [Group(slot_of(e.subject_id), e.subject_id, [e]) for e in (*fresh, *old)]
            await store.append(groups, duplicates_likely=bool(old))
            done += len(groups)
            old = fresh[:duplicates]
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*(write() for _ in range(CONNECTIONS))))
    return done / (time.perf_counter() - began)
