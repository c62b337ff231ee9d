"""Real processes of Lockstep: started, watched, and started again whenever they end."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter, deque
from collections.abc import Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults import probe
from tests.faults.process import EXIT_VARIABLE, HOPELESS, KILLED, READY, UNABLE

START_AGAIN_SECONDS = 0.3
# Which process passes which place.
ROLES_AT = {
    "after_start": "dispatcher",
    "after_append": "api",
    "after_fold": "projector",
    "after_match": "matcher",
    "after_claim": "dispatcher",
    "after_intent": "dispatcher",
    "after_send": "dispatcher",
    "after_commit": "dispatcher",
    "after_enrol": "matcher",
    "after_channel_intent": "dispatcher",
    "after_channel_send": "dispatcher",
    "after_picture_push": "dispatcher",
}
# At which pass it dies: drawn from these; concerts and pictures are few.
PASSES, FEW_PASSES = (2, 25), (1, 3)
PASSED_SELDOM = frozenset({"after_enrol", "after_channel_intent", "after_channel_send", "after_picture_push"})


class HopelessError(Exception):
    """A run cannot go on."""


class Member:
    """One place in the fleet, where a process always stands or is about to.

    Args:
        name: In the summary and of its log.
        roles: What its process does.
        port: Where it listens, if it is an API.

    Attributes:
        ready: Set as long as its process is up.
        stopped: SIGSTOP holds it.
        armed: It is to end at a place of its own.
    """

    def __init__(self, name: str, roles: Collection[str], port: int = 0) -> None:
        self.name = name
        self.roles = roles
        self.port = port
        self.ready = asyncio.Event()
        self.stopped = False
        self.armed = False
        self.process: asyncio.subprocess.Process | None = None

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        if self.process is not None and self.process.returncode is None:
            # send_signal() looks whether it has ended, and takes its status from asyncio, which then knows none
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)


class Fleet:
    """All processes.

    Args:
        members: Who stands in it.
        environment: The settings all of them share.
        folder: Where their logs go.
        chance: Draws at which pass an aimed kill strikes.
    """

    def __init__(
        self, members: Iterable[Member], environment: Mapping[str, str], folder: Path, chance: random.Random
    ) -> None:
        self.members = list(members)
        self.aimed: deque[str] = deque()
        self.struck: Counter[str] = Counter()
        self.starts = 0
        self.surprises: list[str] = []
        self.hopeless = asyncio.Event()
        self._environment = environment
        self._folder = folder
        self._chance = chance
        self._ending = False
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every process, and wait until all are up."""
        self._keepers = [asyncio.create_task(self._keep(member)) for member in self.members]
        await self.while_there_is_hope(self.all_ready())

    async def while_there_is_hope(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something, and give up as soon as a process says that it cannot start.

        Raises:
            HopelessError: It said so in its log.
        """
        working = asyncio.create_task(work)
        losing = asyncio.create_task(self.hopeless.wait())
        try:
            await asyncio.wait({working, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise HopelessError(f"A process cannot start; its log in {self._folder} says why.")
            await working
        finally:
            working.cancel()
            losing.cancel()

    async def all_ready(self) -> None:
        """Wait until every process is up."""
        for member in self.members:
            await member.ready.wait()

    async def stop(self) -> list[str]:
        """Let every process end as one should; tell what did not."""
        self._ending = True
        for member in self.members:
            member.send(signal.SIGCONT)
            member.send(signal.SIGTERM)
        _, late = await asyncio.wait(self._keepers, timeout=30)
        for member in self.members:
            member.send(signal.SIGKILL)
        await asyncio.gather(*self._keepers)
        return [f"{len(late)} processes did not end within 30 s of SIGTERM"] if late else []

    def logs(self) -> list[Path]:
        """Give the files of all logs."""
        return sorted(self._folder.glob("*.log"))

    async def probe(self, member: Member) -> probe.Held:
        """Ask a process that is up what it holds."""
        await member.ready.wait()
        assert member.process is not None
        return await probe.probe(member.process.pid, self._probe_file(member))

    def _probe_file(self, member: Member) -> Path:
        return self._folder / f"{member.name}.probe"

    def _next_aim(self, member: Member) -> str | None:
        for place in self.aimed:
            if ROLES_AT[place] in member.roles:
                self.aimed.remove(place)
                return place
        return None

    async def _keep(self, member: Member) -> None:
        while not self._ending:
            aim = self._next_aim(member)
            member.armed = aim is not None
            code = await self._run(member, aim)
            if code == KILLED and aim is not None:
                self.struck[aim] += 1
                continue
            if aim is not None:
                self.aimed.appendleft(aim)  # something else ended it first
            if code == UNABLE:
                await asyncio.sleep(START_AGAIN_SECONDS)
            elif code == HOPELESS:
                self.hopeless.set()
                return
            elif code != -signal.SIGKILL and not self._ending:
                self.surprises.append(f"the process {member.name} ended by itself with status {code}")
                await asyncio.sleep(START_AGAIN_SECONDS)

    async def _run(self, member: Member, aim: str | None) -> int:
        environment = {**os.environ, **self._environment}
        environment |= {"LOCKSTEP_ROLES": ",".join(member.roles), "LOCKSTEP_PORT": str(member.port)}
        environment |= {probe.VARIABLE: str(self._probe_file(member))}
        if aim is not None:
            passes = FEW_PASSES if aim in PASSED_SELDOM else PASSES
            environment[EXIT_VARIABLE] = f"{aim}:{self._chance.randint(*passes)}"
        self.starts += 1
        with (self._folder / f"{member.name}.log").open("ab") as log:
            member.process = process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.faults.process",
                env=environment, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        if process.stdout is not None and await process.stdout.readline() == READY:
            member.ready.set()
        code = await process.wait()
        member.ready.clear()
        return code
