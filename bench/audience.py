"""A match for 100,000 phones: started once each, whatever is killed, and moved while an order moves.

Pushes go to a server in C that writes down each path, so that what a phone was sent twice cannot hide.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from bench.database import Bed, bed
from bench.flood import MEGABYTE
from bench.processes import KEY_ID, TEAM_ID, lockstep_environment, new_key, python, resident_bytes
from bench.report import Figure
from bench.sink import Sink, sink
from events.slot import slot_of
from projections.audience_store import AudienceStore, Progress

TYPE = "MatchAttributes"
APP = "com.example.shop"
MATCH, ORDER = "match-1", "order-1"
RATE = 1_000
KILLS = 6
IDLE = (slot_of(MATCH) + 1) % 256
"""A slot in which nothing happens: what asking for its lock takes is the machine's."""
CHUNK = 5_000
ORDERS_PHONE = 10_000_000
"""The number of a phone that is in no audience of the measurement before it has its order's card."""

_PHONES = """
WITH phones AS (
    SELECT 'phone-' || lpad(p.n::text, 8, '0') AS id, p.n, p.hash, p.sealed
    FROM unnest($1::integer[], $2::bytea[], $3::bytea[]) AS p(n, hash, sealed)
), tokens AS (
    INSERT INTO push_tokens (app, environment, token_hash, token_sealed, device_id, registered_at)
    SELECT $4, 'production', p.hash, p.sealed, p.id, lockstep_now()
    FROM phones AS p
), starts AS (
    INSERT INTO start_tokens (device_id, attributes_type, token_hash, ios_version)
    SELECT p.id, $5, p.hash, '18.4'
    FROM phones AS p
)
INSERT INTO devices (device_id, customer_id, app, environment, ios_version, activities_enabled, frequent_pushes,
                     registered_at, confirmed_at)
SELECT p.id, 'customer-' || p.n, $4, 'production', '18.4', true, true, lockstep_now(), lockstep_now()
FROM phones AS p
"""
_REPORT = """
UPDATE cards AS c
SET reported_state = 'active', activity_id = c.card_id::text, reported_at = lockstep_now(), token_hash = n.hash,
    token_sealed = n.sealed, token_registered_at = lockstep_now()
FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS n(device_id, hash, sealed)
WHERE c.slot = $1 AND c.device_id = n.device_id
"""
_MADE = "SELECT count(*) FROM cards WHERE slot = $1 AND subject_id = $2"
_BEHIND = "SELECT count(*) FROM cards WHERE slot = $1 AND subject_id = $2 AND accepted_version < 3 AND phase = 'shown'"
_HELD = "SELECT slot FROM slots WHERE slot = $1 FOR UPDATE"


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    phones, kills = (6_000, 2) if quick else (100_000, KILLS)
    async with bed() as on, sink(paths=True) as to:
        await _install(on, range(phones), TYPE)
        await _install(on, [ORDERS_PHONE], "OrderAttributes")
        private, _ = new_key()
        key, _ = await KeyStore(on.pool, on.keyring).create(name="bench", environment="test", scopes=[Scope.ADMIN])
        settings = _settings(on, to, private)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as client:
            figures = await _start(on, client, settings, to.paths(), phones, kills)
            return figures + await _move(on, client, settings, phones)


def _settings(on: Bed, to: Sink, private: str) -> dict[str, str]:
    return lockstep_environment(
        on,
        "api,projector,matcher,dispatcher",
        LOCKSTEP_APNS_ENGINE="rust",
        LOCKSTEP_APNS_TEAM_ID=TEAM_ID,
        LOCKSTEP_APNS_KEY_ID=KEY_ID,
        LOCKSTEP_APNS_KEY=private,
        LOCKSTEP_APNS_PRODUCTION_URL=to.url,
        LOCKSTEP_APNS_CA_FILE=to.ca_file,
        LOCKSTEP_AUDIENCE_RATE=str(RATE),
        LOCKSTEP_DISPATCH_LEASE="10",
        LOCKSTEP_DISPATCH_DEADLINE="4",
        LOCKSTEP_PLAN_REPORT_WAIT="2",
    )


