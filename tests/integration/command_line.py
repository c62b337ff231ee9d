"""The real command line, as a process of its own."""

import asyncio
import atexit
import base64
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.conftest import SECRET_KEY
from tests.integration.warm_command_line import Asked, Ended


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which must be one line of JSON."""
        assert self.out.count("\n") == 1, self
        return msgspec.json.decode(self.out)


def surroundings(dsn: str | None, **more: str) -> dict[str, str]:
    """Give the environment of a command: this database and its secret key, and none of our own settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    if dsn is not None:
        clean |= {"LOCKSTEP_DATABASE_URL": dsn, "LOCKSTEP_SECRET_KEY": base64.b64encode(SECRET_KEY).decode()}
    return clean | more


async def begin(*arguments: str, dsn: str | None, **more: str) -> asyncio.subprocess.Process:
    """Start `lockstep` with these arguments; what it is to read can be written to its standard input."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from app.cli.main import main; main()",
        *arguments,
        env=surroundings(dsn, **more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def lockstep(*arguments: str, dsn: str | None, **more: str) -> Done:
    """Run `lockstep` with these arguments to its end, without its imports."""
    reader, writer = await asyncio.open_unix_connection(_warm(), limit=1 << 24)
    writer.write(msgspec.json.encode(Asked(arguments, surroundings(dsn, **more))) + b"\n")
    ended = msgspec.json.decode(await reader.readline(), type=Ended)
    writer.close()
    await writer.wait_closed()
    assert "Traceback" not in ended.err.decode() or more.get("LOCKSTEP_LOG_LEVEL") == "debug"
    return Done(ended.code, ended.out.decode(), ended.err.decode())


@cache
def _warm() -> str:
    """Start what runs the commands of this run; give the path of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="lockstep-commands-"))
    path = str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "tests.integration.warm_command_line", str(listener.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )

    def end() -> None:
        process.communicate()
        shutil.rmtree(folder)

    atexit.register(end)
    return path
