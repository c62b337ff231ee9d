"""What our appends are held against: the plainest inserts of the same rows."""

import asyncio
import time

import asyncpg

from bench.sample import Sample
from events.postgres.pool import connect

PLAIN_TABLE = """
CREATE TABLE IF NOT EXISTS plain (
    source text, event_id text PRIMARY KEY, subject_id text, type text, schema_version smallint, digest bytea,
    data json, occurred_at timestamptz, recorded_at timestamptz DEFAULT clock_timestamp())
"""
PLAIN_INSERT = """
INSERT INTO plain (source, event_id, subject_id, type, schema_version, digest, data, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
RAW_INSERT = """
INSERT INTO raw (slot, subject_id, version, source, event_id, type, schema_version, digest, data, sealed, occurred_at,
                 recorded_at, trace)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                     $8::bytea[], $9::json[], $10::bytea[], $11::timestamptz[], $12::timestamptz[], $13::text[])
"""


async def plain_inserts(dsn: str, sample: Sample, *, connections: int, seconds: float) -> float:
    """Give the single-row inserts a second by so many connections, each awaiting its own commit."""
    opened = [await connect(dsn, name="bench-plain") for _ in range(connections)]
    await opened[0].execute(PLAIN_TABLE)
    ends = time.perf_counter() + seconds

    async def insert(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
        statement, done = await connection.prepare(PLAIN_INSERT), 0
        while time.perf_counter() < ends:
            e = sample.next()
            await statement.fetch(
                e.source, e.event_id, e.subject_id, e.type, e.schema_version, e.digest, e.data, e.occurred_at
            )
            done += 1
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*(insert(each) for each in opened)))
    taken = time.perf_counter() - began
    for each in opened:
        await each.close()
    return done / taken


async def raw_inserts(dsn: str, sample: Sample, *, batch: int, connections: int, seconds: float) -> float:
    """Give the rows a second of multi-row inserts into a table with the same columns and indexes as the log."""
    opened = [await connect(dsn, name="bench-raw") for _ in range(connections)]
    await opened[0].execute("CREATE TABLE IF NOT EXISTS raw (LIKE events INCLUDING ALL)")
    ends = time.perf_counter() + seconds

    async def insert(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
        statement, done = await connection.prepare(RAW_INSERT), 0
        while time.perf_counter() < ends:
            events = [sample.next() for _ in range(batch)]
            await statement.fetch(
                [hash(e.subject_id) % 256 for e in events],
                [e.subject_id for e in events],
                [int(e.event_id.rpartition("-")[2]) for e in events],
                [e.source for e in events],
                [e.event_id for e in events],
                [e.type for e in events],
                [e.schema_version for e in events],
                [e.digest for e in events],
                [e.data for e in events],
                [None] * batch,
                [e.occurred_at for e in events],
                [e.occurred_at for e in events],
                [None] * batch,
            )
            done += batch
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*(insert(each) for each in opened)))
    taken = time.perf_counter() - began
    for each in opened:
        await each.close()
    return done / taken
