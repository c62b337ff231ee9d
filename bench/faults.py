"""How fast pushes flow again after APNs misbehaved: every plan for connections, streams and silence, both engines.

A simulator in a process of its own takes pushes; for three seconds it does what the plan says, and then nothing more.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from app.apns import payload
from app.apns.engine_transport import Engine, EngineTransport, TransportSettings
from app.apns.errors import Ambiguous, NotSent
from app.apns.httpx_engine import HttpxEngine
from app.apns.provider_token import ProviderToken
from app.apns.pyqwest_engine import PyqwestEngine
from app.apns.request import Environment, build
from bench.report import Figure

PLANS = (
    "goaway",
    "goaway:reason",
    "goaway_when_idle",
    "reset:refused",
    "reset:internal",
    "stream_limit",
    "cut_after_processing",
    "cut_after_headers",
    "connect:refused",
    "tls:stall",
    "slow",
    "never_answers",
    "black_hole",
)
QUICK = ("goaway", "stream_limit", "black_hole")
ENGINES: dict[str, Callable[..., Engine]] = {"httpx": HttpxEngine, "rust": PyqwestEngine}
WORKERS = 50
PHONES = 100
DEADLINE_SECONDS = 2.0
BASE_SECONDS = 3.0
FAULT_SECONDS = 3.0
WINDOW_SECONDS = 0.5
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Peer:
    """A simulator, and phones to push to."""

    control: aiohttp.ClientSession
    apns_url: str
    ca_file: str
    bearer: str
    phones: tuple[tuple[str, str], ...]


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    figures = []
    for name, engine in ENGINES.items():
        for plan in QUICK if quick else PLANS:
            async with _peer() as peer:
                part, seconds = await _comes_back(engine, peer, plan)
            metric = f"{name}, after {plan}: until ≥ 90 % of the pushes before"
            figures.append(Figure("faults", metric, seconds, "s", f"under the fault: {part:.0%}", target="≤ 5"))
    return figures


async def _comes_back(engine: Callable[..., Engine], peer: Peer, plan: str) -> tuple[float, float]:
    """Push all the time; give what part still got through under a plan, and how long it took to be as before."""
    settings = TransportSettings(base_urls={Environment.SANDBOX: peer.apns_url})
    transport = EngineTransport(
        engine(ca_file=peer.ca_file, connect_timeout_seconds=DEADLINE_SECONDS * 2 / 3), settings
    )
    taken: deque[float] = deque()
    stop = asyncio.Event()
    pushing = [asyncio.create_task(_push(transport, peer, taken, stop, seed)) for seed in range(WORKERS)]
    await asyncio.sleep(1.0)
    base = await _rate(taken, BASE_SECONDS)
    ends = time.monotonic() + FAULT_SECONDS
    under = 0
    while time.monotonic() < ends:
        async with peer.control.post("/faults", json={"plan": plan}) as answer:
            answer.raise_for_status()
        under += round(await _rate(taken, 0.5) * 0.5)
    async with peer.control.delete("/faults") as answer:
        answer.raise_for_status()
    over = time.monotonic()
    while await _rate(taken, WINDOW_SECONDS) < 0.9 * base:
        if time.monotonic() - over > PATIENCE_SECONDS:
            break
    back = time.monotonic() - over
    stop.set()
    await asyncio.gather(*pushing)
    await transport.close()
    return under / FAULT_SECONDS / base, back


async def _rate(taken: deque[float], seconds: float) -> float:
    """Count what APNs accepts for a while, a second."""
    taken.clear()
    await asyncio.sleep(seconds)
    return len(taken) / seconds


async def _push(transport: EngineTransport, peer: Peer, taken: deque[float], stop: asyncio.Event, seed: int) -> None:
    dice = random.Random(seed)
    while not stop.is_set():
        app, token = dice.choice(peer.phones)
        now = int(time.time())
        request = build(
            environment=Environment.SANDBOX,
            app=app,
            token=token,
            apns_id=uuid4(),
            priority=5,
            expiration=now + 600,
            payload=payload.update(timestamp=now, content_state=b'{"status":"ready"}'),
        )
        try:
            answer = await transport.send(
                request, credential="bench", bearer=peer.bearer, deadline_seconds=DEADLINE_SECONDS
            )
        except (NotSent, Ambiguous):
            await asyncio.sleep(0.05)
            continue
        if answer.status == 200:
            taken.append(time.monotonic())


@asynccontextmanager
async def _peer() -> AsyncIterator[Peer]:
    """Run a simulator with calm phones in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from app.cli.main import main; main()",
            "simulator",
            "--json",
            "--apns-port=0",
            "--control-port=0",
            f"--directory={directory}",
            stdout=asyncio.subprocess.PIPE,
        )
        if process.stdout is None:
            raise AssertionError("the output is piped")
        try:
            told: dict[str, Any] = json.loads(await process.stdout.readline())
            settings = told["settings"]
            signing = ProviderToken(
                settings["LOCKSTEP_APNS_TEAM_ID"],
                settings["LOCKSTEP_APNS_KEY_ID"],
                await asyncio.to_thread(Path(settings["LOCKSTEP_APNS_KEY_FILE"]).read_text),
            )
            async with aiohttp.ClientSession(told["controlUrl"]) as control:
                phones = [await _install(control) for _ in range(PHONES)]
                yield Peer(
                    control,
                    settings["LOCKSTEP_APNS_SANDBOX_URL"],
                    settings["LOCKSTEP_APNS_CA_FILE"],
                    signing.sign(time.time()).value,
                    tuple(phones),
                )
        finally:
            process.terminate()
            await process.wait()


async def _install(control: aiohttp.ClientSession) -> tuple[str, str]:
    """Install a calm phone, and give its app and start token."""
    async with control.post("/phones", json={"profile": "calm"}) as answer:
        answer.raise_for_status()
        phone = await answer.json()
    return phone["app"], next(iter(phone["startTokens"].values()))
