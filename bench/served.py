"""`lockstep serve` as a process, its log read as it comes: a process whose log nobody reads stands still."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from typing import Self

import msgspec


class Served:
    """A running process; made by `start`.

    Attributes:
        roles: What it runs.
        url: Where it takes requests; None without the API.
        told: How often its log told of what.
    """

    def __init__(self, roles: str, process: asyncio.subprocess.Process) -> None:
        self.roles = roles
        self.url: str | None = None
        self.told: Counter[str] = Counter()
        self._strange: list[str] = []
        self._process = process
        self._started = asyncio.Event()
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def start(cls, roles: str, environment: dict[str, str]) -> Self:
        """Start a process and wait until it serves.

        Raises:
            RuntimeError: It ended before that.
        """
        command = ("-c", "from app.cli.main import main; main()", "serve", "--role", roles, "--port", "0")
        surroundings = {**os.environ, **environment, "LOCKSTEP_LOG_LEVEL": "info", "LOCKSTEP_LOG_FORMAT": "json"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stderr=asyncio.subprocess.PIPE, env=surroundings
        )
        served = cls(roles, process)
        await served._started.wait()
        if not served.told["service_started"]:
            raise RuntimeError(f"a process with the roles {roles} ended before it served: {dict(served.told)}")
        return served

    async def leave(self) -> float:
        """Tell it to stop; give the seconds until it was gone.

        Raises:
            AssertionError: It ended with an error, or had something to say that is no line of a log.
        """
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = await self._process.wait()
        seconds = time.monotonic() - began
        await self._reading
        if code != 0 or self._strange:
            said = "\n".join(self._strange)
            raise AssertionError(
                f"a process with the roles {self.roles} ended with {code}, and wrote beside its log:\n{said}"
            )
        return seconds

    async def kill(self) -> None:
        """End it the hard way, unless it has ended."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        if self._process.stderr is None:
            raise AssertionError("the log is piped")
        async for line in self._process.stderr:
            if not line.startswith(b"{"):
                self._strange.append(line.decode().rstrip())
                continue
            told = msgspec.json.decode(line)
            self.told[told["event"]] += 1
            if told["event"] == "service_started":
                self.url = told["url"]
                self._started.set()
        self._started.set()
