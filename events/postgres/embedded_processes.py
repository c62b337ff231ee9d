"""Tells the processes of one embedded server from all others, and ends them.

A process is known by its command line, which carries the cluster's mark and which everybody may read. The number in
`postmaster.pid` alone proves nothing: after a crash it may belong to anybody.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from events.postgres.embedded_home import Home
from events.postgres.embedded_lock import POLL_SECONDS, server_lives

# An orphan notices by itself that its postmaster died, at its next wait; a long computation does not wait.
ORPHAN_GRACE_SECONDS = 1.0


@dataclass(frozen=True)
class Process:
    """A running process: its number, its owner and its command line."""

    pid: int
    user_id: int
    command: str


def running_postmaster(home: Home) -> int | None:
    """Return the postmaster's pid if `postmaster.pid` names one and that process is really it."""
    try:
        written = int((home.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    for each in processes_of(home):
        if each.pid == written and f"cluster_name={home.mark}" in each.command:
            return written
    return None


def processes_of(home: Home) -> Iterator[Process]:
    """Find what runs on the cluster, by its mark: a postmaster, its children, or the orphans of a dead one."""
    mark, owner = home.mark, home.data.stat().st_uid
    for each in _linux_processes() if sys.platform == "linux" else _listed_processes():
        if each.user_id == owner and (
            f"cluster_name={mark}" in each.command or each.command.startswith(f"postgres: {mark}:")
        ):
            yield each


def clear_stale_pid_file(home: Home) -> None:
    """Remove `postmaster.pid`; only for a caller who holds the server's lock, so that nobody can be meant."""
    (home.data / "postmaster.pid").unlink(missing_ok=True)


async def end_orphans(home: Home) -> None:
    """Wait for the processes that a dead postmaster left behind, and end those that do not leave.

    They hold the shared memory, and Postgres does not start beside it. Their transactions are lost either way.
    """
    for force in (None, signal.SIGQUIT, signal.SIGKILL):
        for orphan in _orphans(home) if force is not None else ():
            send(orphan, force)
        if await ended(home, None, seconds=ORPHAN_GRACE_SECONDS) or running_postmaster(home) is not None:
            return


async def shut_down(home: Home, pid: int, process: subprocess.Popen[bytes] | None, *, grace: float) -> None:
    """End a postmaster: fast, and after the grace at once, and at last by force.

    Args:
        home: Whose server it is.
        pid: The postmaster.
        process: Its handle where it is our child.
        grace: Seconds for the clean way, which writes all that is in memory to the disk.
    """
    send(pid, signal.SIGINT)
    if await ended(home, process, seconds=grace):
        return
    send(pid, signal.SIGQUIT)
    # Postgres itself gives its children 5 seconds before it kills them
    if await ended(home, process, seconds=6.0):
        return
    send(pid, signal.SIGKILL)
    await end_orphans(home)
    await ended(home, process, seconds=grace)


async def ended(home: Home, process: subprocess.Popen[bytes] | None, *, seconds: float) -> bool:
    """Wait until no process of the server lives, and say whether that was within the time."""
    try:
        async with asyncio.timeout(seconds):
            # a child of ours must be asked, or it stays a zombie
            while True:
                if (process is None or process.poll() is not None) and not server_lives(home):
                    return True
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False


def send(pid: int, number: signal.Signals | None) -> None:
    """Send a signal to a process that may have just ended."""
    if number is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _orphans(home: Home) -> list[int]:
    """List the server's children, or none as long as any postmaster of this cluster lives."""
    processes = list(processes_of(home))
    if any("cluster_name=" in each.command for each in processes):
        return []
    return [each.pid for each in processes]


def _linux_processes() -> Iterator[Process]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            # a process may end while we look, and a hidden one is not ours
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield Process(int(entry.name), entry.stat().st_uid, command)


def _listed_processes() -> Iterator[Process]:
    listing = subprocess.run(
        ["/bin/ps", "-axww", "-o", "pid=,uid=,command="], capture_output=True, text=True, check=True
    )
    for line in listing.stdout.splitlines():
        pid, user_id, command = line.split(None, 2)
        yield Process(int(pid), int(user_id), command)
