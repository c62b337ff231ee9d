"""From `kill -9` of the only dispatcher, in the middle of a push, to the card's next push by another."""

import os
import signal
import tempfile
import time
from pathlib import Path

import aiohttp

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from app.simulator.chance import CALM
from app.simulator.faults import Fault
from app.simulator.simulator import Options, Simulator
from bench.database import bed
from bench.latency import Stage, post, show_cards
from bench.processes import KEY_ID, TEAM_ID, lockstep_environment, new_key, python
from bench.report import Figure

LEASE_SECONDS = 10.0


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    rounds = 1 if quick else 3
    waits = [await _once() for _ in range(rounds)]
    return [
        Figure(
            "recovery",
            f"kill -9 of the only dispatcher → the card moves again, lease {LEASE_SECONDS:g} s, worst of {rounds}",
            max(waits),
            "s",
            target=f"≤ {LEASE_SECONDS + 2:g}",
        )
    ]


async def _once() -> float:
    private, public = new_key()
    with tempfile.TemporaryDirectory() as directory:
        async with bed() as on:
            simulator = await Simulator.start(Path(directory), options=Options(profile=CALM))
            simulator.register_key(TEAM_ID, KEY_ID, public)
            key, _ = await KeyStore(on.pool, on.keyring).create(name="b", environment="test", scopes=[Scope.ADMIN])
            sending = lockstep_environment(
                on,
                "dispatcher",
                LOCKSTEP_APNS_TEAM_ID=TEAM_ID,
                LOCKSTEP_APNS_KEY_ID=KEY_ID,
                LOCKSTEP_APNS_KEY=private,
                LOCKSTEP_APNS_SANDBOX_URL=simulator.apns_url,
                LOCKSTEP_APNS_CA_FILE=str(simulator.ca_file),
                LOCKSTEP_DISPATCH_LEASE=str(LEASE_SECONDS),
                LOCKSTEP_DISPATCH_DEADLINE=str(LEASE_SECONDS / 2),
            )
            async with (
                python("bench.service", **lockstep_environment(on, "api,projector,matcher")) as (pid, url),
                aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as client,
            ):
                simulator.lockstep_url = url
                stage = Stage(simulator, client, url, pid)
                async with python("bench.service", **sending) as (victim, _):
                    await show_cards(stage, 1)
                    # its push is taken and never answered: the dispatcher dies with a lease in its hands
                    simulator.add_fault(Fault("never_answers"))
                    seen = _accepted(simulator)
                    await post(stage, "order-0", "order.preparing", "preparing", {})
                    await simulator.wait_until(lambda: not simulator.faults.waiting, within_seconds=30)
                    os.kill(victim, signal.SIGKILL)
                    killed = time.monotonic()
                    async with python("bench.service", **sending):
                        await simulator.wait_until(lambda: _accepted(simulator) > seen, within_seconds=60)
                        waited = time.monotonic() - killed
            await simulator.stop()
    return waited


def _accepted(simulator: Simulator) -> int:
    return sum(push.status == 200 for push in simulator.pushes)
