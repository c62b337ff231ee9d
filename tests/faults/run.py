"""One run: build everything, strike while it works, let it come to rest, judge."""

import asyncio
import base64
import json
import os
import random
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from app.demo.judge import judge_phone
from app.demo.oracle import expect_each
from app.settings import ALL_ROLES
from app.simulator.readings import read_phone
from app.simulator.simulator import Options, Simulator
from events.keyring import open_keyring
from events.postgres.pool import open_pool
from tests.faults.backend import NETWORK, Backend
from tests.faults.blows import Killer
from tests.faults.books import (
    judge_log,
    judge_orders,
    judge_receipts,
    judge_started_again,
    judge_told_again,
    judge_views,
)
from tests.faults.debts import read_debts, read_lost_starts
from tests.faults.fleet import Fleet, Member
from tests.faults.history import Stages, judge_order, judge_received, judge_starts, judge_told
from tests.faults.ledger import Ledger
from tests.faults.people import People, is_silent
from tests.faults.postgres import FallingPostgres
from tests.faults.replays import Replays
from tests.faults.writer import Shop

TEAM, KEY = "TEAM123456", "KEY1234567"
REST_SECONDS = 10.0
LONGEST_REST_SECONDS = 90.0
# It must stay right, too.
QUIET_LOOKS = 4
ALL_PUSHES = 10_000_000
ROLES_KILLED = frozenset({*(f"SIGKILL {role}" for role in ALL_ROLES), "SIGKILL to aim anew"})
# Written by the supervisor and the dispatcher when something failed that they did not expect.
BUGS = frozenset({"loop_failed", "dispatch_failed", "request_failed", "subject_quarantined"})


