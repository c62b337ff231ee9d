"""Load from wrk: single-event POSTs, each of a new event, by a client in C that leaves the processors to the server."""

import asyncio
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 64
_SCRIPT = """
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


@dataclass(frozen=True)
class Load:
    """What a server was asked, and did.

    Attributes:
        rate: Requests a second.
        requests: All of them.
        client_part: Of one processor, that wrk took.
    """

    rate: float
    requests: int
    client_part: float


@dataclass(frozen=True)
class Wrk:
    """The client, with what it is to send."""

    program: str
    script: Path

    async def load(self, url: str, seconds: int) -> Load:
        """Ask for so many seconds.

        Raises:
            RuntimeError: Requests were refused.
        """
        before, began = _children_seconds(), time.monotonic()
        process = await asyncio.create_subprocess_exec(
            self.program,
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "-s",
            str(self.script),
            url,
            stdout=asyncio.subprocess.PIPE,
        )
        output = (await process.communicate())[0].decode()
        client_part = (_children_seconds() - before) / (time.monotonic() - began)
        if "Non-2xx" in output:
            raise RuntimeError(f"requests were refused:\n{output}")
        rate, requests = re.search(r"Requests/sec:\s+([0-9.]+)", output), re.search(r"(\d+) requests in", output)
        if rate is None or requests is None:
            raise RuntimeError(f"wrk said nothing of its rate:\n{output}")
        return Load(float(rate[1]), int(requests[1]), client_part)


@contextmanager
def wrk(key: str) -> Iterator[Wrk]:
    """Give the client, which shows an API key.

    Raises:
        RuntimeError: wrk is not installed.
    """
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("The load comes from wrk, which is not installed. On Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "post.lua"
        script.write_text(_SCRIPT.replace("KEY", key))
        yield Wrk(program, script)


def _children_seconds() -> float:
    """Give the processor time of the processes that have ended; servers that run are not among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
