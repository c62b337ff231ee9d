"""Updates through one dispatcher, claim to receipt, to a server in C: beside two bare senders and its own ceiling.

The ceiling is what the two halves allow when each is measured alone: the dispatcher with a transport that answers at
once, and the engine without a dispatcher. A push needs both, so their times add up.
"""

import asyncio
import time
import uuid

from app.apns.answer import Answer
from app.apns.credentials import Credentials
from app.apns.dispatch_rules import DispatchRules
from app.apns.dispatcher import Dispatcher
from app.apns.engine_transport import EngineTransport, TransportSettings
from app.apns.fcm_request import FcmRequest
from app.apns.provider_token import ProviderToken
from app.apns.pyqwest_engine import PyqwestEngine
from app.apns.request import ApnsRequest, Environment
from app.apns.served import Served
from app.apns.shared_token import SharedProviderToken
from app.apns.transports import PushTransport, Unreachable
from bench.database import Bed, bed
from bench.engine import rate, senders
from bench.orders import open_orders
from bench.processes import KEY_ID, TEAM_ID, new_key
from bench.report import Figure, beside
from bench.sink import sink
from events.postgres.doorbell import Ring
from events.slot import slot_of

APP = "com.example.shop"
RULES = DispatchRules(poll=3_600.0)
EVERYTHING = Ring("bench", settings=True)

_CARDS = """
INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type, generation,
                   starter, created_at, phase, started_at, accepted_version, accepted_hash, accepted_at, reported_state,
                   token_hash, token_sealed, token_registered_at)
SELECT c.slot, c.subject_id, c.card_id, 'device-' || c.subject_id, c.customer_id, $6, 'production', 'OrderAttributes',
       1, 'server', lockstep_now(), 'shown', lockstep_now(), 1, '\\x00', lockstep_now(), 'active', c.token_hash,
       c.token_sealed, lockstep_now()
FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[], $7::text[])
     AS c(slot, subject_id, card_id, token_hash, token_sealed, customer_id)
"""

_DEVICES = """
INSERT INTO devices (device_id, customer_id, app, environment, ios_version, activities_enabled, frequent_pushes,
                     registered_at, confirmed_at)
SELECT 'device-' || c.subject_id, c.customer_id, $3, 'production', '18.4', true, true, lockstep_now(), lockstep_now()
FROM unnest($1::text[], $2::text[]) AS c(subject_id, customer_id)
"""

_OWE = """
UPDATE cards
SET due_at = lockstep_now(), debt = debt + 1, blocked_until = NULL, leased_until = NULL, accepted_hash = '\\x00',
    timestamp_used = 0, timestamp_reserved = 0
WHERE slot BETWEEN 0 AND 255
"""

_DUE = "SELECT EXISTS (SELECT FROM cards WHERE slot BETWEEN 0 AND 255 AND lane = 0 AND claim_at <= lockstep_now())"
_OWING = "SELECT count(*) FROM cards WHERE slot BETWEEN 0 AND 255 AND claim_at < lockstep_now() + interval '1 minute'"


class _YesAtOnce:
    """A transport that costs nothing: what is left is the dispatcher and its database."""

    free_permits = 500

    async def send(
        self, request: ApnsRequest | FcmRequest, *, credential: str, bearer: str, deadline_seconds: float
    ) -> Answer:
        """Say yes."""
        del request, credential, bearer, deadline_seconds
        await asyncio.sleep(0)
        return Answer(200)

    def unreachable(self) -> dict[Environment, Unreachable]:
        """It is there."""
        return {}

    def renew(self, environment: Environment, credential: str) -> None:
        """There is no connection."""

    async def close(self) -> None:
        """There is none."""


async def run(*, quick: bool) -> list[Figure]:
    """Measure.

    Raises:
        RuntimeError: the server is not installed.
    """
    cards, rounds = (4_000, 1) if quick else (20_000, 3)
    whole = database = 0.0
    bare = dict.fromkeys(("rust", "aioapns", "plain httpx"), 0.0)
    async with bed() as on, sink() as to:
        await _fill(on, cards)
        key, _ = new_key()
        token = SharedProviderToken(on.pool, on.keyring, ProviderToken(TEAM_ID, KEY_ID, key))
        credentials = Credentials([(Served(), token)])
        for _ in range(rounds):
            for name in bare:
                async with senders()[name](to) as send:
                    bare[name] += (await rate(send, cards if name == "rust" else cards // 4))[0] / rounds
            database += await _dispatch(on, cards, credentials, _YesAtOnce()) / rounds
            urls = {Environment.PRODUCTION: to.url}
            transport = EngineTransport(PyqwestEngine(ca_file=to.ca_file), TransportSettings(base_urls=urls))
            whole += await _dispatch(on, cards, credentials, transport) / rounds
            await transport.close()
        receipts = await on.pool.fetchval("SELECT count(*) FROM receipts WHERE outcome = 'accepted'")
        if receipts != 2 * rounds * cards:
            raise AssertionError(f"{receipts} receipts for {2 * rounds * cards} pushes")
    ceiling = 1 / (1 / database + 1 / bare["rust"])
    metric = "updates, claim to receipt, rust engine"
    return [
        beside("dispatcher", metric, whole, "pushes/s", "aioapns, bare", bare["aioapns"], "≥ 2.5"),
        beside("dispatcher", metric, whole, "pushes/s", "plain httpx, bare", bare["plain httpx"], "≥ 8"),
        beside("dispatcher", metric, whole, "pushes/s", "ceiling", ceiling, "≥ 0.75"),
        Figure("dispatcher", "the same without an engine", database, "pushes/s"),
        Figure("dispatcher", "the engine without a dispatcher", bare["rust"], "pushes/s"),
    ]


async def _dispatch(on: Bed, cards: int, credentials: Credentials, transport: PushTransport) -> float:
    """Put every card in debt, let a dispatcher pay it all, and give the pushes a second."""
    await on.pool.execute(_OWE, timeout=300)
    await on.pool.execute("VACUUM ANALYZE cards", timeout=300)
    await on.pool.execute("CHECKPOINT", timeout=300)
    dispatcher = Dispatcher(on.pool, on.keyring, transport, credentials, lambda _slots: None, rules=RULES)
    stop = asyncio.Event()
    dispatcher.hear(EVERYTHING)
    began = time.perf_counter()
    running = asyncio.ensure_future(dispatcher.run(stop))
    for left in (_DUE, _OWING):  # the second counts leases too, and costs what is to be measured
        while await on.pool.fetchval(left):
            await asyncio.sleep(0.02)
    taken = time.perf_counter() - began
    stop.set()
    await running
    return cards / taken


async def _fill(on: Bed, orders: int) -> None:
    """Give every order a card on a phone of its own, shown and with an update token."""
    ids = await open_orders(on, orders, "live")
    customers = [f"customer-{number}" for number in range(orders)]
    tokens = [f"{number:064x}" for number in range(orders)]
    await on.pool.execute(_DEVICES, ids, customers, APP, timeout=300)
    await on.pool.execute(
        _CARDS,
        [slot_of(each) for each in ids],
        ids,
        [uuid.uuid4() for _ in ids],
        [on.keyring.blind(APP, "production", each) for each in tokens],
        [on.keyring.seal_token(each) for each in tokens],
        APP,
        customers,
        timeout=300,
    )
    await on.pool.execute("VACUUM ANALYZE", timeout=300)
