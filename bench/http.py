"""Single-event POSTs over HTTP, load by wrk, beside a bare handler that decodes the same body."""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from bench.database import bed
from bench.processes import lockstep_environment, python
from bench.report import Figure, beside

CONNECTIONS = 64
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/cloudevents+json"
wrk.headers["Authorization"] = "Bearer KEY"
local n = 0
local run = tostring(os.time()) .. "-" .. tostring(math.random(1000000))
request = function()
  n = n + 1
  return wrk.format(nil, "/v1/events", nil, string.format(
    '{"specversion":"1.0","id":"%s-%d","source":"kitchen","type":"order.ready","subject":"order-%s-%d",' ..
    '"time":"2026-11-01T12:00:00Z","data":{"deliveryTime":"2026-11-01T13:00:00Z"}}', run, n, run, n % 5000))
end
"""


async def run(*, quick: bool) -> list[Figure]:
    """Measure.

    Raises:
        RuntimeError: wrk is not installed, or requests were refused.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("The load comes from wrk, which is not installed. On Debian: apt-get install wrk")
    seconds, rounds = (3, 1) if quick else (6, 3)
    async with bed() as on:
        key, _ = await KeyStore(on.pool, on.keyring).create(
            name="bench", environment="test", scopes=[Scope.EVENTS_WRITE]
        )
        with tempfile.TemporaryDirectory() as directory:
            script = Path(directory) / "post.lua"
            script.write_text(SCRIPT.replace("KEY", key))
            ours = bare = 0.0
            async with (
                python("bench.service", **lockstep_environment(on, "api")) as (_, service),
                python("bench.bare") as (_, limit),
            ):
                await _load(wrk, script, service, 1)
                for _ in range(rounds):
                    ours += await _load(wrk, script, service, seconds) / rounds
                    bare += await _load(wrk, script, limit, seconds) / rounds
        stored = await on.pool.fetchval("SELECT sum(version) FROM heads WHERE slot BETWEEN 0 AND 255")
        if stored < ours * seconds * rounds * 0.9:
            raise AssertionError("fewer events were stored than were answered")
    return [
        beside(
            "http", "single-event POSTs, committed, 64 connections", ours, "requests/s", "bare handler", bare, "≥ 0.3"
        )
    ]


async def _load(wrk: str, script: Path, url: str, seconds: int) -> float:
    process = await asyncio.create_subprocess_exec(
        wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url, stdout=asyncio.subprocess.PIPE
    )
    output = (await process.communicate())[0].decode()
    if "Non-2xx" in output:
        raise RuntimeError(f"requests were refused:\n{output}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", output)
    if found is None:
        raise RuntimeError(f"wrk said nothing of its rate:\n{output}")
    return float(found[1])
