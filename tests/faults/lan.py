"""Hosts of their own on this machine: a network namespace each, a cable between two, and a Postgres that listens there.

A host is held by a process that ends with its standard input: whatever becomes of a test, nothing stays behind.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Self

import asyncpg

from events.postgres.embedded_account import give, seen_by, server_account
from events.postgres.embedded_binaries import find_installation, reachable_installation
from events.postgres.embedded_cluster import SUPERUSER, make_cluster
from events.postgres.embedded_home import home_at, make_home
from events.postgres.migrator import migrate

SERVER, CLIENT = "198.18.0.1", "198.18.0.2"
"""Addresses of the block that is set aside for tests of networks; they exist in no namespace but ours."""
_READY = b"ready\n"


@cache
def why_not() -> str | None:
    """Say why hosts cannot be made here, or give None."""
    missing = [name for name in ("ip", "unshare", "nsenter", "setpriv") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} is not installed (iproute2, util-linux)"
    if os.geteuid() != 0:
        return "network namespaces are made by root alone"
    trial = ("unshare", "--net", "ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
    done = subprocess.run(trial, check=False, capture_output=True, text=True)  # noqa: S603 - our own command
    return None if done.returncode == 0 else f"no network namespace with a veth pair: {done.stderr.strip()}"


class Host:
    """A network namespace; make one with `start`."""

    def __init__(self, holder: asyncio.subprocess.Process) -> None:
        self._holder = holder

    @classmethod
    @asynccontextmanager
    async def start(cls) -> AsyncIterator[Self]:
        """Make one, with nothing but its loopback."""
        holder = await asyncio.create_subprocess_exec(
            "unshare", "--net", "sh", "-c", f"ip link set lo up && echo {_READY.decode().strip()} && exec cat",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            assert await holder.stdout.readline() == _READY
            yield cls(holder)
        finally:
            holder.stdin.close()
            await holder.wait()

    def on(self, *command: str, account: tuple[int, int] | None = None) -> Sequence[str]:
        """Give the command that runs this one here, as a user and a group if they are given."""
        as_whom = () if account is None else (f"--setuid={account[0]}", f"--setgid={account[1]}")
        # a test that is killed takes along what it started
        with_us = ("setpriv", "--pdeathsig", "KILL", "--")
        return ("nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *as_whom, "--", *with_us, *command)

    async def run(self, *command: str) -> None:
        """Run a command here to its end, which must be a good one."""
        process = await asyncio.create_subprocess_exec(*self.on(*command))
        assert await process.wait() == 0, command

    async def lay_cable(self, other: "Host") -> None:
        """Join with another host: SERVER here, CLIENT there."""
        peer = ("peer", "name", "cable", "netns", str(other._holder.pid))
        await self.run("ip", "link", "add", "cable", "type", "veth", *peer)
        for host, address in ((self, SERVER), (other, CLIENT)):
            await host.run("ip", "address", "add", f"{address}/30", "dev", "cable")
            await host.run("ip", "link", "set", "cable", "up")

    async def vanish(self, to: "Host") -> None:
        """Let this end of the cable hang in another host, which has no address: nothing from here gets out any more.

        Whoever sends to this host sees a living line and hears nothing, as when a machine loses its power.
        """
        await self.run("ip", "link", "set", "cable", "netns", str(to._holder.pid))
        await to.run("ip", "link", "set", "cable", "up")


@asynccontextmanager
async def postgres_on(host: Host) -> AsyncIterator[tuple[str, str]]:
    """Run a migrated Postgres on a host; give its URL as CLIENT reaches it, and as this process does."""
    folder = Path(tempfile.mkdtemp(prefix="lockstep-lan-"))
    try:
        home = home_at(folder / "postgres")
        make_home(home)
        account = server_account(home)
        assert account is not None, "hosts are made by root"
        installation = reachable_installation(find_installation(), account)
        await make_cluster(home, installation, account, durable=False)
        with (home.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {CLIENT}/32 trust\n")
        home.socket.mkdir(mode=0o700)
        give(home.socket, account)
        data, socket = (os.open(each, os.O_RDONLY | os.O_DIRECTORY) for each in (home.data, home.socket))
        settings = {
            "listen_addresses": SERVER,
            "unix_socket_directories": seen_by(account, home.socket, socket),
            "fsync": "off",
            "shared_buffers": "32MB",
        }
        # a test that is killed takes its server along
        program = (
            "setpriv",
            "--pdeathsig",
            "KILL",
            "--",
            str(installation / "bin" / "postgres"),
            "-D",
            seen_by(account, home.data, data),
        )
        options = (f"--{name}={value}" for name, value in settings.items())
        with home.log_file.open("ab") as log:
            server = await asyncio.create_subprocess_exec(
                *host.on(*program, *options, account=(account.user_id, account.group_id)),
                pass_fds=(data, socket), stdout=log, stderr=log,
            )  # fmt: skip
        for each in (data, socket):
            os.close(each)
        try:
            here = f"postgresql://{SUPERUSER}@/postgres?host={home.socket}"
            await _answers(here, server)
            await migrate(here)
            yield f"postgresql://{SUPERUSER}@{SERVER}/postgres?sslmode=disable", here
        finally:
            with suppress(ProcessLookupError):
                server.send_signal(signal.SIGQUIT)  # nothing of it is wanted any more
            await server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _answers(dsn: str, server: asyncio.subprocess.Process) -> None:
    while server.returncode is None:
        try:
            await (await asyncpg.connect(dsn)).close()
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.05)  # nobody tells of a server that begins to listen
        else:
            return
    raise AssertionError("Postgres ended before it answered")
