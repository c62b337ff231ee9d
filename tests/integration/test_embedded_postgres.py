"""The embedded Postgres, with real servers in temporary folders; one cluster serves most tests."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from events.errors import EmbeddedPostgresError
from events.postgres import embedded_binaries
from events.postgres.embedded import EmbeddedPostgres, stop_embedded
from events.postgres.embedded_account import UNPRIVILEGED_ID, Account
from events.postgres.embedded_binaries import find_installation, reachable_installation
from events.postgres.embedded_home import home_at
from events.postgres.embedded_lock import server_lives
from events.postgres.embedded_processes import processes_of, running_postmaster

REPOSITORY = Path(__file__).resolve().parents[2]
FAST = {"fsync": "off"}
IS_ROOT = os.geteuid() == 0
ONLY_ROOT = pytest.mark.skipif(not IS_ROOT, reason="only root may become another user")

# starts the server of a folder, says so, and stops it when its input ends;
# another user may be unable to read this Python, so that everything is imported before we become that user
STARTER = """
import asyncio, concurrent.futures.thread, fcntl, os, sys
from pathlib import Path
import structlog
from events.errors import EmbeddedPostgresError
from events.postgres.embedded import EmbeddedPostgres

async def main():
    try:
        server = await EmbeddedPostgres.start(Path(sys.argv[1]), settings={"fsync": "off"})
    except EmbeddedPostgresError as error:
        print("refused", error, flush=True)
        return
    print(server.pid, server.started_here, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()

if len(sys.argv) > 2:
    os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder below one that nobody else may enter; the first start makes its cluster."""
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    return private / "project" / "pgdata"


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """The server of the shared folder, stopped after the test."""
    started = await EmbeddedPostgres.start(folder, settings=FAST)
    yield started
    await started.stop()
    await stop_embedded(folder)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach and write."""
    made = Path(tempfile.mkdtemp(prefix="lockstep-test-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


async def run(server: EmbeddedPostgres, statement: str) -> object:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def starter(
    folder: Path, *, user: int | None = None, wrapper: Sequence[str] = ()
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Start the server from another process; it stops the server at the end, if it started it."""
    process = await asyncio.create_subprocess_exec(
        *wrapper,
        sys.executable,
        "-c",
        STARTER,
        folder,
        *([] if user is None else [str(user)]),
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


def need_programs_for(account: Account) -> None:
    """Skip where the wheel lies below a folder that the account may not enter."""
    try:
        installation = reachable_installation(find_installation(), account, places=[])
    except EmbeddedPostgresError:
        pytest.skip("another user cannot read the wheel's programs here")
    assert installation == find_installation()


def clusters_in(folder: Path) -> list[str]:
    """Name what is or would become a cluster."""
    return [path.name for path in folder.glob("data*")]


def initdb_runs_in(folder: Path) -> bool:
    """Tell whether initdb has begun to write."""
    return bool(list(folder.glob("data.unfinished-*/PG_VERSION")))


def entries_of_others(folder: Path) -> set[str]:
    """Name what in a folder does not belong to us."""
    return {path.name for path in folder.iterdir() if path.lstat().st_uid != os.geteuid()}


def owners_below(folder: Path) -> set[int]:
    """List the owners of everything below a folder."""
    return {path.lstat().st_uid for path in folder.rglob("*")}


def exists(path: Path) -> bool:
    """Tell whether there is anything of that name, a broken link too."""
    return os.path.lexists(path)


def start_stranger(user: int) -> subprocess.Popen[bytes]:
    """Start a process that has nothing to do with Postgres, as the server's user."""
    return subprocess.Popen(["/bin/sleep", "60"], user=user if IS_ROOT else None, cwd="/")


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """A wrapper whose command sees a disk of 20 MB in `tmp_path`; nobody else sees it."""
    mount = f'mount -t tmpfs -o size=20m none "{tmp_path}" && exec "$@"'
    wrapper = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*wrapper, "true"], check=False).returncode != 0:  # noqa: S603 - our own words
        pytest.skip("this root may not mount a small disk")
    return wrapper


async def test_a_started_server_answers_and_a_stopped_one_leaves_no_process(folder: Path) -> None:
    """After `start` the database takes statements; after `stop` no process and no socket is left."""
    server = await EmbeddedPostgres.start(folder, settings={**FAST, "work_mem": "5MB"})
    try:
        assert server.started_here
        assert server.data_directory == folder
        assert await run(server, "SELECT current_user || ' ' || current_database()") == "lockstep lockstep"
        assert await run(server, "SELECT current_setting('work_mem') || current_setting('fsync')") == "5MBoff"
        assert os.getsid(server.pid) != os.getsid(0), "Ctrl-C in our terminal would reach the server"
    finally:
        await server.stop()
    assert not server_lives(home_at(folder))
    assert not exists(home_at(folder).socket)


async def test_no_parent_loosens_its_permissions_and_only_the_cluster_changes_hands(
    folder: Path, server: EmbeddedPostgres
) -> None:
    """The folders above stay private, and as root only what was made for the server belongs to its account."""
    assert server.started_here
    changed = entries_of_others(folder)
    assert changed <= {"data", "socket"}
    assert ("data" in changed) == IS_ROOT
    for parent in (folder, folder.parent, folder.parent.parent):
        assert parent.stat().st_uid == os.geteuid()
    assert folder.parent.parent.stat().st_mode & 0o777 == 0o700


async def test_a_second_start_reuses_the_server_and_does_not_stop_it(folder: Path, server: EmbeddedPostgres) -> None:
    """Who finds a running server uses it; only who started it stops it."""
    second = await EmbeddedPostgres.start(folder)
    assert (second.pid, second.dsn, second.started_here) == (server.pid, server.dsn, False)
    await second.stop()
    assert await run(server, "SELECT 1") == 1


async def test_starters_in_several_processes_share_one_server(folder: Path) -> None:
    """Of three processes that start at once, one starts the server and the others find it."""
    async with starter(folder) as first, starter(folder) as second, starter(folder) as third:
        answers = [first[1].split(), second[1].split(), third[1].split()]
        assert len({pid for pid, _ in answers}) == 1
        assert sorted(started for _, started in answers) == ["False", "False", "True"]
        await stop_embedded(folder)


async def test_starters_that_race_from_one_process_share_one_server(folder: Path) -> None:
    """The lock holds between tasks too."""
    servers = await asyncio.gather(*(EmbeddedPostgres.start(folder, settings=FAST) for _ in range(4)))
    assert len({server.pid for server in servers}) == 1
    assert sum(server.started_here for server in servers) == 1
    for server in servers:
        await server.stop()
    assert not server_lives(home_at(folder))


async def test_data_survives_a_restart(folder: Path) -> None:
    """What was committed is there after stop and start."""
    first = await EmbeddedPostgres.start(folder, settings=FAST)
    await run(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    await first.stop()
    second = await EmbeddedPostgres.start(folder, settings=FAST)
    try:
        assert second.pid != first.pid
        assert await run(second, "SELECT answer FROM kept") == 42
    finally:
        await second.stop()


async def test_a_killed_postmaster_is_recovered(folder: Path, server: EmbeddedPostgres) -> None:
    """After SIGKILL the next start replays the log and has what was committed."""
    await run(server, "CREATE TABLE committed AS SELECT 7 AS answer")
    os.kill(server.pid, signal.SIGKILL)
    next_one = await EmbeddedPostgres.start(folder, settings=FAST)
    try:
        assert next_one.started_here
        assert await run(next_one, "SELECT answer FROM committed") == 7
        await server.stop()
        assert await run(next_one, "SELECT 1") == 1, "the first starter stopped a server that is not its own"
    finally:
        await next_one.stop()


async def test_a_backend_that_outlives_its_postmaster_is_ended(folder: Path, server: EmbeddedPostgres) -> None:
    """An orphan that holds the shared memory and does not leave by itself is ended, and the server starts."""
    connection = await asyncpg.connect(server.dsn)
    orphan = connection.get_server_pid()
    os.kill(orphan, signal.SIGSTOP)
    os.kill(server.pid, signal.SIGKILL)
    next_one = await EmbeddedPostgres.start(folder, settings=FAST)
    try:
        assert await run(next_one, "SELECT 1") == 1
        assert orphan not in {each.pid for each in processes_of(home_at(folder))}
    finally:
        connection.terminate()
        await next_one.stop()


@pytest.mark.parametrize("alive", [False, True])
async def test_a_stale_pid_file_does_not_stop_the_start(folder: Path, server: EmbeddedPostgres, *, alive: bool) -> None:
    """A pid that is gone, or that belongs to an unrelated process by now, is neither believed nor harmed."""
    pid_file = home_at(folder).data / "postmaster.pid"
    owner = pid_file.stat().st_uid
    text = pid_file.read_text(encoding="utf-8")
    await server.stop()
    # Postgres itself refuses to start while the pid belongs to a process of its own user
    with start_stranger(owner) as stranger:
        try:
            if not alive:
                stranger.kill()
                stranger.wait()
            pid_file.write_text(text.replace(str(server.pid), str(stranger.pid), 1), encoding="utf-8")
            if IS_ROOT:
                os.chown(pid_file, owner, owner)
            assert running_postmaster(home_at(folder)) is None
            assert not await stop_embedded(folder)
            pid_file.write_text(text.replace(str(server.pid), str(stranger.pid), 1), encoding="utf-8")
            next_one = await EmbeddedPostgres.start(folder, settings=FAST)
            assert next_one.started_here
            await next_one.stop()
            assert (stranger.poll() is None) == alive
        finally:
            stranger.kill()


async def test_a_server_whose_starter_was_killed_is_found_and_can_be_stopped(folder: Path) -> None:
    """The server stays, the next start reuses it, and `stop_embedded` ends it, once."""
    async with starter(folder) as (process, answer):
        process.kill()
        await process.wait()
        found = await EmbeddedPostgres.start(folder)
        assert [str(found.pid), "True"] == answer.split()
        assert not found.started_here
    assert await stop_embedded(folder)
    assert not server_lives(home_at(folder))
    assert not await stop_embedded(folder)


async def test_an_interrupted_initdb_is_begun_again(tmp_path: Path) -> None:
    """Neither a cancelled start nor what a killed one left behind is taken for a cluster; stop can remove it all."""
    interrupted = asyncio.create_task(EmbeddedPostgres.start(tmp_path, settings=FAST))
    while not initdb_runs_in(tmp_path):  # noqa: ASYNC110 - another process writes it, no event tells us
        await asyncio.sleep(0.001)
    interrupted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await interrupted
    assert clusters_in(tmp_path) == []
    (tmp_path / "data.unfinished-killed").mkdir()
    (tmp_path / "data.unfinished-killed" / "PG_VERSION").write_text("18\n", encoding="ascii")
    server = await EmbeddedPostgres.start(tmp_path, settings=FAST)
    assert await run(server, "SELECT 1") == 1
    await server.stop(keep_data=False)
    assert clusters_in(tmp_path) == []


async def test_a_long_path_or_one_with_a_comma_gets_a_short_socket(folder: Path, tmp_path: Path) -> None:
    """A path too long for a socket's address, or not plain, works, and its socket's folder is private and goes."""
    long = tmp_path / ("long, " + "x" * 120)
    long.symlink_to(folder)
    # whichever test is the first to come by makes the folder
    await (await EmbeddedPostgres.start(folder, settings=FAST)).stop()
    server = await EmbeddedPostgres.start(long, settings=FAST)
    try:
        assert await run(server, "SELECT 1") == 1
        socket = home_at(long).socket.resolve()
        assert socket.stat().st_mode & 0o777 == 0o700
    finally:
        await server.stop()
    assert not socket.exists()


async def test_a_setting_that_postgres_refuses_is_reported_with_the_log(folder: Path) -> None:
    """A server that does not come up says why, and leaves no process."""
    with pytest.raises(EmbeddedPostgresError, match='invalid value for parameter "work_mem"'):
        await EmbeddedPostgres.start(folder, settings={"work_mem": "a lot"})
    assert not server_lives(home_at(folder))


async def test_a_server_that_does_not_answer_in_time_is_reported(folder: Path, server: EmbeddedPostgres) -> None:
    """A deadline ends the wait for a hung server, which is left alone."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(EmbeddedPostgresError, match=r"did not answer within 0\.2 s"):
            await EmbeddedPostgres.start(folder, timeout_seconds=0.2)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert await run(server, "SELECT 1") == 1


@pytest.mark.parametrize(("version", "message"), [("17", "made by Postgres 17"), (None, "is not a Postgres cluster")])
async def test_a_cluster_that_this_postgres_cannot_open_is_refused(
    tmp_path: Path, version: str | None, message: str
) -> None:
    """A cluster of another major version, or a folder that is none, is named and left as it is."""
    (tmp_path / "data").mkdir()
    if version is not None:
        (tmp_path / "data" / "PG_VERSION").write_text(f"{version}\n", encoding="ascii")
    if IS_ROOT:
        os.chown(tmp_path / "data", UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    with pytest.raises(EmbeddedPostgresError, match=message):
        await EmbeddedPostgres.start(tmp_path)
    assert (tmp_path / "data").is_dir()


async def test_the_data_directory_of_another_postgres_is_refused(folder: Path) -> None:
    """A folder that is itself a cluster is not written into."""
    await (await EmbeddedPostgres.start(folder, settings=FAST)).stop()
    with pytest.raises(EmbeddedPostgresError, match="is itself the data directory"):
        await EmbeddedPostgres.start(home_at(folder).data)


async def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    """A path below a file says that it cannot be written, and what else to do."""
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be written.*LOCKSTEP_DATABASE_URL"):
        await EmbeddedPostgres.start(tmp_path / "file" / "pgdata")


def test_a_wheel_without_programs_for_this_platform_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names the wheel and the way around."""
    monkeypatch.setattr(embedded_binaries, "INSTALLATION", "pginstall-of-nowhere")
    with pytest.raises(EmbeddedPostgresError, match=r"brings no Postgres 18.*LOCKSTEP_DATABASE_URL"):
        find_installation()


async def test_a_folder_that_may_not_be_written_is_reported(open_folder: Path) -> None:
    """An ordinary user reads the cause and the cure."""
    locked = open_folder / "locked"
    os.mkdir(locked, 0o555)  # noqa: PTH102 - a moment's work, also in a coroutine
    async with starter(locked / "pgdata", user=UNPRIVILEGED_ID if IS_ROOT else None) as (_, answer):
        assert answer.startswith("refused")
        assert "cannot be written" in answer
        assert "LOCKSTEP_DATABASE_URL" in answer


@ONLY_ROOT
async def test_an_ordinary_user_starts_and_stops_a_server(open_folder: Path) -> None:
    """Without root everything belongs to the user, the socket lies in the folder, and root reuses the server."""
    need_programs_for(Account(UNPRIVILEGED_ID, UNPRIVILEGED_ID))
    async with starter(open_folder / "pgdata", user=UNPRIVILEGED_ID) as (_, answer):
        pid, started = answer.split()
        assert started == "True"
        assert owners_below(open_folder / "pgdata") == {UNPRIVILEGED_ID}
        found = await EmbeddedPostgres.start(open_folder / "pgdata")
        assert (str(found.pid), found.started_here) == (pid, False)
        assert await run(found, "SELECT 1") == 1
    assert not server_lives(home_at(open_folder / "pgdata"))


@ONLY_ROOT
def test_programs_that_the_account_cannot_read_are_copied_once(tmp_path: Path, open_folder: Path) -> None:
    """A wheel below a private folder is copied to a reachable place, whole, and found there the next time."""
    place, account = open_folder / "place", Account(UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    package = find_installation().parent
    for each in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(each, tmp_path / each.name, symlinks=True, copy_function=shutil.copyfile)
    for program in (tmp_path / package.name / "pginstall18" / "bin").iterdir():
        program.chmod(0o700)
    tmp_path.chmod(0o700)
    hidden = tmp_path / package.name / "pginstall18"
    copy = reachable_installation(hidden, account, places=[place])
    assert copy.is_relative_to(place)
    made = copy.stat().st_mtime_ns
    assert reachable_installation(hidden, account, places=[place]).stat().st_mtime_ns == made
    assert [path.name for path in place.iterdir()] == [copy.relative_to(place).parts[0]]


@ONLY_ROOT
def test_a_place_that_others_may_write_is_not_trusted_with_programs(open_folder: Path) -> None:
    """Programs are not run from a folder into which somebody else could have put them."""
    hidden = open_folder / "pginstall18"
    with pytest.raises(EmbeddedPostgresError, match="LOCKSTEP_DATABASE_URL"):
        reachable_installation(hidden, Account(UNPRIVILEGED_ID, UNPRIVILEGED_ID), places=[open_folder])


@ONLY_ROOT
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes the capabilities away")
@pytest.mark.parametrize("lost", ["-setuid,-setgid", "-chown"])
async def test_a_root_that_may_not_change_its_user_reads_the_cure(tmp_path: Path, lost: str) -> None:
    """In a container without the capabilities the message names them and the way around."""
    async with starter(tmp_path / "pgdata", wrapper=["setpriv", f"--bounding-set={lost}"]) as (_, answer):
        assert "refuses to run as root" in answer
        assert "LOCKSTEP_DATABASE_URL" in answer


@ONLY_ROOT
async def test_a_full_disk_is_reported(tmp_path: Path, small_disk: list[str]) -> None:
    """When initdb runs out of space the message says so."""
    async with starter(tmp_path / "pgdata", wrapper=small_disk) as (_, answer):
        assert "is full: free some space" in answer
