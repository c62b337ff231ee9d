"""Everything that takes part in a run: Postgres, Lockstep's processes, the simulator, the shop and its customers."""

import base64
import os
import random
import socket
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from app.demo.bulk import CONCERT
from app.demo.gallery import Gallery
from app.settings_fields import ALL_ROLES
from app.simulator.declaration import ORDER
from app.simulator.simulator import Options, Simulator
from events.keyring import open_keyring
from events.postgres.pool import open_pool
from events.secret_keys import SecretKeys
from tests.faults.backend import NETWORK, Backend
from tests.faults.concerts import Concerts
from tests.faults.fleet import Fleet, Member
from tests.faults.ledger import Ledger
from tests.faults.people import People
from tests.faults.pictures import Pictures
from tests.faults.postgres import FallingPostgres
from tests.faults.replays import Replays
from tests.faults.writer import Shop

TEAM, KEY = "TEAM123456", "KEY1234567"
ALL_PUSHES = 10_000_000


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


class Stage(msgspec.Struct, frozen=True):
    """Everything that takes part."""

    postgres: FallingPostgres
    simulator: Simulator
    fleet: Fleet
    ledger: Ledger
    shop: Shop
    people: People
    concerts: Concerts
    pictures: Pictures
    replays: Replays
    backend: Backend
    secret_key: bytes


async def build(plan: Plan, folder: Path, stack: AsyncExitStack) -> Stage:
    """Start everything that takes part; the stack ends it."""
    postgres = await FallingPostgres.start(folder / "postgres")
    stack.push_async_callback(postgres.stop)
    # every push is kept: a second start may come long after the first
    options = Options(seed=plan.seed, keep_pushes=ALL_PUSHES, declarations=(ORDER, CONCERT))
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
        "LOCKSTEP_DISPATCH_CHANNEL_LIST": "2",
        "LOCKSTEP_UNKNOWN_CHANNELS": "delete",
        # what a phone takes is the simulator's to say
        "LOCKSTEP_PICTURE_MOST": "20",
        "LOCKSTEP_PICTURE_AGAIN": "2",
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
    concerts = Concerts(shop, chance(plan, "concerts"))
    gallery = await stack.enter_async_context(Gallery.open())
    pictures = Pictures(gallery, shop, chance(plan, "pictures"))
    people = People(simulator, shop, concerts, pictures, chance(plan, "people"))
    replays = Replays(environment, chance(plan, "replays"))
    return Stage(postgres, simulator, fleet, ledger, shop, people, concerts, pictures, replays, backend, secret_key)


async def _set_up(dsn: str, secret_key: bytes, backend: Backend) -> str:
    """Give the shop its key, and have its backend told."""
    pool = await open_pool(dsn, name="chaos-harness", most=4)
    try:
        keyring = await open_keyring(pool, SecretKeys(secret_key))
        await backend.ask(pool, keyring)
        key, _ = await KeyStore(pool, keyring).create(name="chaos", environment="test", scopes=[Scope.ADMIN])
    finally:
        await pool.close()
    return key


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