class Plan(msgspec.Struct, frozen=True):
    """What a run is to be.

    Attributes:
        kills: How many, all kinds together.
        crowd: Customers at the same time.
        each: Processes of each role, every one of which has this role alone.
    """

    seed: int
    kills: int
    crowd: int
    each: int = 2


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was and what it found."""

    plan: Plan
    seconds: float
    rest_seconds: float
    kills: dict[str, int]
    aimed: dict[str, int]
    under_way: list[int]
    counts: dict[str, int]
    answers: dict[str, int]
    pushes: dict[str, int]
    bugs: dict[str, int]
    violations: list[str]

    @property
    def dealt(self) -> int:
        """Count the blows, aimed ones included."""
        return sum(self.kills.values()) + sum(self.aimed.values())

    @property
    def of_roles(self) -> int:
        """Count the blows that ended a process of a role, which was started again."""
        whole = (count for name, count in self.kills.items() if name in ROLES_KILLED)
        return sum(whole) + sum(self.aimed.values())


class Stage(msgspec.Struct, frozen=True):
    """Everything that takes part."""

    postgres: FallingPostgres
    simulator: Simulator
    fleet: Fleet
    ledger: Ledger
    shop: Shop
    people: People
    replays: Replays
    backend: Backend
    secret_key: bytes


async def run(plan: Plan, folder: Path) -> Result:
    """Run once, with everything in a folder."""
    began = time.monotonic()
    me = asyncio.current_task()
    if me is not None:
        # what was started is ended also then
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    async with AsyncExitStack() as stack:
        stage = await build(plan, folder, stack)
        killer = Killer(stage.fleet, stage.postgres, lambda: stage.shop.under_way, chance(plan, "killer"))
        enough = asyncio.Event()

        async def strike() -> None:
            try:
                await killer.run(plan.kills)
            finally:
                enough.set()

        async def live_and_die() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(stage.people.crowd(plan.crowd, enough))
                group.create_task(stage.replays.run(enough))
                group.create_task(strike())

        await stage.fleet.while_there_is_hope(live_and_die())
        by_api = {order_id: await stage.shop.read_events(order_id) for order_id in stage.people.orders}
        stages: Stages = {order_id: expect_each(order_id, events) for order_id, events in by_api.items()}
        rested = time.monotonic()
        left, lost = await come_to_rest(stage, stages)
        rest_seconds = time.monotonic() - rested
        pushes = len(stage.simulator.pushes)
        await stage.replays.finish()
        more = len(stage.simulator.pushes) - pushes
        faults = [*left, *stage.ledger.wrong, *stage.shop.given_up, *stage.fleet.surprises, *stage.replays.wrong]
        faults += [f"{more} pushes went out during a replay at rest"] if more else []
        faults += judge_order(stage.people.shown, stages) + judge_starts(stage.people.shown)
        faults += judge_received(stage.simulator.pushes)
        users = {agent.phone_id: agent.phone.customer_id for agent in stage.simulator.phones.values()}
        faults += judge_told(stage.simulator.pushes, stages, users)
        faults += judge_orders({order_id: await stage.shop.read_order(order_id) for order_id in stages}, stages)
        connection = await stage.postgres.connect()
        try:
            faults += await judge_log(connection, stage.ledger, by_api)
            faults += await judge_receipts(connection)
            faults += await judge_started_again(connection)
            faults += await judge_told_again(connection)
            receipts = await connection.fetchval("SELECT count(*) FROM receipts")
        finally:
            await connection.close()
        faults += await judge_views(stage.postgres.dsn, stage.secret_key, stage.people.orders)
        faults += [
            f"phone {agent.phone_id} was refused: {each.method} {each.status} {each.text[:200]}"
            for agent in stage.simulator.phones.values()
            for each in agent.complaints
        ]
        faults += await stage.fleet.stop()
        bugs = read_bugs(stage.fleet.logs())
        faults += [f"the logs say {bug} {count} times" for bug, count in bugs.items()]
        token_changes = stage.simulator.pushes.counts["TooManyProviderTokenUpdates"]
        faults += [f"APNs refused {token_changes} pushes for a second provider token"] if token_changes else []
        people, shop = stage.people, stage.shop
        return Result(
            plan=plan,
            seconds=time.monotonic() - began,
            rest_seconds=rest_seconds,
            kills=dict(sorted(killer.dealt.items())),
            aimed=dict(sorted(stage.fleet.struck.items())),
            under_way=killer.under_way,
            counts={
                "customers": people.customers,
                "phones": len(stage.simulator.phones),
                "phones that never report a card": sum(map(is_silent, stage.simulator.phones.values())),
                "orders": len(people.orders),
                "events said": len(stage.ledger.intended),
                "events acknowledged": len(stage.ledger.versions),
                "slowest acknowledgement, ms": round(shop.longest * 1000),
                "acts of people": people.acts,
                "receipts": receipts,
                "pushes seen by phones": len(people.shown),
                "ordinary notifications": sum(each.event == "alert" for each in stage.simulator.pushes),
                "starts given up (never)": len(lost),
                "process starts": stage.fleet.starts,
                "facts told to the backend": len(stage.backend.ids),
                "requests to the backend": stage.backend.requests,
                **{f"replay: {name}": count for name, count in sorted(stage.replays.ended.items())},
            },
            answers={str(status or "none"): count for status, count in sorted(shop.answers.items())},
            pushes=dict(sorted(stage.simulator.pushes.counts.items())),
            bugs=dict(bugs),
            violations=faults,
        )


async def build(plan: Plan, folder: Path, stack: AsyncExitStack) -> Stage:
    """Start everything that takes part; the stack ends it."""
    postgres = await FallingPostgres.start(folder / "postgres")
    stack.push_async_callback(postgres.stop)
    # every push is kept: a second start may come long after the first
    options = Options(seed=plan.seed, keep_pushes=ALL_PUSHES)
    simulator = await Simulator.start(folder / "simulator", options=options)
    stack.push_async_callback(simulator.stop)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    simulator.register_key(TEAM, KEY, public)
    secret_key = os.urandom(32)
    environment = {
        "LOCKSTEP_DATABASE_URL": postgres.dsn,
        "LOCKSTEP_SECRET_KEY": base64.b64encode(secret_key).decode(),
        "LOCKSTEP_APNS_TEAM_ID": TEAM,
        "LOCKSTEP_APNS_KEY_ID": KEY,
        "LOCKSTEP_APNS_KEY": pem,
        "LOCKSTEP_APNS_PRODUCTION_URL": simulator.apns_url,
        "LOCKSTEP_APNS_SANDBOX_URL": simulator.apns_url,
        "LOCKSTEP_APNS_PRODUCTION_CHANNELS_URL": simulator.channels_url,
        "LOCKSTEP_APNS_SANDBOX_CHANNELS_URL": simulator.channels_url,
        "LOCKSTEP_APNS_CA_FILE": str(simulator.ca_file),
        "LOCKSTEP_PROFILE": "fast",
        # phones that never report a card are told by ordinary notifications
        "LOCKSTEP_FALLBACK_ALERTS": "true",
        "LOCKSTEP_FALLBACK_AFTER": "1",
        "LOCKSTEP_WEBHOOK_HTTP": "true",
        "LOCKSTEP_WEBHOOK_NETWORKS": NETWORK,
    }
    members = [
        Member(f"{role}-{n}", (role,), _free_port() if role == "api" else 0)
        for role in ALL_ROLES
        for n in range(1, plan.each + 1)
    ]
    urls = [f"http://127.0.0.1:{member.port}" for member in members if member.port]
    logs = folder / "logs"
    logs.mkdir()
    fleet = Fleet(members, environment, logs, chance(plan, "fleet"))
    stack.push_async_callback(fleet.stop)
    await fleet.start()
    ledger = Ledger(folder / "ledger.jsonl")
    stack.callback(ledger.close)
    backend = await Backend.start(chance(plan, "backend"))
    stack.push_async_callback(backend.close)
    shop = Shop(urls, await _set_up(postgres.dsn, secret_key, backend), ledger, chance(plan, "shop"))
    stack.push_async_callback(shop.close)
    simulator.lockstep_url = urls[0]
    people = People(simulator, shop, chance(plan, "people"))
    replays = Replays(environment, chance(plan, "replays"))
    return Stage(postgres, simulator, fleet, ledger, shop, people, replays, backend, secret_key)


async def _set_up(dsn: str, secret_key: bytes, backend: Backend) -> str:
    """Give the shop its key, and have its backend told."""
    pool = await open_pool(dsn, name="chaos-harness", most=4)
    try:
        keyring = await open_keyring(pool, secret_key)
        await backend.ask(pool, keyring)
        key, _ = await KeyStore(pool, keyring).create(name="chaos", environment="test", scopes=[Scope.ADMIN])
    finally:
        await pool.close()
    return key


async def come_to_rest(
    stage: Stage, stages: Stages, *, tokens_die: bool = False
) -> tuple[list[str], set[tuple[str, str]]]:
    """Wait until phones and database are as they must be: 10 s after the last timer, at the most.

    Args:
        stage: Everything that takes part.
        stages: What the oracle expects of each order.
        tokens_die: A push that APNs has taken may be on its way to a token that dies, and nobody is told.

    Returns:
        What is still wrong, and the starts that were given up.
    """
    now = time.monotonic()
    deadline, latest, quiet = now + REST_SECONDS, now + LONGEST_REST_SECONDS, 0
    connection = await stage.postgres.connect()
    try:
        while True:
            debts = await read_debts(connection)
            arrived = {each.card_id.lower() for each in stage.people.shown if each.card_id and each.event == "start"}
            came = {each.apns_id.lower() for each in stage.people.shown}
            taken = {each.apns_id.lower() for each in stage.simulator.pushes if each.status == 200}
            lost = await read_lost_starts(connection, arrived, taken - came if tokens_die else ())
            wrong = debts.open + _judge_phones(stage, stages, lost) + await stage.backend.missing(connection)
            now = time.monotonic()
            quiet = quiet + 1 if not wrong else 0
            if quiet == QUIET_LOOKS or (wrong and now > min(deadline, latest)):
                return wrong, lost
            if debts.timer_seconds > 0:
                deadline = now + debts.timer_seconds + REST_SECONDS
            await asyncio.sleep(0.25)
    finally:
        await connection.close()


def _judge_phones(stage: Stage, stages: Stages, lost: set[tuple[str, str]]) -> list[str]:
    """Ask the oracle about every phone, as far as it could know."""
    moment = datetime.now(UTC)
    of_customer: dict[str | None, list[str]] = {}
    for order_id, seen in stages.items():
        if seen:
            of_customer.setdefault(seen[-1].customer_id, []).append(order_id)
    wrong: list[str] = []
    for agent in stage.simulator.phones.values():
        reading = msgspec.to_builtins(read_phone(agent, moment.timestamp(), records=False))
        subjects = {card["subject"] for card in reading["cards"]} | set(of_customer.get(reading["customerId"], ()))
        known = {
            subject: stages[subject]
            for subject in subjects
            if subject in stages and not _given_up(reading, subject, lost)
        }
        wrong += judge_phone(reading, known, moment)
    return wrong


def _given_up(reading: dict[str, Any], subject: str, lost: set[tuple[str, str]]) -> bool:
    shows = any(card["subject"] == subject for card in reading["cards"])
    return not shows and (subject, reading["deviceId"]) in lost


def read_bugs(logs: Sequence[Path]) -> Counter[str]:
    """Count what the processes logged as failures of their own, by event and place."""
    bugs: Counter[str] = Counter()
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                bugs["something that is no log line"] += line.startswith("Traceback")
                continue
            if said.get("event") in BUGS or said.get("level") == "error":
                bugs[
                    " ".join(str(said[name]) for name in ("event", "loop", "error", "at", "detail") if name in said)
                ] += 1
    return +bugs


def chance(plan: Plan, name: str) -> random.Random:
    """Give the dice of one who takes part."""
    return random.Random(f"{plan.seed}:{name}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def new_folder() -> Path:
    """Make a folder for a run."""
    return Path(tempfile.mkdtemp(prefix="lockstep-chaos-"))
