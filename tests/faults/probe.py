"""What a process holds: permits, tasks, open files, connections to APNs, memory.

Tasks and permits are known to the process alone: it writes them to the file that `LOCKSTEP_CHAOS_PROBE` names, whenever
it is sent SIGUSR1. The rest is read from outside.
"""

import asyncio
import os
import signal
import weakref
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec

from app.apns.engine_transport import EngineTransport

VARIABLE: Final = "LOCKSTEP_CHAOS_PROBE"
_LOOK_AGAIN_SECONDS: Final = 0.05
_MEGABYTE: Final = 1_048_576


class Inside(msgspec.Struct, frozen=True):
    """What a process knows of itself.

    Attributes:
        permits_taken: Pushes under way, by the transports.
        tasks: How many of each coroutine.
    """

    permits_taken: int
    tasks: dict[str, int]


class Held(msgspec.Struct, frozen=True):
    """What a process holds.

    Attributes:
        files: Open files that are no sockets.
        lines: Sockets that are not TCP's: to Postgres.
        tcp: TCP connections: to APNs and to clients.
        resident: Megabytes.
    """

    inside: Inside
    files: int
    lines: int
    tcp: int
    resident: float


def answer_probes() -> None:
    """Write what this process knows of itself at each SIGUSR1; call it within the loop."""
    path = Path(os.environ[VARIABLE])
    transports: weakref.WeakSet[EngineTransport] = weakref.WeakSet()
    original = EngineTransport.__init__

    def remember(transport: EngineTransport, *args: Any, **named: Any) -> None:
        original(transport, *args, **named)
        transports.add(transport)

    setattr(EngineTransport, original.__name__, remember)

    def write() -> None:
        taken = sum(each._settings.max_in_flight - each.free_permits for each in transports)
        tasks = Counter(str(each.get_coro().__qualname__) for each in asyncio.all_tasks())  # type: ignore[union-attr]
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(Inside(taken, dict(tasks))))
        part.rename(path)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, write)


async def probe(pid: int, path: Path) -> Held:
    """Ask a process what it holds.

    Args:
        pid: The process.
        path: What `LOCKSTEP_CHAOS_PROBE` names for it.
    """
    os.kill(pid, signal.SIGUSR1)
    while (told := _taken(path)) is None:  # noqa: ASYNC110 - another process tells by a file
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    return _look(pid, msgspec.json.decode(told, type=Inside))


def _taken(path: Path) -> bytes | None:
    """Read a file and remove it; None as long as there is none."""
    try:
        told = path.read_bytes()
    except FileNotFoundError:
        return None
    path.unlink()
    return told


def _look(pid: int, inside: Inside) -> Held:
    targets = [_target(each) for each in Path(f"/proc/{pid}/fd").iterdir()]
    tcp = _tcp_sockets(pid)
    sockets = [each for each in targets if each.startswith("socket:")]
    connected = sum(each in tcp for each in sockets)
    files = len(targets) - len(sockets)
    return Held(inside, files, len(sockets) - connected, connected, resident_megabytes(pid))


def resident_megabytes(pid: int) -> float:
    """Read the memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return "closed meanwhile"


def _tcp_sockets(pid: int) -> set[str]:
    """Name the TCP sockets of the process's network that are not merely listened at, as /proc names an open file."""
    listening = "0A"
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
    ]
    return {f"socket:[{row[9]}]" for row in rows if row[3] != listening}
