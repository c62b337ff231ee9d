"""Replays in the middle of traffic and of kills: begun again and again, often killed themselves, never a push."""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Final

COMMANDS: Final = (
    ("rebuild",),
    ("rebuild", "--workers", "2"),
    ("rebuild",),
    ("verify",),
    ("rollback",),
)
KILLED_SHARE: Final = 0.4
KILLED_AFTER_SECONDS: Final = (0.5, 3.0)
PAUSE_SECONDS: Final = (1.0, 4.0)
# What a command may say that did not come to its end, because the database was struck.
STRUCK: Final = "LOCKSTEP_DATABASE_URL"
NOTHING_TO_GO_BACK_TO: Final = "There is no generation to go back to"
# What a rebuild says after a rollback that was struck or killed.
ROLLBACK_FIRST: Final = "A rollback is unfinished"


class Replays:
    """Whoever runs the commands.

    Args:
        environment: The settings of the fleet.
        chance: Draws what is run, and when it is killed.

    Attributes:
        ended: How many ended in which way, by command.
        wrong: What should not have been said.
    """

    def __init__(self, environment: Mapping[str, str], chance: random.Random) -> None:
        self._environment = environment
        self._chance = chance
        self.ended: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def run(self, enough: asyncio.Event) -> None:
        """Run one command after another until it is enough."""
        ending = asyncio.ensure_future(enough.wait())
        while not ending.done():
            mortal = self._chance.random() < KILLED_SHARE
            await self._one(
                self._chance.choice(COMMANDS), self._chance.uniform(*KILLED_AFTER_SECONDS) if mortal else None
            )
            await asyncio.wait({ending}, timeout=self._chance.uniform(*PAUSE_SECONDS))

    async def finish(self) -> None:
        """Rebuild everything once more and compare, with nothing in the way."""
        for command in ("rebuild", "verify"):
            said = await self._one((command,), None)
            if said is not None:
                self.wrong.append(f"at rest, replay {command}: {said}")

    async def _one(self, command: tuple[str, ...], killed_after: float | None) -> str | None:
        """Run a command; give what it said, None if it did what it should."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from app.cli.main import main; main()",
            "replay",
            *command,
            env={**os.environ, **self._environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        talking = asyncio.ensure_future(process.communicate())
        name = command[0]
        try:
            await asyncio.wait({talking}, timeout=killed_after)
            if not talking.done() and process.returncode is None:
                process.kill()
                self.ended[f"{name} killed"] += 1
                await talking
                return "killed"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        said = talking.result()[0].decode().strip()
        words = " ".join(said.split())
        if process.returncode == 0:
            self.ended[f"{name} done"] += 1
            return None
        if process.returncode == 2 and STRUCK in words:
            self.ended[f"{name} broken off"] += 1
        elif name == "rebuild" and ROLLBACK_FIRST in words:
            self.ended["rebuild, a rollback unfinished"] += 1
            if await self._one(("rollback",), None) is None:
                return await self._one(command, killed_after)
        elif name == "rollback" and NOTHING_TO_GO_BACK_TO in words:
            self.ended["rollback, nothing there"] += 1
        else:
            self.wrong.append(f"replay {' '.join(command)} ended with {process.returncode}: {said[-500:]}")
        return said