async def _install(on: Bed, numbers: "range | list[int]", attributes_type: str) -> None:
    """Register phones with a start token each."""
    for first in range(0, len(numbers), CHUNK):
        some = list(numbers[first : first + CHUNK])
        tokens = [f"{n:064x}" for n in some]
        hashes = [on.keyring.blind(APP, "production", each) for each in tokens]
        sealed = [on.keyring.seal_token(each) for each in tokens]
        await on.pool.execute(_PHONES, some, hashes, sealed, APP, attributes_type, timeout=300)
    await on.pool.execute("VACUUM ANALYZE", timeout=300)


async def _start(
    on: Bed, client: aiohttp.ClientSession, settings: dict[str, str], paths: Path, phones: int, kills: int
) -> list[Figure]:
    """Start the match, kill the service in the middle so many times, and see who was sent what."""
    rates, memory, began = list[float](), list[float](), time.monotonic()
    for life in range(kills + 1):
        async with _service(settings) as (pid, url):
            if life == 0:
                audience = {"audience": {"everybody": True}, "attributesType": TYPE, "attributes": {"home": "PAOK"}}
                shown = {"contentState": {"score": [0, 0]}, "alert": {"title": "PAOK", "body": "Kick-off!"}}
                await _post(client, url, MATCH, "activity.started", audience | shown)
            part = phones * (life + 1) / (kills + 1)
            last, since = await on.pool.fetchval(_MADE, slot_of(MATCH), MATCH), time.monotonic()
            while last < part or (life == kills and not await _settled(on)):
                await asyncio.sleep(1)
                made, now = await on.pool.fetchval(_MADE, slot_of(MATCH), MATCH), time.monotonic()
                rates.append((made - last) / (now - since))
                last, since = made, now
                if life == kills:
                    memory.append(resident_bytes(pid) / MEGABYTE)
            if life < kills:
                os.kill(pid, signal.SIGKILL)
    taken = time.monotonic() - began
    asked = time.monotonic()
    progress = await _progress(on)
    told = time.monotonic() - asked
    sent = Counter((await asyncio.to_thread(paths.read_text)).split())
    listed = await AudienceStore(on.pool).phones(MATCH, outcome="unknown", most=phones)
    if progress.phones != phones or progress.accepted + progress.unknown != phones or len(listed) != progress.unknown:
        raise AssertionError(f"{progress}, {len(listed)} listed")
    what = f"{phones:,} phones, {kills} times kill -9"
    return [
        Figure("audience", f"{what}: starts on a phone, at the most", max(sent.values()), "", target="≤ 1"),
        Figure("audience", f"{what}: answer unknown, listed", progress.unknown, "phones"),
        Figure("audience", "of these were sent nothing", phones - len(sent), "phones"),
        Figure("audience", f"cards made, rate {RATE:,}/s: all", taken, "s"),
        Figure("audience", "cards made in a second, at the most", max(rates), "/s", target=f"≤ {RATE * 1.3:g}"),
        Figure("audience", "how far it is, counted", told * 1_000, "ms"),
        Figure("audience", "memory of the last process, peak", max(memory), "MB", target="≤ 150"),
    ]


