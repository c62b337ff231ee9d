"""The oracle log: what was about to be said and what was answered, on the disk before anything else happens."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.faults.orders import Said

Key = tuple[str, str, str]


def key_of(said: Said) -> Key:
    """Give an event's identity: order, source, id."""
    return said.order_id, said.source, said.event_id


class Ledger:
    """A file of JSON lines, each on the disk before its method returns, and the same in memory.

    Attributes:
        intended: Everything that may have been stored.
        versions: What Lockstep acknowledged, with the version it named.
        wrong: Answers that contradict one another or the contract, in words.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        self.intended: dict[Key, Said] = {}
        self.versions: dict[Key, int] = {}
        self.wrong: list[str] = []

    async def intend(self, events: Sequence[Said]) -> None:
        """Write down what is about to be requested."""
        for said in events:
            self.intended[key_of(said)] = said
        await self._write({"intend": [key_of(said) for said in events]})

    async def answer(self, events: Sequence[Said], status: int, results: Sequence[Mapping[str, Any]]) -> None:
        """Write down what was answered; status 0 says that no answer came."""
        await self._write({"answer": status, "to": [key_of(said) for said in events], "results": results})
        for said, result in zip(events, results, strict=True):
            version = result.get("version")
            if result.get("outcome") not in ("appended", "duplicate") or not isinstance(version, int):
                self.wrong.append(f"{key_of(said)} was answered {result}")
            elif self.versions.setdefault(key_of(said), version) != version:
                known = self.versions[key_of(said)]
                self.wrong.append(f"{key_of(said)} was acknowledged as version {known} and as version {version}")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    async def _write(self, line: dict[str, Any]) -> None:
        await asyncio.to_thread(self._put, msgspec.json.encode(line) + b"\n")

    def _put(self, line: bytes) -> None:
        os.write(self._file, line)
        os.fsync(self._file)
