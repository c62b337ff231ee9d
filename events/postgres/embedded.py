"""The zero-setup Postgres: one server for a folder, started when it is wanted, found when it already runs.

Who starts the server stops it. A starter that is killed leaves its server running: the next `start` on the folder finds
it and uses it, without stopping it in its turn, and `stop_embedded` stops it from the command line. A server that was
killed itself is recovered by the next `start`, from its write-ahead log.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import asyncpg
import structlog

from events.errors import EmbeddedPostgresError
from events.postgres.embedded_account import server_account
from events.postgres.embedded_binaries import find_installation, reachable_installation
from events.postgres.embedded_cluster import SUPERUSER, launch, make_cluster
from events.postgres.embedded_home import (
    OTHER_SERVER,
    Home,
    check_cluster,
    explained,
    has_cluster,
    home_at,
    log_tail,
    make_home,
    unable,
)
from events.postgres.embedded_lock import POLL_SECONDS, server_lives, starting, try_server_lock
from events.postgres.embedded_processes import (
    clear_stale_pid_file,
    end_orphans,
    running_postmaster,
    shut_down,
)
from events.postgres.embedded_socket import PORT, remove_socket_folder, socket_folder

log = structlog.get_logger()

DATABASE = "lockstep"


class EmbeddedPostgres:
    """A running server on a folder; see `start`."""

    def __init__(self, home: Home, pid: int, process: subprocess.Popen[bytes] | None) -> None:
        self._home = home
        self._process = process
        self.pid = pid
        self.dsn = _dsn(home, DATABASE)

    @property
    def data_directory(self) -> Path:
        """The folder that was named to `start`, as an absolute path."""
        return self._home.path

    @property
    def started_here(self) -> bool:
        """Whether this object started the server, and so stops it."""
        return self._process is not None

    @classmethod
    async def start(
        cls, data_directory: Path, *, settings: Mapping[str, str] | None = None, timeout_seconds: float = 60.0
    ) -> "EmbeddedPostgres":
        """Start the server of a folder, or find it running; it answers when this returns.

        Args:
            data_directory: Made where missing. Only what is made in it belongs to the server's account.
            settings: Postgres settings by name, for this run; a server that already runs keeps its own.
            timeout_seconds: For all of it, the recovery after a crash included.

        Raises:
            EmbeddedPostgresError: The folder, the disk, the platform, the version or the account does not allow it.
        """
        if sys.platform == "win32":
            raise EmbeddedPostgresError(f"The embedded Postgres needs Linux or macOS. {OTHER_SERVER}")
        home = home_at(data_directory)
        make_home(home)
        since = _log_size(home)
        try:
            async with asyncio.timeout(timeout_seconds), starting(home):
                process = await _start(home, dict(settings or {}))
                pid = process.pid if process is not None else _postmaster(home)
        except TimeoutError as error:
            raise unable(
                home,
                f"Postgres in {home.path} did not answer within {timeout_seconds:g} s.",
                said=log_tail(home, since=since),
            ) from error
        log.info("embedded_postgres_ready", pid=pid, started_here=process is not None)
        return cls(home, pid, process)

    async def stop(self, *, grace_seconds: float = 10.0, keep_data: bool = True) -> None:
        """Stop the server if it was started here; once stopped, do nothing.

        Args:
            grace_seconds: For the clean way, before the server is stopped at once and recovers at its next start.
            keep_data: False removes the cluster, for a store that was only for a test.
        """
        if self._process is None:
            return
        async with starting(self._home):
            if self._process.poll() is None:
                await shut_down(self._home, self.pid, self._process, grace=grace_seconds)
            # a postmaster that was killed has left others behind, or somebody has already started the next one
            if running_postmaster(self._home) is None:
                await end_orphans(self._home)
                _tidy(self._home, keep_data=keep_data)
        self._process = None
        log.info("embedded_postgres_stopped", pid=self.pid)


async def stop_embedded(data_directory: Path, *, grace_seconds: float = 10.0) -> bool:
    """Stop the server of a folder, whoever started it, and say whether there was one.

    Args:
        data_directory: As it was named to `EmbeddedPostgres.start`.
        grace_seconds: For the clean way, before the server is stopped at once.
    """
    home = home_at(data_directory)
    if not has_cluster(home):
        return False
    async with starting(home):
        pid = running_postmaster(home)
        if pid is not None:
            await shut_down(home, pid, None, grace=grace_seconds)
        else:
            await end_orphans(home)
        if not server_lives(home):
            _tidy(home, keep_data=True)
    return pid is not None


async def _start(home: Home, settings: dict[str, str]) -> subprocess.Popen[bytes] | None:
    """Return the new server's process, or None if one runs already."""
    account = server_account(home)
    if not has_cluster(home):
        installation = reachable_installation(find_installation(), account)
        durable = settings.get("fsync", "on") != "off"
        await make_cluster(home, installation, account, durable=durable)
    check_cluster(home)
    while (lock := try_server_lock(home)) is None:
        if running_postmaster(home) is None:
            await end_orphans(home)
        elif await _answers(home):
            return None
        await asyncio.sleep(POLL_SECONDS)
    try:
        installation = reachable_installation(find_installation(), account)
        with explained(home):
            clear_stale_pid_file(home)
        since = _log_size(home)
        process = launch(home, installation, account, lock=lock, settings=settings)
    finally:
        os.close(lock)
    try:
        await _wait_until_ready(home, process, since=since)
    except BaseException:
        # cancelled or failed: nobody else knows of this server, so it must not stay
        await asyncio.shield(shut_down(home, process.pid, process, grace=2.0))
        raise
    return process


async def _wait_until_ready(home: Home, process: subprocess.Popen[bytes], *, since: int) -> None:
    while not await _answers(home):
        if process.poll() is not None:
            what = f"Postgres in {home.path} ended (status {process.returncode})."
            raise unable(home, what, said=log_tail(home, since=since))
        await asyncio.sleep(POLL_SECONDS)


async def _answers(home: Home) -> bool:
    """Ask the server for our database, which is made where missing; False says that it does not answer yet."""
    try:
        connection = await asyncpg.connect(_dsn(home, "postgres"), timeout=5)
    except asyncpg.TooManyConnectionsError:
        return True
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return False
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
    return True


def _dsn(home: Home, database: str) -> str:
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(socket_folder(home)))}&port={PORT}"


def _postmaster(home: Home) -> int:
    pid = running_postmaster(home)
    if pid is None:
        raise EmbeddedPostgresError(f"Postgres in {home.path} ended while it was being reused. Start again.")
    return pid


def _tidy(home: Home, *, keep_data: bool) -> None:
    with explained(home):
        remove_socket_folder(home)
        if not keep_data:
            shutil.rmtree(home.data)


def _log_size(home: Home) -> int:
    return home.log_file.stat().st_size if home.log_file.exists() else 0