async def _move(on: Bed, client: aiohttp.ClientSession, settings: dict[str, str], phones: int) -> list[Figure]:
    """Give all of them an update token, and move them, and an order of the same minute."""
    for first in range(0, phones, CHUNK):
        some = range(first, min(first + CHUNK, phones))
        tokens = [f"{n:062x}ff" for n in some]
        ids = [f"phone-{n:08d}" for n in some]
        hashes = [on.keyring.blind(APP, "production", each) for each in tokens]
        sealed = [on.keyring.seal_token(each) for each in tokens]
        await on.pool.execute(_REPORT, slot_of(MATCH), ids, hashes, sealed, timeout=300)
    await on.pool.execute("VACUUM ANALYZE", timeout=300)
    async with _service(settings) as (_, url):
        customer = {"customerId": f"customer-{ORDERS_PHONE}", "merchantName": "Pizzeria"}
        await _post(client, url, ORDER, "order.placed", customer)
        await _accepted(on, "start")
        card_id = await on.pool.fetchval("SELECT card_id FROM cards WHERE subject_id = $1", ORDER)
        report = {"subject": ORDER, "attributesType": "OrderAttributes", "activityId": "a-1", "updateToken": "ee" * 32}
        path = f"{url}/v1/devices/phone-{ORDERS_PHONE}/cards/{card_id}"
        async with client.put(path, json=report) as answer:
            answer.raise_for_status()
        stop = asyncio.Event()
        probes = [asyncio.ensure_future(_probe(on, slot, stop)) for slot in (slot_of(MATCH), IDLE)]
        began = time.monotonic()
        await _post(client, url, MATCH, "activity.updated", {"contentState": {"score": [1, 0]}})
        while await on.pool.fetchval("SELECT count(*) FROM fan_outs") == 0:
            await asyncio.sleep(0.01)
        # the fold of another waits for the batch that is being put in debt
        await _post(client, url, MATCH, "activity.updated", {"contentState": {"score": [1, 1]}}, "again")
        posted = time.monotonic()
        await _post(client, url, ORDER, "order.courier_arriving", {})
        await _accepted(on, "update")
        arrived = time.monotonic() - posted
        while await on.pool.fetchval("SELECT count(*) FROM fan_outs"):
            await asyncio.sleep(0.05)
        spread = time.monotonic() - began
        while await on.pool.fetchval(_BEHIND, slot_of(MATCH), MATCH):
            await asyncio.sleep(0.5)
        all_moved = time.monotonic() - began
        stop.set()
        held, idle = [await each for each in probes]
    what = f"two updates to {phones:,} cards"
    return [
        Figure(
            "audience",
            f"{what}: their slot held, at the most",
            held * 1_000,
            "ms",
            f"one in which nothing happens: {idle * 1_000:.1f} ms",
            target="≤ 50",
        ),
        Figure("audience", f"{what}: all in debt", spread, "s"),
        Figure("audience", f"{what}: all accepted", all_moved, "s"),
        Figure("audience", "a courier's arrival meanwhile: until its push", arrived * 1_000, "ms", target="≤ 1000"),
    ]


async def _probe(on: Bed, slot: int, stop: asyncio.Event) -> float:
    """Ask for a slot's lock over and over, as a projector would; give the longest wait in seconds."""
    longest = 0.0
    async with on.pool.acquire() as connection:
        while not stop.is_set():
            asked = time.monotonic()
            async with connection.transaction():
                await connection.fetchval(_HELD, slot)
                longest = max(longest, time.monotonic() - asked)
            await asyncio.sleep(0.002)
    return longest


async def _accepted(on: Bed, kind: str) -> None:
    """Wait until APNs has taken a push of the order."""
    query = "SELECT count(*) FROM receipts WHERE slot = $1 AND subject_id = $2 AND kind = $3 AND outcome = 'accepted'"
    while not await on.pool.fetchval(query, slot_of(ORDER), ORDER, kind):
        await asyncio.sleep(0.002)


async def _progress(on: Bed) -> Progress:
    progress = await AudienceStore(on.pool).progress(MATCH)
    if progress is None:
        raise AssertionError("the audience has not begun")
    return progress


async def _settled(on: Bed) -> bool:
    progress = await _progress(on)
    return progress.state == "done" and progress.waiting == 0


async def _post(
    client: aiohttp.ClientSession, url: str, subject: str, type_: str, data: Mapping[str, object], event_id: str = "1"
) -> None:
    body = {"type": type_, "id": f"{type_}-{event_id}", "source": "bench", "data": data}
    async with client.post(f"{url}/v1/orders/{subject}/events", json=body) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {await answer.text()}")


@asynccontextmanager
async def _service(settings: dict[str, str]) -> AsyncIterator[tuple[int, str]]:
    async with python("bench.service", **settings) as running:
        yield running
