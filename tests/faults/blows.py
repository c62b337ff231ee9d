"""The killer: a seeded mix of blows, each under load, and the aimed ones that the processes deal themselves."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable
from itertools import cycle, islice

from tests.faults.fleet import ROLES_AT, Fleet, Member
from tests.faults.postgres import FallingPostgres

# Aimed kills are counted by place; these by what they strike.
BLOWS = (
    "SIGKILL api",
    "SIGKILL projector",
    "SIGKILL postmaster",
    "SIGKILL matcher",
    "SIGSTOP dispatcher past its lease",
    "terminate backend",
    "SIGKILL dispatcher",
    "SIGKILL backend",
    "immediate restart",
    "SIGSTOP projector",
    "SIGSTOP api",
    "SIGSTOP matcher",
)
AIMED_SHARE = 0.65
# Of lost answers to starts few could show a second start: the phone must be silent and the order open seconds later.
AIMS = (*ROLES_AT, "after_start")
STANDSTILL_SECONDS = (0.5, 5.0)
# The fast lease lasts 6 s: who stands still for longer wakes to a lease that is another's.
PAST_ITS_LEASE_SECONDS = (6.5, 9.0)


class Killer:
    """Deals the blows.

    Args:
        fleet: The processes.
        postgres: The server.
        busy: Tells how much is under way; nothing is struck while idle.
        chance: Draws when and whom.

    Attributes:
        dealt: How many of each blow.
        under_way: What was under way at each.
    """

    def __init__(self, fleet: Fleet, postgres: FallingPostgres, busy: Callable[[], int], chance: random.Random) -> None:
        self._fleet = fleet
        self._postgres = postgres
        self._busy = busy
        self._chance = chance
        self._standing: set[asyncio.Task[None]] = set()
        self.dealt: Counter[str] = Counter()
        self.under_way: list[int] = []

    async def run(self, kills: int) -> None:
        """Deal so many blows, aimed ones included, and wait until all have struck and everything is up again."""
        aimed = list(islice(cycle(AIMS), round(kills * AIMED_SHARE)))
        self._chance.shuffle(aimed)
        self._fleet.aimed.extend(aimed)
        blows = list(islice(cycle(BLOWS), kills - len(aimed)))
        self._chance.shuffle(blows)
        for blow in blows:
            await asyncio.sleep(self._chance.uniform(0.3, 2.5))
            await self._deal(blow)
        while self._fleet.struck.total() < len(aimed):
            await self._stir()
        if self._standing:
            await asyncio.wait(self._standing)
        await self._fleet.all_ready()

    async def _stir(self) -> None:
        """Start a process anew where aimed kills wait for one, and none is armed."""
        await asyncio.sleep(0.5)
        idle = [m for m in self._fleet.members if m.ready.is_set() and not m.armed]
        wanted = [m for m in idle if any(ROLES_AT[place] in m.roles for place in self._fleet.aimed)]
        if wanted:
            await self._kill(self._chance.choice(wanted))
            self.dealt["SIGKILL to aim anew"] += 1

    async def _deal(self, blow: str) -> None:
        while self._busy() == 0:  # noqa: ASYNC110 - a moment's lull, and nobody to tell of its end
            await asyncio.sleep(0.02)
        match blow.split():
            case ["SIGKILL", "postmaster"] | ["immediate", "restart"]:
                self.under_way.append(self._busy())
                await self._postgres.strike("kill" if blow.startswith("SIGKILL") else "immediate")
            case [_, "backend"]:
                self.under_way.append(self._busy())
                await self._postgres.end_backend(self._chance, kill=blow == "SIGKILL backend")
            case ["SIGKILL", role]:
                await self._kill(await self._choose(role))
            case ["SIGSTOP", role, *longer]:
                member = await self._choose(role)
                self.under_way.append(self._busy())
                seconds = self._chance.uniform(*(PAST_ITS_LEASE_SECONDS if longer else STANDSTILL_SECONDS))
                standing = asyncio.create_task(self._hold(member, seconds))
                self._standing.add(standing)
                standing.add_done_callback(self._standing.discard)
            case _:
                raise AssertionError(blow)
        self.dealt[blow] += 1

    async def _choose(self, role: str) -> Member:
        """Wait for a process of a role that is up and not held, and for something under way."""
        while True:
            able = [m for m in self._fleet.members if role in m.roles and m.ready.is_set() and not m.stopped]
            if able and self._busy() > 0:
                return self._chance.choice(able)
            await asyncio.sleep(0.05)

    async def _kill(self, member: Member) -> None:
        self.under_way.append(self._busy())
        member.ready.clear()
        member.send(signal.SIGKILL)
        await asyncio.sleep(0)

    async def _hold(self, member: Member, seconds: float) -> None:
        member.stopped = True
        member.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        member.send(signal.SIGCONT)
        member.stopped = False
