"""Makes a cluster, and starts a server on it."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from events.durable_file import sync_folder
from events.postgres.embedded_account import Account, give, seen_by, spawn
from events.postgres.embedded_home import Home, explained, open_log, unable
from events.postgres.embedded_socket import PORT, make_socket_folder

SUPERUSER = "lockstep"
UNFINISHED = "data.unfinished-"

SMALL_MACHINE: Mapping[str, str] = {
    "shared_buffers": "128MB",  # the whole store of a demo, an eighth of a small machine
    "max_connections": "100",
    "wal_level": "minimal",  # nobody replicates an embedded server, so it writes and runs less:
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "wal_compression": "on",  # an append touches the same pages after each checkpoint; they compress well
    "max_wal_size": "256MB",  # a laptop's disk should not hold the usual 1 GB
    "io_method": "sync",  # everything is in memory: three reading processes would only stand by
    "max_parallel_workers_per_gather": "0",  # leaves the second core, and a container's 64 MB of /dev/shm, alone
    "log_checkpoints": "off",  # keeps the log short enough to read
    "timezone": "UTC",
    "log_timezone": "UTC",
}


async def make_cluster(home: Home, installation: Path, account: Account | None, *, durable: bool) -> None:
    """Run initdb beside `data/` and rename the result, so that `data/` is a whole cluster or absent.

    Args:
        home: Its start lock is held by the caller.
        installation: What the account can run.
        account: Who will own the cluster.
        durable: Wait for the disk; False only for a store that may be lost.
    """
    with explained(home):
        for leftover in home.path.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover)
        unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=home.path))
    try:
        give(unfinished, account)
        await _initdb(home, unfinished, installation, account, durable=durable)
        with explained(home):
            os.rename(unfinished, home.data)  # noqa: PTH104 - a moment's work, also in a coroutine
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    if durable:
        with explained(home):
            sync_folder(home.path)


async def _initdb(home: Home, target: Path, installation: Path, account: Account | None, *, durable: bool) -> None:
    folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        process = spawn(
            [
                str(installation / "bin" / "initdb"),
                f"--pgdata={seen_by(account, target, folder)}",
                f"--username={SUPERUSER}",
                "--auth-local=trust",  # the socket's folder is 0700: who reaches it is the owner, or root
                "--auth-host=reject",
                "--encoding=UTF8",
                # the builtin provider sorts the same on every system and after every update of libc
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *([] if durable else ["--no-sync"]),
            ],
            account,
            output=subprocess.PIPE,
            inherit=[folder],
        )
    finally:
        os.close(folder)
    listening = asyncio.ensure_future(asyncio.to_thread(process.communicate))
    try:
        # cancelled before its thread has begun, it would never close what the child writes to
        said, _ = await asyncio.shield(listening)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await listening
        raise
    if process.returncode != 0:
        what = f"initdb could not make a cluster in {home.path} (status {process.returncode})."
        raise unable(home, what, said=said.decode(errors="replace").strip())


def launch(
    home: Home, installation: Path, account: Account | None, *, lock: int, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a postmaster on the cluster, and return without waiting for it.

    Args:
        home: Its start lock is held by the caller.
        installation: What the account can run.
        account: The owner of the cluster.
        lock: The server's lock, which the server inherits.
        settings: Replace the usual ones; the private socket stays.
    """
    with explained(home):
        place = make_socket_folder(home, account)
        data, socket = (os.open(each, os.O_RDONLY | os.O_DIRECTORY) for each in (home.data, place))
    fixed = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": seen_by(account, place, socket),
        "unix_socket_permissions": "0700",
        "cluster_name": home.mark,
        "update_process_title": "on",
    }
    options = [f"--{name}={value}" for name, value in {**SMALL_MACHINE, **settings, **fixed}.items()]
    log = open_log(home)
    try:
        return spawn(
            [str(installation / "bin" / "postgres"), "-D", seen_by(account, home.data, data), *options],
            account,
            output=log,
            inherit=[lock, data, socket],
        )
    finally:
        for each in (log, data, socket):
            os.close(each)
